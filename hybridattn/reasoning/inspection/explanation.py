"""A conclusion as a formula of its premises, and how much it hangs on each of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hybridattn.errors import DerivationError
from hybridattn.reasoning import truth
from hybridattn.reasoning.derivation import Derivation
from hybridattn.reasoning.inspection.evaluation import FUNCTIONS, Functions, concluded, evaluate, premises
from hybridattn.reasoning.inspection.sensitivity import Sensitivity, sensitivities
from hybridattn.reasoning.truth import Truth

if TYPE_CHECKING:
    import sympy  # type: ignore[import-untyped]

__all__ = ["Explanation", "explain"]

SAME = 1e-9  # the formula and the derivation may differ by less, as in `replay`
SMALL = 60  # operations up to which a formula is simplified: longer ones take seconds and gain nothing


@dataclass(frozen=True, eq=False)
class Explanation:
    """A conclusion in the symbols of its premises: `f_12`, `c_12` for fact 12, `f_match0`, `c_match0` for match 0."""

    derivation: Derivation
    frequency: "sympy.Expr"
    confidence: "sympy.Expr"
    expectation: "sympy.Expr"
    symbols: Mapping[str, tuple["sympy.Symbol", "sympy.Symbol"]]
    """Frequency and confidence of each premise, in the order in which the proof cites them."""
    sensitivities: tuple[Sensitivity, ...]
    """One for each premise, in the same order."""

    @property
    def decisive(self) -> Sensitivity:
        """The premise that matters most: the highest weight, of equal ones the first (see `Sensitivity.weight`)."""
        return max(self.sensitivities, key=lambda one: one.weight)

    def latex(self) -> str:
        """Give both formulas as LaTeX for math mode."""
        import sympy

        f, c = sympy.latex(self.frequency), sympy.latex(self.confidence)
        return rf"\begin{{aligned}} f &= {f} \\ c &= {c} \end{{aligned}}"


def explain(derivation: Derivation, *, functions: Functions = FUNCTIONS) -> Explanation:
    """Write the truth of a conclusion as a formula of the truths of its premises, and differentiate it.

    The formula is checked against the derivation. It is simplified where that is quick.

    Args:
        derivation: the proof of the conclusion.
        functions: the truth function of each rule.

    >>> from hybridattn.reasoning import Atom, Fact, Inference, Judgement, apply_rule, inheritance
    >>> def fact(number, source, target):
    ...     judgement = Judgement(inheritance(Atom(source), Atom(target)), Truth(1.0, 0.9), frozenset({number}))
    ...     return Fact(number, Atom(source), "is_a", Atom(target), judgement)
    >>> facts = fact(1, "robin", "bird"), fact(2, "bird", "animal")
    >>> step = apply_rule("deduction", facts[1].judgement, facts[0].judgement)
    >>> explained = explain(Derivation(facts, (), (Inference("deduction", ("fact:2", "fact:1"), step),)))
    >>> explained.frequency, explained.confidence
    (f_1*f_2, c_1*c_2*f_1*f_2)

    Raises:
        DerivationError: the derivation says something else, has a rule without a function or a premise that is not
            known, or its formula is 0/0 at the values of its premises.
    """
    known = premises(derivation)
    symbols = {name: _symbols(name) for name in known}
    given = {name: Truth(*pair) for name, pair in symbols.items()}
    conclusion = concluded(derivation, evaluate(derivation, given, functions=functions))
    frequency, confidence = _simplified(conclusion.frequency), _simplified(conclusion.confidence)
    formulas = (frequency, confidence, _simplified(truth.expectation(Truth(frequency, confidence))))
    actual = {name: Truth(float(of.truth.frequency), float(of.truth.confidence)) for name, of in known.items()}
    _check(derivation, formulas[:2], {symbols[name]: actual[name] for name in known})
    return Explanation(derivation, *formulas, symbols, sensitivities(derivation, actual, functions=functions))


def _symbols(premise: str) -> tuple[Any, Any]:
    import sympy

    name = premise.removeprefix("fact:").replace(":", "")
    return sympy.Symbol(f"f_{name}", nonnegative=True), sympy.Symbol(f"c_{name}", nonnegative=True)


def _simplified(formula: Any) -> Any:
    import sympy

    whole = sympy.sympify(formula)
    if whole.count_ops() > SMALL:
        return whole
    return min(whole, sympy.factor(whole), key=lambda way: way.count_ops())


def _check(derivation: Derivation, formulas: Sequence[Any], values: Mapping[tuple[Any, Any], Truth]) -> None:
    import sympy

    numbers = {
        symbol: value
        for pair, actual in values.items()
        for symbol, value in zip(pair, (actual.frequency, actual.confidence), strict=True)
    }
    try:
        here = sympy.lambdify(list(numbers), formulas, "math", cse=True)(*numbers.values())
    except ZeroDivisionError:
        raise DerivationError("the formula is 0/0 at the values of its premises: no evidence is revised") from None
    said = derivation.conclusion.truth
    for what, value, other in zip(("frequency", "confidence"), here, (said.frequency, said.confidence), strict=True):
        if not math.isclose(value, other, rel_tol=0, abs_tol=SAME):
            raise DerivationError(f"the premises give the {what} {value}; the derivation says {float(other)}")
