"""How a conclusion moves with each of its premises: every rule differentiated by sympy, chained step by step."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hybridattn.errors import DerivationError
from hybridattn.reasoning.derivation import Derivation
from hybridattn.reasoning.inspection.evaluation import FUNCTIONS, Functions, concluded, evaluate
from hybridattn.reasoning.truth import Truth

__all__ = ["Sensitivity", "sensitivities"]

Slopes = tuple[list[float], list[float]]
"""Of a frequency and of a confidence: by the f and c of the first premise, of the second, ..."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How the conclusion moves with one premise: partial derivatives at the actual values, (by its f, by its c)."""

    premise: str
    """`fact:ID` or `match:K`."""
    frequency: tuple[float, float]
    """Of the frequency of the conclusion."""
    confidence: tuple[float, float]
    """Of the confidence of the conclusion."""
    expectation: tuple[float, float]
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
    size = 2 * len(actual)
    slopes: dict[str, Slopes] = {
        name: (_unit(2 * place, size), _unit(2 * place + 1, size)) for place, name in enumerate(actual)
    }
    gradients: dict[str, Gradient] = {}
    for place, step in enumerate(derivation.steps):
        if step.rule not in gradients:
            gradients[step.rule] = _gradient(functions[step.rule], len(step.premises))
        numbers = [value for name in step.premises for value in (truths[name].frequency, truths[name].confidence)]
        try:
            by_part = gradients[step.rule](*numbers)
        except ZeroDivisionError:
            raise DerivationError(f"step:{place} ({step.rule}) is 0/0 at the values of its premises") from None
        inner = [slope for name in step.premises for slope in slopes[name]]
        frequency, confidence = (_combined(outer, inner) for outer in by_part)
        slopes[f"step:{place}"] = frequency, confidence
    name, answer = list(truths)[-1] if derivation.steps else next(iter(actual)), concluded(derivation, truths)
    by_f, by_c = slopes[name]
    by_e = _combined((answer.confidence, answer.frequency - 0.5), (by_f, by_c))  # e = c (f - 1/2) + 1/2
    pairs = ([(row[at], row[at + 1]) for row in (by_f, by_c, by_e)] for at in range(0, size, 2))
    return tuple(Sensitivity(name, *three) for name, three in zip(actual, pairs, strict=True))


Gradient = Callable[..., Sequence[Sequence[float]]]


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


def _unit(place: int, size: int) -> list[float]:
    row = [0.0] * size
    row[place] = 1.0
    return row


def _combined(outer: Sequence[float], inner: Sequence[Sequence[float]]) -> list[float]:
    """The chain rule: sum the inner slopes, each weighed by an outer one."""
    used = [(weight, row) for weight, row in zip(outer, inner, strict=True) if weight]
    return [sum(weight * row[at] for weight, row in used) for at in range(len(inner[0]))]
