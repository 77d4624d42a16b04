"""The truth of a proof, computed again with any numbers: floats, Fractions, symbols, rational functions."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias

from hybridattn.errors import DerivationError
from hybridattn.reasoning import truth
from hybridattn.reasoning.derivation import Derivation
from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.truth import Truth, Value

__all__ = ["FUNCTIONS", "Functions", "concluded", "evaluate", "exact", "premises", "rational"]

Functions: TypeAlias = Mapping[str, Callable[..., Truth]]

FUNCTIONS: Functions = MappingProxyType(
    {
        function.__name__: function
        for function in (
            truth.revision,
            truth.deduction,
            truth.analogy,
            truth.resemblance,
            truth.abduction,
            truth.induction,
            truth.exemplification,
            truth.comparison,
            truth.intersection,
            truth.union,
            truth.difference,
            truth.negation,
            truth.conversion,
            truth.contraposition,
            truth.reduce_disjunction,
            truth.reduce_conjunction,
            truth.reduce_conjunction_negative,
            truth.anonymous_analogy,
        )
    }
)
"""The truth function of each rule, in the order of the book; its arguments are the premises, in their order."""


def premises(derivation: Derivation) -> dict[str, Judgement]:
    """Give what a proof starts from: its facts as `fact:ID` and its matches as `match:K`."""
    known = {f"fact:{fact.id}": fact.judgement for fact in derivation.facts}
    return known | {f"match:{place}": match for place, match in enumerate(derivation.matches)}


def evaluate(
    derivation: Derivation, given: Mapping[str, Truth], *, functions: Functions = FUNCTIONS
) -> dict[str, Truth]:
    """Compute the truth of every step from the truths of the premises, whatever numbers these are made of.

    Args:
        derivation: the proof; its own truths are not looked at.
        given: the truth of each premise, `fact:ID` and `match:K`.
        functions: the truth function of each rule.

    Returns:
        The premises and the steps (`step:K`) with their truths, in the order of the proof.

    Raises:
        DerivationError: a step has a rule without a function, or a premise that is not known.
    """
    known = dict(given)
    for place, step in enumerate(derivation.steps):
        if step.rule not in functions:
            raise DerivationError(f"step:{place} has the rule {step.rule!r}; functions has {', '.join(functions)}")
        if missing := [premise for premise in step.premises if premise not in known]:
            raise DerivationError(f"step:{place} ({step.rule}) needs {missing[0]}, which is not known")
        known[f"step:{place}"] = functions[step.rule](*(known[premise] for premise in step.premises))
    return known


def concluded(derivation: Derivation, truths: Mapping[str, Truth]) -> Truth:
    """Pick the truth of the conclusion from what `evaluate` gives."""
    name = f"step:{len(derivation.steps) - 1}" if derivation.steps else f"fact:{derivation.facts[0].id}"
    return truths[name]


def rational(value: Value) -> Fraction:
    """Give the fraction that a number is written as: .9 is 9/10, not the binary fraction next to it."""
    return value if isinstance(value, Fraction) else Fraction(str(value))


def exact(derivation: Derivation, *, functions: Functions = FUNCTIONS) -> dict[str, Truth]:
    """Compute every truth of a proof without rounding, as Fractions, from the premises as they are written.

    Names and errors are those of `evaluate`.

    >>> from hybridattn.reasoning import Atom, Fact, Judgement, inheritance
    >>> statement = inheritance(Atom("bird"), Atom("animal"))
    >>> fact = Fact(7, Atom("bird"), "is_a", Atom("animal"), Judgement(statement, Truth(1.0, 0.9), frozenset({7})))
    >>> exact(Derivation((fact,), (), ()))["fact:7"].confidence
    Fraction(9, 10)
    """
    given = {
        name: Truth(rational(judgement.truth.frequency), rational(judgement.truth.confidence))
        for name, judgement in premises(derivation).items()
    }
    return evaluate(derivation, given, functions=functions)
