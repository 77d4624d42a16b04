"""From the rules that speak for an answer to one score: parts that can be exchanged."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hybridattn.errors import ArgumentError

__all__ = [
    "Aggregation",
    "Graded",
    "LexicographicMaximum",
    "Maximum",
    "NoisyOr",
    "Revised",
    "Strengths",
]

Strengths: TypeAlias = NDArray[np.float64]
"""(a, families, k) for a answers: the strengths w+/(w + k) of the strongest rules of each family, falling; then 0."""


@runtime_checkable
class Aggregation(Protocol):
    """Gives each answer a score from the strengths of its rules; only the order of the scores of one call matters."""

    def scores(self, strengths: Strengths) -> NDArray[np.float64]:
        """Give (a,) scores, above 0 where any rule fires."""


def _logs(strengths: Strengths) -> Strengths:
    """Give -log(1 - s), which adds up where probabilities of separate causes are combined."""
    return np.asarray(-np.log1p(-strengths), np.float64)


@dataclass(frozen=True)
class Maximum:
    """The strongest rule alone speaks: choice, as for evidence that overlaps.

    >>> Maximum().scores(np.array([[[0.5, 0.25], [0.75, 0.0]]]))
    array([0.75])
    """

    def scores(self, strengths: Strengths) -> NDArray[np.float64]:
        """Give max s."""
        return np.asarray(strengths.max((1, 2)))


@dataclass(frozen=True)
class LexicographicMaximum:
    """The strongest rule speaks, between equals the second strongest, and so on (AnyBURL, Meilicke et al. 2019).

    Scores are places in that order, counted from 1, of the answers in one call.

    >>> LexicographicMaximum().scores(np.array([[[0.5, 0.25]], [[0.5, 0.0]], [[0.75, 0.0]]]))
    array([2., 1., 3.])
    """

    def scores(self, strengths: Strengths) -> NDArray[np.float64]:
        """Give the rank of the strengths, sorted, in lexicographic order."""
        rows = -np.sort(-strengths.reshape(len(strengths), -1), axis=1)
        return np.asarray(np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1) + 1.0, np.float64)


@dataclass(frozen=True)
class NoisyOr:
    """Every rule may be the cause: 1 - prod (1 - s), written as -log of the product, which has the same order.

    >>> 1 - np.exp(-NoisyOr().scores(np.array([[[0.5, 0.5]]])))
    array([0.75])
    """

    def scores(self, strengths: Strengths) -> NDArray[np.float64]:
        """Give the sum of -log(1 - s)."""
        return np.asarray(_logs(strengths).sum((1, 2)))


@dataclass(frozen=True)
class Revised:
    """The evidence of all rules adds up, as if it were separate (NAL revision): the sum of s/(1 - s).

    A strength is the confidence of a deduction from sure facts, c = f1 f2 c1 c2 with f2 = c2 = 1, so that c/(1 - c) is
    its evidence at horizon 1.

    >>> Revised().scores(np.array([[[0.5, 0.5], [0.75, 0.0]]]))
    array([5.])
    """

    def scores(self, strengths: Strengths) -> NDArray[np.float64]:
        """Give the sum of s/(1 - s)."""
        return np.asarray((strengths / (1 - strengths)).sum((1, 2)))


@dataclass(frozen=True)
class Graded:
    """Families of rules are separate causes; within a family each further rule counts `decay` times the one before.

    Rules of one family often see the same evidence again, rules of other families more seldom. With decay 0 that is
    choice within a family and noisy-or between families; with decay 1 it is noisy-or.

    >>> Graded(decay=0.0).scores(np.array([[[0.5, 0.4], [0.5, 0.0]]])).round(3)  # log 4
    array([1.386])

    Raises:
        ArgumentError: decay is outside [0, 1].
    """

    decay: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.decay <= 1:
            raise ArgumentError(f"decay must be in [0, 1]; got {self.decay!r}")

    def scores(self, strengths: Strengths) -> NDArray[np.float64]:
        """Give the sum over families and places i of -decay^i log(1 - s)."""
        weights = float(self.decay) ** np.arange(strengths.shape[2])
        return np.asarray((_logs(strengths) @ weights).sum(1))
