"""A conclusion as a formula of its premises, and how much it hangs on each of them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hybridattn.errors import DerivationError
from hybridattn.reasoning import truth
from hybridattn.reasoning.derivation import Derivation
from hybridattn.reasoning.inspection.evaluation import FUNCTIONS, Functions, concluded, evaluate, premises
from hybridattn.reasoning.inspection.powers import Powers, as_formula
from hybridattn.reasoning.inspection.sensitivity import Sensitivity, sensitivities
from hybridattn.reasoning.inspection.stages import Stage, stages
from hybridattn.reasoning.truth import Truth

if TYPE_CHECKING:
    import sympy  # type: ignore[import-untyped]

__all__ = ["Explanation", "explain"]

SAME = 1e-9  # the formula and the derivation may differ by less, as in `replay`
SMALL = 60  # operations up to which a formula is simplified: longer ones take seconds and gain nothing
FEW = 400  # symbols and operations that are counted: a formula with more has more than `SMALL` operations


@dataclass(frozen=True, eq=False)
class Explanation:
    """A conclusion in the symbols of its premises: `f_12`, `c_12` for fact 12, `f_match0`, `c_match0` for match 0.

    A negative number, as a learned rule has it, is written with n: `f_n3` is the frequency of fact -3.

    The formulas are worked out when they are asked for. One whole formula repeats what a proof uses twice, and may be
    too long to be printed (see `is_short`); `stages` never is, for it has a formula for each step.
    """

    derivation: Derivation
    symbols: Mapping[str, tuple["sympy.Symbol", "sympy.Symbol"]]
    """Frequency and confidence of each premise, in the order in which the proof cites them."""
    sensitivities: tuple[Sensitivity, ...]
    """One for each premise, in the same order."""
    functions: Functions
    """The truth function of each rule."""

    @cached_property
    def frequency(self) -> "sympy.Expr":
        """The frequency as one formula of the premises, simplified where that is quick."""
        return _simplified(self._whole.frequency)

    @cached_property
    def confidence(self) -> "sympy.Expr":
        """The confidence, likewise."""
        return _simplified(self._whole.confidence)

    @cached_property
    def expectation(self) -> "sympy.Expr":
        """The expectation, likewise."""
        return _simplified(truth.expectation(Truth(self.frequency, self.confidence)))

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The formulas of the steps, each in the symbols of its own premises; a step that is used twice stands once."""
        return stages(self.derivation, self.symbols, functions=self.functions)

    @property
    def is_short(self) -> bool:
        """Whether both whole formulas can be read and printed: at most `FEW` symbols and operations each."""
        if _uses(self.derivation) >= FEW:
            return False
        return max(_counted(self.frequency), _counted(self.confidence)) < FEW

    @property
    def decisive(self) -> Sensitivity:
        """The premise that matters most: the highest weight, of equal ones the first (see `Sensitivity.weight`)."""
        return max(self.sensitivities, key=lambda one: one.weight)

    def latex(self) -> str:
        """Give both formulas as LaTeX for math mode."""
        import sympy

        f, c = sympy.latex(self.frequency), sympy.latex(self.confidence)
        return rf"\begin{{aligned}} f &= {f} \\ c &= {c} \end{{aligned}}"

    @cached_property
    def _whole(self) -> Truth:
        given = {name: Truth(*(Powers({symbol: 1}) for symbol in pair)) for name, pair in self.symbols.items()}
        answer = concluded(self.derivation, evaluate(self.derivation, given, functions=self.functions))
        return Truth(as_formula(answer.frequency), as_formula(answer.confidence))


def explain(derivation: Derivation, *, functions: Functions = FUNCTIONS) -> Explanation:
    """Write the truth of a conclusion as a formula of the truths of its premises, and differentiate it.

    The derivation is checked: its premises must give what it says. Slopes are chained from step to step, backward, so
    that the time grows with the steps and not with the length of the formula.

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
            known, or a step is 0/0 at the values of its premises.
    """
    known = premises(derivation)
    symbols = {name: _symbols(name) for name in known}
    actual = {name: Truth(float(of.truth.frequency), float(of.truth.confidence)) for name, of in known.items()}
    slopes = sensitivities(derivation, actual, functions=functions)
    _check(derivation, concluded(derivation, evaluate(derivation, actual, functions=functions)))
    return Explanation(derivation, symbols, slopes, functions)


def _symbols(premise: str) -> tuple[Any, Any]:
    import sympy

    name = premise.removeprefix("fact:").replace(":", "").replace("-", "n")  # a symbol is a name: 12, match0, n3
    return sympy.Symbol(f"f_{name}", nonnegative=True), sympy.Symbol(f"c_{name}", nonnegative=True)


def _simplified(formula: Any) -> Any:
    import sympy

    whole = sympy.sympify(formula)
    if _counted(whole) >= FEW or whole.count_ops() > SMALL:
        return whole
    return min(whole, sympy.factor(whole), key=lambda way: way.count_ops())


def _uses(derivation: Derivation) -> int:
    """Count how often premises are used when all that is used twice is written out twice."""
    uses: dict[str, int] = {}
    for place, step in enumerate(derivation.steps):
        uses[f"step:{place}"] = sum(uses.get(premise, 1) for premise in step.premises)
    return max(uses.values(), default=1)


def _counted(formula: Any) -> int:
    """Count the symbols and operations of a formula, up to `FEW`."""
    return sum(1 for _ in zip(range(FEW), _nodes(formula), strict=False))


def _nodes(formula: Any) -> Iterator[Any]:
    waiting = [formula]
    while waiting:
        yield (here := waiting.pop())
        waiting += here.args


def _check(derivation: Derivation, given: Truth) -> None:
    said = derivation.conclusion.truth
    pairs: Sequence[tuple[str, Any, Any]] = (
        ("frequency", given.frequency, said.frequency),
        ("confidence", given.confidence, said.confidence),
    )
    for what, value, other in pairs:
        if not math.isclose(value, other, rel_tol=0, abs_tol=SAME):
            raise DerivationError(f"the premises give the {what} {value}; the derivation says {float(other)}")
