"""What theory says about an experiment, as lines to draw beside what was measured."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Question", "Reference", "Theory"]


@dataclass(frozen=True)
class Question:
    """What an experiment on retrieval varied, and what it kept."""

    varied: str
    """patterns, or the name of the corruption: noise, flips or mask; length for sequences."""
    values: Sequence[float]
    """The values that were tried, rising."""
    source: str
    """The name of the source: signs, gaussian, sphere or another."""
    dim: int
    patterns: int
    """How many were stored; the most, where that varied."""
    closest: float
    """The least distance of two stored patterns."""


@dataclass(frozen=True)
class Reference:
    """A line of theory: y over x or, without y, an upright line at x[0]."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...] | None = None
    measure: str = "retrieved"
    """The column of `RetrievalPoint` that it is about: retrieved, exact or overlap."""
    of: str | None = None
    """The name of the memory that it is about."""


Theory: TypeAlias = Callable[[Question], Iterable[Reference]]
"""What is known about a kind of memory; nothing, where a question is not covered."""
