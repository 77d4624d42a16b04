"""What the two states of a unit are, and how a field chooses between them."""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.memory.matrices.hopfield.rule import check_units
from hybridattn.memory.matrices.store import bipolar, signs

__all__ = ["Bipolar", "Sparse", "UnitCoding", "WinnersTakeAll"]


@runtime_checkable
class UnitCoding(Protocol):
    """The states of a unit: what may be written, what the rule learns, and what a field decides."""

    @property
    def mean(self) -> float:
        """What is taken off every state, before the weights act on it."""
        ...

    @property
    def spread(self) -> float:
        """The standard deviation of a unit: patterns are learnt as (x - mean) / spread."""
        ...

    @property
    def threshold(self) -> float:
        """Half way between the fields of the two states in a pattern that is stored alone."""
        ...

    @property
    def apart(self) -> bool:
        """Whether a unit is decided by its own field alone, so that units can be updated one by one."""
        ...

    def checked(self, name: str, states: Tensor, /) -> Tensor:
        """Give states (..., n) back; raises ArgumentError where an entry is none of the two."""
        ...

    def decide(self, fields: Tensor, states: Tensor, /) -> Tensor:
        """Give the new states (..., n) from fields less thresholds, up to a positive factor, and the old states."""
        ...


@dataclass(frozen=True)
class Bipolar:
    """States -1 and +1, the sign of the field; a field of 0 keeps the state (Hopfield 1982)."""

    @property
    def mean(self) -> float:
        """0."""
        return 0.0

    @property
    def spread(self) -> float:
        """1."""
        return 1.0

    @property
    def threshold(self) -> float:
        """0."""
        return 0.0

    @property
    def apart(self) -> bool:
        """Yes."""
        return True

    def checked(self, name: str, states: Tensor, /) -> Tensor:
        """Give states (..., n) back; raises ArgumentError where an entry is neither -1 nor +1."""
        return bipolar(name, states)

    def decide(self, fields: Tensor, states: Tensor, /) -> Tensor:
        """Give the sign of each field, the old state where it is 0."""
        return signs(fields, states)


@dataclass(frozen=True)
class Sparse:
    """States 0 and 1 with a share `activity` of ones, 0 < activity < 1: the covariance rule, and a threshold.

    Patterns are learnt as (x - a) / sqrt(a (1 - a)), and a state acts as s - a, so that with `Hebb()` the weights are
    1/(n a (1 - a)) sum (x - a)(x - a)^T and a pattern that is stored alone has the fields x - a (Tsodyks and Feigelman
    1988). The default threshold, 1/2 - a, is half way. Patterns may have any number of ones.
    """

    activity: float

    def __post_init__(self) -> None:
        """Refuse an activity out of range."""
        if not 0 < self.activity < 1:
            raise ArgumentError(f"activity must be above 0 and below 1; got {self.activity}")

    @property
    def mean(self) -> float:
        """The activity a."""
        return self.activity

    @property
    def spread(self) -> float:
        """sqrt(a (1 - a))."""
        return math.sqrt(self.activity * (1 - self.activity))

    @property
    def threshold(self) -> float:
        """1/2 - a."""
        return 0.5 - self.activity

    @property
    def apart(self) -> bool:
        """Yes."""
        return True

    def checked(self, name: str, states: Tensor, /) -> Tensor:
        """Give states (..., n) back; raises ArgumentError where an entry is neither 0 nor 1."""
        wrong = (states != 0) & (states != 1)
        if wrong.any():
            raise ArgumentError(f"{name} must be 0 or 1; got {states[wrong][0].item():g}")
        return states

    def decide(self, fields: Tensor, states: Tensor, /) -> Tensor:
        """Give 1 where a field is above its threshold, 0 below, the old state at it."""
        return torch.where(fields == 0, states, (fields > 0).to(states.dtype))

    def capacity(self, n: int, /) -> float:
        """Give n / (2 a |ln a|), the capacity under Hebb's rule for small a and large n.

        Tsodyks and Feigelman 1988; recalled. It is far from reached at sizes that fit a test.
        """
        return check_units(n) / (2 * self.activity * abs(math.log(self.activity)))


@dataclass(frozen=True)
class WinnersTakeAll(Sparse):
    """As `Sparse`, but inhibition lets exactly k = round(activity * n) units be active, at least 1: the largest fields.

    Of equal fields the active unit wins, then the lower index. All units are decided together, so this goes with
    `Synchronous()` only; a threshold that is the same for all units changes nothing.
    """

    @property
    def apart(self) -> bool:
        """No: units compete."""
        return False

    def decide(self, fields: Tensor, states: Tensor, /) -> Tensor:
        """Give 1 for the k largest fields of each row (..., n), 0 for the rest."""
        winners = max(1, round(self.activity * fields.shape[-1]))
        first = states.sort(dim=-1, descending=True, stable=True).indices
        order = fields.gather(-1, first).sort(dim=-1, descending=True, stable=True).indices
        chosen = first.gather(-1, order)[..., :winners]
        return torch.zeros_like(states).scatter(-1, chosen, 1.0)
