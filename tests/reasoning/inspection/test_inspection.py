"""Looking into proofs: formulas, exact numbers, slopes against finite differences, counterfactuals tried out."""

import math
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy
import torch

import hybridattn
from hybridattn.errors import ArgumentError, DerivationError
from hybridattn.reasoning import Derivation, Inference, Judgement, Truth, replay, truth
from hybridattn.reasoning.derivation import Proof
from hybridattn.reasoning.inspection import FUNCTIONS, evaluate, exact, explain, fact_sets, needed, turns
from hybridattn.reasoning.inspection.evaluation import Functions
from hybridattn.reasoning.rules import TRUTH

from .proofs import chain, concluded, diamond, fact, matched, random_proof

SEEDS = range(25)


def truths(derivation: Derivation) -> dict[str, Truth]:
    known = {f"fact:{one.id}": one.judgement.truth for one in derivation.facts}
    return known | {f"match:{place}": one.truth for place, one in enumerate(derivation.matches)}


def answer(derivation: Derivation, given: dict[str, Truth]) -> Truth:
    """Compute the conclusion in floats from other premises, as the last of what `evaluate` gives."""
    return list(evaluate(derivation, given).values())[-1]


def moved(given: dict[str, Truth], premise: str, part: str, value: float) -> dict[str, Truth]:
    return given | {premise: replace(given[premise], **{part: value})}


# -- formulas


def test_a_chain_is_composed_from_the_source_outward() -> None:
    f1, f2, f3, c1, c2, c3 = sympy.symbols("f_1 f_2 f_3 c_1 c_2 c_3", nonnegative=True)
    explained = explain(chain([(0.9, 0.9), (0.8, 0.9), (0.7, 0.9)]))
    assert explained.frequency == f1 * f2 * f3
    assert explained.confidence == c1 * c2 * c3 * f1**2 * f2**2 * f3
    assert explained.latex() == (
        r"\begin{aligned} f &= f_{1} f_{2} f_{3} \\ c &= c_{1} c_{2} c_{3} f_{1}^{2} f_{2}^{2} f_{3} \end{aligned}"
    )


def test_revision_adds_evidence() -> None:
    explained = explain(diamond())
    f, c = (dict(explained.symbols), sympy.Integer(1))
    weights = []
    for one, other in ((1, 2), (3, 4)):
        (f1, c1), (f2, c2) = f[f"fact:{one}"], f[f"fact:{other}"]
        confidence = c1 * c2 * f1 * f2
        weights.append((f1 * f2, confidence / (1 - confidence)))
    total = weights[0][1] + weights[1][1]
    assert sympy.simplify(explained.confidence - total / (total + c)) == 0
    assert (
        sympy.simplify(explained.frequency - (weights[0][0] * weights[0][1] + weights[1][0] * weights[1][1]) / total)
        == 0
    )


def test_a_match_has_symbols_of_its_own() -> None:
    f, c, g, d = sympy.symbols("f_1 c_1 f_match0 c_match0", nonnegative=True)
    explained = explain(matched())
    assert (explained.frequency, explained.confidence) == (f * g, c * d * g)
    assert explained.symbols["match:0"] == (g, d)


def test_the_fact_itself_is_its_own_formula() -> None:
    explained = explain(Derivation((fact(5, "a", "b", 0.7),), (), ()))
    assert (str(explained.frequency), str(explained.confidence)) == ("f_5", "c_5")
    assert explained.sensitivities[0].expectation == pytest.approx((0.9, 0.2))  # de/df = c, de/dc = f - 1/2


@pytest.mark.parametrize("hops", [20, 100])
def test_a_long_chain_is_explained(hops: int) -> None:
    derivation = chain([(0.99, 0.99)] * hops)
    explained = explain(derivation)
    assert explained.decisive.premise == "fact:1"  # its frequency counts in every step
    assert len(explained.sensitivities) == hops


def ladder(rungs: int) -> Derivation:
    """Each rung deduces two ways from the one before and revises them: 2^rungs ways in all, in 3 steps a rung."""
    facts = [fact(number, f"n{number}", f"n{number + 1}", 0.9, 0.8) for number in range(2 * rungs + 1)]
    known, steps, name = facts[0].judgement.truth, [], "fact:0"
    stamp = frozenset({0})
    for rung in range(rungs):
        ways = []
        for number in (2 * rung + 1, 2 * rung + 2):
            way = truth.deduction(facts[number].judgement.truth, known)
            stamp |= {number}
            said = Judgement(facts[0].judgement.term, way, stamp)
            steps.append(Inference("deduction", (f"fact:{number}", name), said))
            ways.append((f"step:{len(steps) - 1}", way))
        known = truth.revision(ways[0][1], ways[1][1])
        both = (ways[0][0], ways[1][0])
        steps.append(Inference("revision", both, Judgement(facts[0].judgement.term, known, stamp)))
        name = f"step:{len(steps) - 1}"
    return Derivation(tuple(facts), (), tuple(steps))


def test_a_proof_that_shares_is_explained_in_a_moment() -> None:
    derivation = ladder(60)
    begun = time.process_time()
    explained = explain(derivation)
    stages = explained.stages
    assert time.process_time() - begun < 5  # some tenths of a second; a tree of 2^60 would take for ever
    assert len(stages) == 180
    assert not explained.is_short
    given, least = truths(derivation), 1e-6
    for premise in ("fact:0", "fact:1", "fact:60"):
        slopes = next(one for one in explained.sensitivities if one.premise == premise)
        for at, part in enumerate(("frequency", "confidence")):
            now = getattr(given[premise], part)
            ends = [answer(derivation, moved(given, premise, part, now + step)) for step in (-least, least)]
            for what, slope in (("frequency", slopes.frequency[at]), ("confidence", slopes.confidence[at])):
                difference = (getattr(ends[1], what) - getattr(ends[0], what)) / (2 * least)
                assert slope == pytest.approx(difference, rel=1e-4, abs=1e-9)


def test_stages_put_together_are_the_whole_formula() -> None:
    explained = explain(ladder(2))
    whole = {part: getattr(explained.stages[-1], part) for part in ("frequency", "confidence")}
    for stage in reversed(explained.stages[:-1]):
        inner = dict(zip(stage.symbols, (stage.frequency, stage.confidence), strict=True))
        whole = {part: formula.xreplace(inner) for part, formula in whole.items()}
    every = [symbol for pair in explained.symbols.values() for symbol in pair]
    at = {symbol: sympy.Rational(8 + (place % 2), 10) for place, symbol in enumerate(every)}
    for part, formula in whole.items():
        assert formula.subs(at) == getattr(explained, part).subs(at)


def test_two_hundred_hops() -> None:
    derivation = chain([(0.99, 0.99)] * 200)
    begun = time.process_time()
    explained = explain(derivation)
    confidence = explained.confidence
    assert time.process_time() - begun < 5
    f1, c1, f200 = sympy.symbols("f_1 c_1 f_200", nonnegative=True)
    powers = confidence.as_powers_dict()
    assert (powers[f1], powers[c1], powers[f200]) == (199, 1, 1)


# -- scalar, batched, rational and symbolic agree


@pytest.mark.parametrize("seed", SEEDS)
def test_all_numbers_agree(seed: int) -> None:
    derivation = random_proof(seed)
    said = replay(derivation).truth
    rational = list(exact(derivation).values())[-1]
    assert isinstance(rational.confidence, Fraction)
    batch = {
        name: Truth(*(torch.tensor([value] * 3, dtype=torch.float64) for value in (t.frequency, t.confidence)))
        for name, t in truths(derivation).items()
    }
    tensors = answer(derivation, batch)
    explained = explain(derivation)
    at = {
        symbol: sympy.Rational(str(value))
        for name, t in truths(derivation).items()
        for symbol, value in zip(explained.symbols[name], (t.frequency, t.confidence), strict=True)
    }
    for part, formula in (("frequency", explained.frequency), ("confidence", explained.confidence)):
        wanted = getattr(rational, part)
        assert getattr(said, part) == pytest.approx(float(wanted), rel=1e-12)
        assert getattr(tensors, part).tolist() == pytest.approx([float(wanted)] * 3, rel=1e-12)
        assert formula.subs(at) == sympy.Rational(wanted.numerator, wanted.denominator)


def test_rationals_by_hand() -> None:
    values = exact(chain([(0.9, 0.9), (0.8, 0.9), (0.7, 0.9)]))
    assert values["step:0"] == Truth(Fraction(72, 100), Fraction(81 * 72, 10**4))
    assert values["step:1"] == Truth(Fraction(504, 1000), Fraction(81 * 72 * 9 * 504, 10**8))


def test_every_rule_that_replays_has_a_function() -> None:
    assert {name: FUNCTIONS[name] for name in TRUTH} == dict(TRUTH)


# -- sensitivities


@pytest.mark.parametrize("seed", SEEDS)
def test_slopes_are_finite_differences(seed: int) -> None:
    derivation = random_proof(seed)
    given, step = truths(derivation), 1e-6
    for slope in explain(derivation).sensitivities:
        for place, part in enumerate(("frequency", "confidence")):
            now = getattr(given[slope.premise], part)
            low, high = max(0.0, now - step), min(1.0, now + step)
            below, above = (answer(derivation, moved(given, slope.premise, part, at)) for at in (low, high))
            for of, value in (
                (slope.frequency, lambda t: t.frequency),
                (slope.confidence, lambda t: t.confidence),
                (slope.expectation, truth.expectation),
            ):
                assert of[place] == pytest.approx((value(above) - value(below)) / (high - low), rel=1e-4, abs=1e-6)


def test_the_decisive_fact_by_hand() -> None:
    # f = 1 throughout: de/dc is half the product of the other confidences; c = c1 c2 c3 f1^2 f2^2 f3.
    explained = explain(chain([(1.0, 0.9), (1.0, 0.5), (1.0, 0.8)]))
    assert explained.decisive.premise == "fact:2"
    assert [one.confidence[1] for one in explained.sensitivities] == pytest.approx([0.4, 0.72, 0.45])
    assert [one.confidence[0] for one in explained.sensitivities] == pytest.approx([0.72, 0.72, 0.36])
    assert [one.expectation[1] for one in explained.sensitivities] == pytest.approx([0.2, 0.36, 0.225])
    assert [one.expectation[0] for one in explained.sensitivities] == pytest.approx([0.72, 0.72, 0.54])
    assert explained.decisive.weight == pytest.approx(math.hypot(0.72, 0.36))


# -- counterfactuals


def test_a_chain_turns_where_its_frequency_passes_a_half() -> None:
    found = {(turn.premise, turn.part): turn.value for turn in turns(chain([(0.9, 0.9), (0.8, 0.9)]))}
    assert found == {
        ("fact:1", "frequency"): pytest.approx(0.625),
        ("fact:2", "frequency"): pytest.approx(0.5 / 0.9),
        ("fact:1", "confidence"): None,
        ("fact:2", "confidence"): None,
    }


def test_a_confidence_falls_below_a_threshold() -> None:
    found = {(turn.premise, turn.part): turn.value for turn in turns(chain([(1.0, 0.9), (1.0, 0.9)]), threshold=0.5)}
    # c = c1 c2 f1 f2: each number alone must fall to .5/.81 of what it is.
    assert list(found.values()) == pytest.approx([0.5 / 0.81, 0.5 / 0.9] * 2)


def test_some_answers_nothing_turns() -> None:
    # 9 against 1/9 of evidence: the second fact alone never outweighs the first, however often it is wrong.
    proof = Proof()
    one, other = fact(1, "a", "b", 1.0, 0.9), fact(2, "a", "b", 1.0, 0.1)
    proof.infer("revision", proof.cite(one), proof.cite(other))
    found = {(turn.premise, turn.part): turn.value for turn in turns(proof.finish())}
    assert found["fact:2", "frequency"] is None
    assert found["fact:2", "confidence"] is None
    # The first alone: (9 f + 1/9)/(9 + 1/9) = 1/2 at f = 40/81.
    assert found["fact:1", "frequency"] == pytest.approx(40 / 81, abs=1e-12)


def test_a_contrary_fact_turns_the_answer_by_its_confidence() -> None:
    # f = 1, w = 9 against f = 0, w = c/(1 - c): even at c = .9.
    proof = Proof()
    proof.infer("revision", proof.cite(fact(1, "a", "b", 1.0, 0.9)), proof.cite(fact(2, "a", "b", 0.0, 0.5)))
    found = {(turn.premise, turn.part): turn.value for turn in turns(proof.finish())}
    assert found["fact:2", "confidence"] == pytest.approx(0.9, abs=1e-12)
    assert found["fact:1", "confidence"] == pytest.approx(0.5, abs=1e-12)
    assert found["fact:2", "frequency"] is None  # already as contrary as it can be


@pytest.mark.parametrize("threshold", [None, 0.3])
@pytest.mark.parametrize("seed", SEEDS)
def test_turning_values_turn(seed: int, threshold: float | None) -> None:
    derivation = random_proof(seed)
    given = truths(derivation)

    def side(premise: str, part: str, value: float) -> bool:
        result = answer(derivation, moved(given, premise, part, value))
        return truth.expectation(result) > 0.5 if threshold is None else result.confidence > threshold

    for turn in turns(derivation, threshold=threshold):
        assert turn.now == getattr(given[turn.premise], turn.part)
        grid = [place / 500 for place in range(1, 500)]
        here = side(turn.premise, turn.part, turn.now)
        changed = [value for value in grid if side(turn.premise, turn.part, value) != here]
        if turn.value is None:
            assert changed == []
            continue
        toward = math.copysign(1e-7, turn.value - turn.now)
        assert side(turn.premise, turn.part, turn.value - toward) == here
        assert side(turn.premise, turn.part, turn.value + toward) != here
        assert all(abs(value - turn.now) > abs(turn.value - turn.now) - 1e-9 for value in changed)


def curved(f: float, confidence: Callable[[Any], Any]) -> tuple[Derivation, Functions]:
    """One step from one fact, whose confidence is any function of the frequency of the fact."""
    one = fact(1, "a", "b", f)
    step = Inference("curved", ("fact:1",), one.judgement)
    return Derivation((one,), (), (step,)), {"curved": lambda t: Truth(t.frequency, confidence(t.frequency))}


def test_a_threshold_that_is_only_touched_turns_nothing() -> None:
    derivation, functions = curved(0.9, lambda f: (1 + (10 * f - 3) ** 2) / 200)  # 1/200 at f = .3 and above elsewhere
    assert turns(derivation, threshold=0.005, functions=functions)[0].value is None


@pytest.mark.parametrize(("now", "value"), [(0.3, 0.2), (0.6, 0.7), (0.9, 0.7), (0.1, 0.2)])
def test_the_nearest_of_several_values_is_given(now: float, value: float) -> None:
    derivation, functions = curved(now, lambda f: (100 + (10 * f - 2) * (10 * f - 7)) / 200)
    assert turns(derivation, threshold=0.5, functions=functions)[0].value == value


@pytest.mark.parametrize("threshold", [0, 1, -0.5, 1.5, float("nan")])
def test_the_threshold_is_checked(threshold: float) -> None:
    with pytest.raises(ArgumentError, match=r"threshold must be in \(0, 1\); got"):
        turns(matched(), threshold=threshold)


# -- what a conclusion needs


def test_either_way_of_a_revision_is_enough() -> None:
    sets = fact_sets(diamond())
    assert sets == (frozenset({1, 2}), frozenset({3, 4}))
    assert needed(sets) == frozenset()


def test_derivations_are_alternatives_and_share_what_all_need() -> None:
    facts = [fact(1, "a", "b"), fact(2, "b", "c"), fact(3, "c", "d"), fact(4, "b", "d", 1.0, 0.5), fact(5, "a", "d")]
    ways = [concluded([facts[n - 1] for n in chosen], "a", "d") for chosen in ((1, 2, 3), (1, 4))]
    sets = fact_sets(*ways)
    assert sets == (frozenset({1, 4}), frozenset({1, 2, 3}))
    assert needed(sets) == {1}
    assert fact_sets(*ways, concluded(facts, "a", "d"))[0] == {5}


def test_a_set_that_holds_a_smaller_one_is_left_out() -> None:
    short = chain([(1.0, 0.9), (1.0, 0.9)])
    longer = replace(short, facts=(*short.facts, fact(3, "x", "y")))
    longer = broken(longer, premises=("fact:1", "fact:2", "fact:3"))
    assert fact_sets(longer) == ({1, 2, 3},)
    assert fact_sets(longer, short) == ({1, 2},)


def test_each_of_three_is_enough() -> None:
    proof = Proof()
    one, two, three = (proof.cite(fact(number, "a", "b")) for number in (1, 2, 3))
    proof.infer("revision", proof.infer("revision", one, two), three)
    assert fact_sets(proof.finish()) == ({1}, {2}, {3})


def brute_force(derivation: Derivation) -> set[frozenset[int]]:
    """Try every subset of the facts: does the conclusion follow if a missing premise of a revision drops out?"""
    ids = [one.id for one in derivation.facts]
    proving = []
    for chosen in range(1 << len(ids)):
        known = {f"fact:{number}" for place, number in enumerate(ids) if chosen >> place & 1}
        for place, step in enumerate(derivation.steps):
            holds = any if step.rule == "revision" else all
            if holds(premise in known for premise in step.premises):
                known.add(f"step:{place}")
        last = f"step:{len(derivation.steps) - 1}" if derivation.steps else f"fact:{ids[0]}"
        if last in known:
            proving.append(frozenset(number for place, number in enumerate(ids) if chosen >> place & 1))
    return {one for one in proving if not any(other < one for other in proving)}


@pytest.mark.parametrize("seed", SEEDS)
def test_fact_sets_against_all_subsets(seed: int) -> None:
    derivation = random_proof(seed)
    assert set(fact_sets(derivation)) == brute_force(derivation)


def test_fact_sets_are_checked() -> None:
    with pytest.raises(ArgumentError, match="derivations must conclude one term; got none"):
        fact_sets()
    with pytest.raises(ArgumentError, match="must conclude one term; got <a --> d>, <robbin --> animal>"):
        fact_sets(diamond(), matched())
    with pytest.raises(ArgumentError, match="more than 1 minimal fact sets"):
        fact_sets(diamond(), limit=1)


# -- proofs that are wrong


def broken(derivation: Derivation, **change: object) -> Derivation:
    return replace(derivation, steps=(*derivation.steps[:-1], replace(derivation.steps[-1], **change)))


def test_a_wrong_truth_is_found() -> None:
    good = chain([(1.0, 0.9), (1.0, 0.9)])
    wrong = replace(good.conclusion, truth=Truth(1.0, 0.82))
    with pytest.raises(DerivationError, match=r"the premises give the confidence 0\.81\d*; the derivation says 0\.82"):
        explain(broken(good, conclusion=wrong))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "guess"}, "step:0 has the rule 'guess'; functions has revision, deduction"),
        ({"premises": ("fact:1", "fact:9")}, r"step:0 \(deduction\) needs fact:9, which is not known"),
    ],
)
def test_a_step_that_cannot_be_computed_is_named(change: dict[str, object], message: str) -> None:
    for act in (explain, exact, turns):
        with pytest.raises(DerivationError, match=message):
            act(broken(chain([(1.0, 0.9), (1.0, 0.9)]), **change))  # type: ignore[operator]


def test_no_evidence_at_all_is_said() -> None:
    proof = Proof()
    proof.infer("revision", proof.cite(fact(1, "a", "b", 1.0, 0.0)), proof.cite(fact(2, "a", "b", 1.0, 0.0)))
    derivation = proof.finish()
    with pytest.raises(DerivationError, match="0/0"):
        explain(derivation)
    assert exact(derivation)["step:0"] == Truth(Fraction(1, 2), 0)


def test_functions_may_be_others() -> None:
    good = chain([(0.9, 0.9), (0.8, 0.9)])
    squared = {"squared": lambda one, other: Truth(one.frequency * other.frequency, one.confidence * other.confidence)}
    conclusion = replace(good.conclusion, truth=Truth(0.9 * 0.8, 0.81))
    other = replace(good, steps=(Inference("squared", good.steps[0].premises, conclusion),))
    assert explain(other, functions=squared).confidence == sympy.prod(sympy.symbols("c_1 c_2", nonnegative=True))


def test_importing_it_loads_no_sympy() -> None:
    program = "import sys, hybridattn.reasoning.inspection; sys.exit('sympy' in sys.modules or 'torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(hybridattn.__path__[0]).parent)


def test_turns_of_a_long_proof_are_quick() -> None:
    found = turns(chain([(0.99, 0.99)] * 20))
    assert found[0].value == pytest.approx(0.5 / 0.99**19, abs=1e-11)
    assert len(found) == 40
