"""How a conclusion moves with each of its premises: every rule differentiated by sympy, chained step by step."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from hybridattn.errors import DerivationError
from hybridattn.reasoning.derivation import Derivation
from hybridattn.reasoning.inspection.evaluation import FUNCTIONS, Functions, concluded, evaluate
from hybridattn.reasoning.truth import Truth

__all__ = ["Sensitivity", "sensitivities"]

Pair: TypeAlias = tuple[float, float]
"""A number for the frequency and one for the confidence."""
Rows: TypeAlias = Sequence[Sequence[float]]
"""Of a frequency and of a confidence: by the f and c of the first premise, of the second, ..."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How the conclusion moves with one premise: partial derivatives at the actual values, (by its f, by its c)."""

    premise: str
    """`fact:ID` or `match:K`."""
    frequency: Pair
    """Of the frequency of the conclusion."""
    confidence: Pair
    """Of the confidence of the conclusion."""
    expectation: Pair
    """Of the expectation of the conclusion."""

    @property
    def weight(self) -> float:
        """The length of the gradient of the expectation: how fast the answer can move with this premise."""
        return math.hypot(*self.expectation)


def sensitivities(
    derivation: Derivation, actual: Mapping[str, Truth], *, functions: Functions = FUNCTIONS
) -> tuple[Sensitivity, ...]:
    """Differentiate a conclusion by each number of each premise, at their values.

    Args:
        derivation: the proof of the conclusion.
        actual: the truth of each premise, in floats; the sensitivities come in this order.
        functions: the truth function of each rule.

    Raises:
        DerivationError: as in `evaluate`, or a step is 0/0 at these values.
    """
    truths = evaluate(derivation, actual, functions=functions)
    gradients = _gradients(derivation, truths, functions)
    goal, answer = _goal(derivation), concluded(derivation, truths)
    by_f = _backward(derivation, gradients, goal, (1.0, 0.0))
    by_c = _backward(derivation, gradients, goal, (0.0, 1.0))
    over = answer.confidence, answer.frequency - 0.5  # e = c (f - 1/2) + 1/2
    return tuple(Sensitivity(name, by_f[name], by_c[name], _weighed(over, (by_f[name], by_c[name]))) for name in actual)


def _goal(derivation: Derivation) -> str:
    return f"step:{len(derivation.steps) - 1}" if derivation.steps else f"fact:{derivation.facts[0].id}"


def _gradients(derivation: Derivation, truths: Mapping[str, Truth], functions: Functions) -> list[Rows]:
    """Give the slopes of each step by its own premises."""
    made: dict[str, Gradient] = {}
    found = []
    for place, step in enumerate(derivation.steps):
        if step.rule not in made:
            made[step.rule] = _gradient(functions[step.rule], len(step.premises))
        numbers = [value for name in step.premises for value in (truths[name].frequency, truths[name].confidence)]
        try:
            found.append(made[step.rule](*numbers))
        except ZeroDivisionError:
            raise DerivationError(f"step:{place} ({step.rule}) is 0/0 at the values of its premises") from None
    return found


def _backward(derivation: Derivation, gradients: Sequence[Rows], goal: str, start: Pair) -> dict[str, Pair]:
    """The chain rule from the conclusion backward: how it moves with everything that the proof names."""
    slopes: dict[str, Pair] = defaultdict(lambda: (0.0, 0.0))
    slopes[goal] = start
    for place in reversed(range(len(derivation.steps))):
        outer = slopes[f"step:{place}"]
        for at, name in enumerate(derivation.steps[place].premises):
            rows = [(row[2 * at], row[2 * at + 1]) for row in gradients[place]]
            more = _weighed(outer, (rows[0], rows[1]))
            slopes[name] = slopes[name][0] + more[0], slopes[name][1] + more[1]
    return slopes


def _weighed(outer: Pair, rows: tuple[Pair, Pair]) -> Pair:
    """Sum the rows that have a weight, each with its own."""
    used = [(weight, row) for weight, row in zip(outer, rows, strict=True) if weight]
    return sum((weight * row[0] for weight, row in used), 0.0), sum((weight * row[1] for weight, row in used), 0.0)


Gradient: TypeAlias = Callable[..., Rows]


def _gradient(function: Callable[..., Truth], arity: int) -> Gradient:
    """Differentiate a truth function: from the f and c of its premises to two rows, of its f and of its c."""
    import sympy  # type: ignore[import-untyped]

    symbols = sympy.symbols(f"x:{2 * arity}")
    result = function(*(Truth(*symbols[at : at + 2]) for at in range(0, 2 * arity, 2)))
    rows: list[list[Any]] = [
        [sympy.cancel(sympy.diff(part, symbol)) for symbol in symbols] for part in (result.frequency, result.confidence)
    ]
    gradient: Gradient = sympy.lambdify(symbols, rows, "math")
    return gradient
