"""Counterfactuals: which frequency or confidence of a single premise would turn the answer."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from hybridattn.errors import ArgumentError, DerivationError
from hybridattn.reasoning.derivation import Derivation
from hybridattn.reasoning.inspection.evaluation import (
    FUNCTIONS,
    Functions,
    concluded,
    evaluate,
    exact,
    premises,
    rational,
)
from hybridattn.reasoning.truth import Truth

__all__ = ["Turn", "turns"]

PRECISION = Fraction(1, 10**12)
Part: TypeAlias = Literal["frequency", "confidence"]
JUMPING = ("frequency_greater", "frequency_equal")
"""Rules whose truth jumps where two frequencies pass each other: no rational function."""
PARTS: tuple[Part, ...] = ("frequency", "confidence")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one number of one premise would have to be for the answer to turn, all else as it is."""

    premise: str
    """`fact:ID` or `match:K`."""
    part: Part
    now: float
    """What the number is."""
    value: float | None
    """The nearest number at which the answer turns, to 1e-12; None if no number in the range turns it."""


def turns(
    derivation: Derivation, *, threshold: float | Fraction | None = None, functions: Functions = FUNCTIONS
) -> tuple[Turn, ...]:
    """Find, for each number of each premise, the nearest value beyond which the answer is another.

    The answer turns where its expectation passes 1/2, or with a threshold where its confidence passes that. Exact: the
    conclusion is a rational function of the one number, and the roots of its numerator in (0, 1) are isolated.

    Args:
        derivation: the proof of the answer.
        threshold: a confidence in (0, 1); without it the expectation counts.
        functions: the truth function of each rule.

    >>> from hybridattn.reasoning import Atom, Fact, Judgement, inheritance
    >>> statement = inheritance(Atom("bird"), Atom("animal"))
    >>> fact = Fact(7, Atom("bird"), "is_a", Atom("animal"), Judgement(statement, Truth(1.0, 0.9), frozenset({7})))
    >>> [turn.value for turn in turns(Derivation((fact,), (), ()))]
    [0.5, None]

    Raises:
        ArgumentError: the threshold is out of its range.
        DerivationError: as in `evaluate`, or a step compares two frequencies, so that its truth jumps.
    """
    if threshold is not None and not 0 < threshold < 1:
        raise ArgumentError(f"threshold must be in (0, 1); got {threshold}")
    for place, step in enumerate(derivation.steps):
        if step.rule in JUMPING:
            raise DerivationError(f"step:{place} ({step.rule}) jumps: what turns the answer is not worked out")
    given = {
        name: truths for name, truths in exact(derivation, functions=functions).items() if name in premises(derivation)
    }
    found = []
    for name, actual in given.items():
        for part in PARTS:
            now = getattr(actual, part)
            distance = _distance(derivation, given, (name, part), threshold, functions)
            found.append(Turn(name, part, float(now), _nearest(distance, now)))
    return tuple(found)


def _distance(
    derivation: Derivation,
    given: dict[str, Truth],
    changed: tuple[str, Part],
    threshold: float | Fraction | None,
    functions: Functions,
) -> Any:
    """Give how far the answer is from turning, with its sign, as a rational function of the one number."""
    from sympy import QQ, Symbol  # type: ignore[import-untyped]

    field = QQ.frac_field(Symbol("x"))
    numbers = {
        name: {part: field(_as_domain(getattr(truths, part))) for part in PARTS} for name, truths in given.items()
    }
    name, part = changed
    numbers[name][part] = field.gens[0]
    truths = {name: Truth(both["frequency"], both["confidence"]) for name, both in numbers.items()}
    answer = concluded(derivation, evaluate(derivation, truths, functions=functions))
    if threshold is not None:
        return field.convert(answer.confidence) - field(_as_domain(rational(threshold)))
    return field.convert(answer.confidence) * (2 * field.convert(answer.frequency) - 1)


def _as_domain(value: Fraction) -> Any:
    from sympy import QQ

    return QQ(value.numerator, value.denominator)


def _nearest(distance: Any, now: Fraction) -> float | None:
    """Find the nearest root at which the sign changes: one of odd order, inside the range."""
    from sympy import Poly, Rational

    numerator = Poly(distance.numer.as_expr(), *distance.numer.ring.symbols)
    if numerator.degree() < 1:
        return None
    roots = [
        Fraction(int((low + high).p), int((low + high).q)) / 2
        for (low, high), order in numerator.intervals(
            eps=Rational(PRECISION.numerator, PRECISION.denominator), inf=0, sup=1
        )
        if order % 2
    ]
    inside = [root for root in roots if 0 < root < 1]
    return float(min(inside, key=lambda root: abs(root - now))) if inside else None
