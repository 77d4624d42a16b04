"""Codings: what the numbers of a pattern say about the activity of its units."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.memory.hebbian.rules import Agreement, EvidenceRule, Induction

__all__ = ["BinaryActivity", "BipolarActivity", "Coding", "GradedActivity"]


class Coding(Protocol):
    """A map between patterns and activities in [0, 1]."""

    @property
    def rule(self) -> EvidenceRule:
        """How evidence is counted where nothing else is said."""
        ...

    def check(self, name: str, patterns: Tensor, /) -> None:
        """Raise ArgumentError where a number is no activity in this coding."""
        ...

    def encode(self, patterns: Tensor, /) -> Tensor:
        """Give activities in [0, 1]; numbers outside the range are cut to it."""
        ...

    def decode(self, activity: Tensor, /) -> Tensor:
        """Give the pattern of activities."""
        ...


@dataclass(frozen=True)
class GradedActivity:
    """The number is the activity, in [0, 1]: how much of an event the unit takes part in; 0 says nothing."""

    @property
    def rule(self) -> EvidenceRule:
        """Give `Induction()`."""
        return Induction()

    def check(self, name: str, patterns: Tensor, /) -> None:
        """Raise ArgumentError unless all numbers are in [0, 1]."""
        if not ((patterns >= 0) & (patterns <= 1)).all():
            raise ArgumentError(f"{name} must be in [0, 1]; got {patterns.min():g} to {patterns.max():g}")

    def encode(self, patterns: Tensor, /) -> Tensor:
        """Give the numbers, cut to [0, 1]."""
        return patterns.clamp(0, 1)

    def decode(self, activity: Tensor, /) -> Tensor:
        """Give the activities themselves."""
        return activity


@dataclass(frozen=True)
class BinaryActivity(GradedActivity):
    """1 where the unit is active, else 0, which says nothing."""

    def check(self, name: str, patterns: Tensor, /) -> None:
        """Raise ArgumentError unless all numbers are 0 or 1."""
        wrong = patterns[(patterns != 0) & (patterns != 1)]
        if wrong.numel():
            raise ArgumentError(f"{name} must be 0 or 1; got {wrong[0]:g}")


@dataclass(frozen=True)
class BipolarActivity:
    """+1 active, -1 inactive, which says as much; between them the activity is (1 + x) / 2, and 0 is unknown."""

    @property
    def rule(self) -> EvidenceRule:
        """Give `Agreement()`: with it the weights are those of a Hopfield network."""
        return Agreement()

    def check(self, name: str, patterns: Tensor, /) -> None:
        """Raise ArgumentError unless all numbers are in [-1, 1]."""
        if not (patterns.abs() <= 1).all():
            raise ArgumentError(f"{name} must be in [-1, 1]; got {patterns.min():g} to {patterns.max():g}")

    def encode(self, patterns: Tensor, /) -> Tensor:
        """Give (1 + x) / 2, cut to [0, 1]."""
        return ((1 + patterns) / 2).clamp(0, 1)

    def decode(self, activity: Tensor, /) -> Tensor:
        """Give 2 a - 1."""
        return 2 * activity - 1
