"""From the evidence that a unit is active, revised over all that speak, to its activity."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from hybridattn.errors import ArgumentError

__all__ = ["Choice", "Expectation", "Readout"]


class Readout(Protocol):
    """A map from evidence to activity."""

    def __call__(self, positive: Tensor, total: Tensor, before: Tensor, /) -> Tensor:
        """Give the activity of units with evidence w+ and w, that had the activity `before`; all (...)."""
        ...


@dataclass(frozen=True)
class Choice:
    """1 where the frequency w+ / w is above the threshold, 0 where it is below, as before where it is neither.

    At .5 this is the choice of the statement with the higher expectation, "active" or "not active", and the sign of
    the summed weights w+ - w-: the update of a Hopfield network. Sparse patterns of 0 and 1 want more.
    """

    threshold: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.threshold < 1:
            raise ArgumentError(f"threshold must be in [0, 1); got {self.threshold}")

    def __call__(self, positive: Tensor, total: Tensor, before: Tensor, /) -> Tensor:
        """Compare w+ with threshold * w."""
        needed = self.threshold * total
        return (positive > needed).to(before).where(positive != needed, before)


@dataclass(frozen=True)
class Expectation:
    """The expectation c (f - 1/2) + 1/2 = (w+ + k/2) / (w + k): 1/2 where nothing is known (Wang 2013)."""

    horizon: float = 1.0

    def __post_init__(self) -> None:
        if not self.horizon > 0:
            raise ArgumentError(f"horizon must be above 0; got {self.horizon}")

    def __call__(self, positive: Tensor, total: Tensor, before: Tensor, /) -> Tensor:
        """Give (w+ + k/2) / (w + k)."""
        return (positive + self.horizon / 2) / (total + self.horizon)
