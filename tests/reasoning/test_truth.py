"""Truth functions: the values of OpenNARS, hand calculations, formulas and laws, for every kind of number."""

import inspect
import itertools
import json
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import truth
from hybridattn.reasoning.syntax import read_truth
from hybridattn.reasoning.truth import CAP, Truth

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/nal/truth.json").read_text())["rows"]

# Name in the golden file -> the same function here. OpenNARS orders the premises of abduction and induction the other
# way round, and its single-premise abduction relies fully on the analytic premise (nars.md, section 1).
OPENNARS: dict[str, Callable[[Truth, Truth], Truth]] = {
    "rev": truth.revision,
    "ded": truth.deduction,
    "ded1": lambda a, b: truth.analytic_deduction(a),
    "ana": truth.analogy,
    "res": truth.resemblance,
    "abd": lambda a, b: truth.abduction(b, a),
    "abd1": lambda a, b: truth.analytic_abduction(a, reliance=1),
    "ind": lambda a, b: truth.induction(b, a),
    "exe": truth.exemplification,
    "com": truth.comparison,
    "inter": truth.intersection,
    "uni": truth.union,
    "neg": lambda a, b: truth.negation(a),
    "cnv": lambda a, b: truth.conversion(a),
    "cnt": lambda a, b: truth.contraposition(a),
    "red_disj": truth.reduce_disjunction,
    "red_conj": truth.reduce_conjunction,
    "red_conj_neg": truth.reduce_conjunction_negative,
    "anon": truth.anonymous_analogy,
    "eternalize": lambda a, b: truth.eternalize(a),
}
DESIRE = {"d_strong", "d_weak", "d_ded", "d_ind"}  # NAL-8: no function of this table

# Every function: how many premises, the table of nars.md (o = or(f1, f2), k = 1, r = 9/10), and its value for
# f1 = c1 = 9/10, f2 = 4/5, c2 = 1/2, by hand.
TABLE: dict[str, tuple[int, str, str, tuple[str, str]]] = {
    "revision": (
        2,
        "(f1*c1/(1 - c1) + f2*c2/(1 - c2))/(c1/(1 - c1) + c2/(1 - c2))",
        "W(c1/(1 - c1) + c2/(1 - c2))",
        ("89/100", "10/11"),
    ),
    "deduction": (2, "f1*f2", "c1*c2*f1*f2", ("18/25", "81/250")),
    "analytic_deduction": (1, "f1", "f1*c1*r", ("9/10", "729/1000")),
    "analogy": (2, "f1*f2", "c1*c2*f2", ("18/25", "9/25")),
    "resemblance": (2, "f1*f2", "c1*c2*o", ("18/25", "441/1000")),
    "abduction": (2, "f2", "W(f1*c1*c2)", ("4/5", "81/281")),
    "induction": (2, "f1", "W(f2*c1*c2)", ("9/10", "9/34")),
    "exemplification": (2, "1", "W(f1*f2*c1*c2)", ("1", "81/331")),
    "comparison": (2, "f1*f2/o", "W(o*c1*c2)", ("36/49", "441/1441")),
    "analytic_abduction": (1, "f1", "W(c1*r)", ("9/10", "81/181")),
    "intersection": (2, "f1*f2", "c1*c2", ("18/25", "9/20")),
    "union": (2, "o", "c1*c2", ("49/50", "9/20")),
    "difference": (2, "f1*(1 - f2)", "c1*c2", ("9/50", "9/20")),
    "negation": (1, "1 - f1", "c1", ("1/10", "9/10")),
    "conversion": (1, "1", "W(f1*c1)", ("1", "81/181")),
    "contraposition": (1, "0", "W((1 - f1)*c1)", ("0", "9/109")),
    "reduce_disjunction": (2, "f1*(1 - f2)", "f1*(1 - f2)*c1*c2", ("9/50", "81/1000")),
    "reduce_conjunction": (2, "1 - (1 - f1)*f2", "(1 - f1)*f2*c1*c2", ("23/25", "9/250")),
    "reduce_conjunction_negative": (2, "1 - (1 - f1)*(1 - f2)", "(1 - f1)*(1 - f2)*c1*c2", ("49/50", "9/1000")),
    "anonymous_analogy": (2, "f1*f2", "c2*W(c1)*f1", ("18/25", "81/380")),
    "frequency_greater": (2, "P(f1 > f2)", "P(f1 > f2)*c1*c2", ("1", "9/20")),
    "frequency_equal": (2, "P((f1 <= f2) & (f1 >= f2))", "P((f1 <= f2) & (f1 >= f2))*c1*c2", ("0", "0")),
    "eternalize": (1, "f1", "W(c1)", ("9/10", "9/19")),
}
NO_TRUTH = {"w2c", "c2w", "expectation", "choice"}  # tested one by one
RELIANT = {"analytic_deduction", "analytic_abduction"}

frequencies = st.floats(0, 1)
confidences = st.floats(0, 0.999999)
truths = st.builds(Truth, frequencies, confidences)


def apply(name: str, t1: Truth, t2: Truth, **rest: Any) -> Truth:
    result = getattr(truth, name)(*(t1, t2)[: TABLE[name][0]], **rest)
    assert isinstance(result, Truth)
    return result


def test_every_function_is_in_the_table() -> None:
    functions = {name for name in truth.__all__ if inspect.isfunction(getattr(truth, name))}
    assert functions == set(TABLE) | NO_TRUTH
    assert set(GOLDEN) == set(OPENNARS) | DESIRE


@pytest.mark.parametrize("name", OPENNARS)
def test_the_values_of_opennars(name: str) -> None:
    """400 values each, within 2e-7: OpenNARS counts in float32, whose numbers under 1 are 6e-8 apart."""
    for f1, c1, f2, c2, f, c in GOLDEN[name]:
        found = OPENNARS[name](Truth(f1, c1), Truth(f2, c2)).capped()
        assert (found.frequency, found.confidence) == pytest.approx((f, c), rel=0, abs=2e-7), (f1, c1, f2, c2)


@pytest.mark.parametrize("name", TABLE)
def test_fractions_give_the_hand_calculation_exactly(name: str) -> None:
    t1, t2 = Truth(Fraction(9, 10), Fraction(9, 10)), Truth(Fraction(4, 5), Fraction(1, 2))
    found = apply(name, t1, t2, **({"reliance": Fraction(9, 10)} if name in RELIANT else {}))
    assert (found.frequency, found.confidence) == tuple(map(Fraction, TABLE[name][3]))
    assert not isinstance(found.confidence, float)


@pytest.mark.parametrize("name", TABLE)
def test_symbols_give_the_formula_of_the_book(name: str) -> None:
    sympy = pytest.importorskip("sympy")
    f1, c1, f2, c2 = sympy.symbols("f1 c1 f2 c2", positive=True)
    nine = sympy.Rational(9, 10)
    found = apply(name, Truth(f1, c1), Truth(f2, c2), **({"reliance": nine} if name in RELIANT else {}))
    words = {"f1": f1, "c1": c1, "f2": f2, "c2": c2, "r": nine, "o": 1 - (1 - f1) * (1 - f2)}
    words["P"] = lambda holds: sympy.Piecewise((1, holds), (0, True))
    words["W"] = sympy.Lambda(c1, c1 / (c1 + 1))
    for value, formula in zip((found.frequency, found.confidence), TABLE[name][1:3], strict=True):
        assert sympy.simplify(value - sympy.sympify(formula, locals=words)) == 0


@pytest.mark.parametrize("name", TABLE)
def test_tensors_give_what_floats_give(name: str) -> None:
    torch = pytest.importorskip("torch")
    grid = list(itertools.product([0.0, 0.3, 1.0], [0.0, 0.5, 0.99], [0.0, 0.8, 1.0], [0.0, 0.9]))
    f1, c1, f2, c2 = torch.tensor(grid, dtype=torch.float64).requires_grad_().unbind(-1)
    found = apply(name, Truth(f1, c1), Truth(f2, c2))
    wanted = [apply(name, Truth(a, b), Truth(c, d)) for a, b, c, d in grid]
    columns = torch.tensor([[t.frequency, t.confidence] for t in wanted], dtype=torch.float64).unbind(-1)
    for value, column in zip((found.frequency, found.confidence), columns, strict=True):
        assert torch.equal(torch.as_tensor(value, dtype=torch.float64).expand(len(grid)), column)
    gradients = torch.autograd.grad(found.confidence.sum(), (f1, c1, f2, c2), allow_unused=True)
    assert all(gradient is None or bool(gradient.isfinite().all()) for gradient in gradients)


@pytest.mark.parametrize("name", TABLE)
@given(t1=truths, t2=truths)
def test_every_conclusion_is_a_truth_value(name: str, t1: Truth, t2: Truth) -> None:
    found = apply(name, t1, t2)
    assert 0 <= found.frequency <= 1
    assert 0 <= found.confidence < 1


HORIZONS = {name for name in TABLE if "horizon" in inspect.signature(getattr(truth, name)).parameters}


@pytest.mark.parametrize("name", sorted(HORIZONS - {"revision"}))
def test_a_longer_horizon_weakens_what_is_learnt_from_one_case(name: str) -> None:
    """With k = 2 each confidence w/(w + 1) turns into w/(w + 2)."""
    t1, t2 = Truth(0.6, 0.9), Truth(0.8, 0.5)
    short, long = apply(name, t1, t2), apply(name, t1, t2, horizon=2)
    part = t1.frequency * t2.confidence if name == "anonymous_analogy" else 1.0
    w = truth.c2w(short.confidence / part)
    assert long.confidence == pytest.approx(part * w / (w + 2))
    assert long.frequency == short.frequency


def test_the_horizon_is_a_keyword_wherever_evidence_is_counted() -> None:
    assert {name for name, row in TABLE.items() if "W(" in row[2]} == HORIZONS
    assert truth.w2c(9) == 0.9
    assert truth.w2c(9, horizon=3) == 0.75
    assert truth.c2w(0.75, horizon=3) == 9
    assert truth.revision(Truth(1, 0.5), Truth(0, 0.5)) == Truth(0.5, truth.w2c(2 * truth.HORIZON))


def test_the_constants_are_those_of_opennars() -> None:
    assert truth.HORIZON == 1
    assert truth.CAP == 0.99
    assert truth.RELIANCE == 0.9
    assert (truth.DEFAULT.frequency, truth.DEFAULT.confidence) == (1, 0.9)


@given(truths, truths)
def test_deduction_is_never_surer_than_a_premise(t1: Truth, t2: Truth) -> None:
    assert truth.deduction(t1, t2).confidence <= min(t1.confidence, t2.confidence)


def test_deduction_is_not_associative_in_confidence() -> None:
    """The figures of nars.md: .265 or .206 for f = .9, .8, .7 and c = .9."""
    a, b, c = Truth(0.9, 0.9), Truth(0.8, 0.9), Truth(0.7, 0.9)
    ab_c, a_bc = truth.deduction(truth.deduction(a, b), c), truth.deduction(a, truth.deduction(b, c))
    assert sorted([round(ab_c.confidence, 3), round(a_bc.confidence, 3)]) == [0.206, 0.265]
    assert ab_c.frequency == pytest.approx(a_bc.frequency)


@given(truths, truths, truths)
def test_revision_adds_evidence(a: Truth, b: Truth, c: Truth) -> None:
    assert truth.revision(a, b) == truth.revision(b, a)
    left, right = truth.revision(truth.revision(a, b), c), truth.revision(a, truth.revision(b, c))
    assert left.confidence == pytest.approx(right.confidence, abs=1e-9)
    assert left.w_plus == pytest.approx(right.w_plus, rel=1e-6, abs=1e-9)
    assert left.w == pytest.approx(a.w + b.w + c.w, rel=1e-6, abs=1e-9)


@given(st.builds(Truth, frequencies, st.floats(0, 0.999999, allow_subnormal=False)))  # 5e-324 has no digit to keep
def test_revision_without_evidence_changes_nothing(t: Truth) -> None:
    none = Truth.from_evidence(0, 0)
    assert none == Truth(0.5, 0)
    assert truth.revision(none, none) == none
    revised = truth.revision(t, none)
    assert revised.confidence == pytest.approx(t.confidence, abs=1e-12)
    assert t.confidence == 0 or revised.frequency == pytest.approx(t.frequency, abs=1e-12)


def test_revision_is_not_capped_and_the_cap_is_for_output() -> None:
    found = Truth(1, 0.99)
    for _ in range(9):
        found = truth.revision(found, Truth(1, 0.99))
    assert found.w == pytest.approx(990)
    assert found.confidence == pytest.approx(990 / 991)
    assert found.capped() == Truth(1, 0.99)
    assert Truth(1, 0.5).capped() == Truth(1, 0.5)
    assert str(found) == "%1.00;0.99%"


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_evidence_and_truth_are_two_views_of_one_thing(positive: int, negative: int) -> None:
    w = Fraction(positive + negative)
    found = Truth.from_evidence(Fraction(positive), w)
    assert (found.w_plus, found.w) == (positive, w)
    assert found.frequency == (Fraction(positive, int(w)) if w else Fraction(1, 2))


def test_expectation_and_choice() -> None:
    assert truth.expectation(Truth(Fraction(9, 10), Fraction(9, 10))) == Fraction(43, 50)
    assert truth.expectation(Truth(0.3, 0)) == 0.5
    weak, strong, same = Truth(1, 0.5), Truth(0, 0.8), Truth(0.5, 0.8)
    assert truth.choice(weak, strong) is truth.choice(strong, weak) is strong
    assert truth.choice(strong, same) is strong


@given(frequencies, st.floats(0, CAP))
def test_what_is_printed_reads_back(f: float, c: float) -> None:
    again = read_truth(str(Truth(f, c)))
    assert (again.frequency, again.confidence) == pytest.approx((f, c), rel=0, abs=1e-9)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Truth(1, 0.9), "%1.00;0.90%"),
        (Truth(0.9**4, 0.9**8), "%0.6561;0.43046721%"),
        (Truth(1 / 3, 0), "%0.333333333;0.00%"),
        (Truth(Fraction(1, 2), Fraction(9, 10)), "%0.50;0.90%"),
        (Truth(0.1 + 0.2, 1e-12), "%0.30;0.00%"),
    ],
)
def test_the_printed_text(value: Truth, text: str) -> None:
    assert str(value) == text


@pytest.mark.parametrize(
    ("f", "c", "message"),
    [
        (1.5, 0.9, "frequency must be in [0, 1]; got 1.5"),
        (-0.1, 0.9, "frequency must be in [0, 1]; got -0.1"),
        (math.nan, 0.9, "frequency must be in [0, 1]; got nan"),
        (1, 1, "confidence must be in [0, 1); got 1"),
        (1, -1.0, "confidence must be in [0, 1); got -1.0"),
        (1, math.inf, "confidence must be in [0, 1); got inf"),
    ],
)
def test_numbers_out_of_range_are_refused(f: float, c: float, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        Truth(f, c)
    assert str(caught.value) == message
