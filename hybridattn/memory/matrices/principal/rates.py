"""Learning rates over time."""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from hybridattn.errors import ArgumentError

__all__ = ["ConstantRate", "DecayingRate", "LearningRate"]


@runtime_checkable
class LearningRate(Protocol):
    """How much the t-th pattern changes the weights."""

    def at(self, t: int, /) -> float:
        """Give the rate for the pattern with number t = 0, 1, ...: above 0."""
        ...


@dataclass(frozen=True)
class ConstantRate:
    """The same rate, finite and above 0, for every pattern: the weights go on following the data, and its noise."""

    rate: float

    def __post_init__(self) -> None:
        """Refuse a rate out of range."""
        _check("rate", self.rate)

    def at(self, t: int, /) -> float:
        """Give the rate."""
        return self.rate


@dataclass(frozen=True)
class DecayingRate:
    """rate / (1 + t / time): the sum diverges and the sum of squares converges, so the weights converge (Oja 1982).

    >>> DecayingRate(0.1, 50.0).at(50)
    0.05
    """

    rate: float
    time: float

    def __post_init__(self) -> None:
        """Refuse a rate or a time out of range."""
        _check("rate", self.rate)
        _check("time", self.time)

    def at(self, t: int, /) -> float:
        """Give the rate of the pattern with number t."""
        return self.rate / (1 + t / self.time)


def _check(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ArgumentError(f"{name} must be finite and above 0; got {value}")
