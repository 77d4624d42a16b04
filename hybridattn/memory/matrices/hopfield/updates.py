"""In which order the units of a Hopfield network change."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from hybridattn.memory.matrices.hopfield.codings import UnitCoding

__all__ = ["Asynchronous", "Dynamics", "Synchronous", "UnitUpdate"]

_ROUNDINGS = 4
"""Units in the last place that a sum is allowed, times the root of its length."""
_BLOCK = 64
"""Units whose fields are computed together in a sweep, and then corrected for each other one by one."""


class Dynamics(NamedTuple):
    """What an update needs to know of a network."""

    sums: Tensor
    """(n, n): the weights W before scaling, with the diagonal that counts."""
    scale: float
    """W = scale * sums."""
    thresholds: Tensor
    """(n,)."""
    coding: UnitCoding
    """The states of a unit."""
    largest: Tensor
    """(): the largest magnitude among the sums, diagonal included: they are rounded to this."""

    def drives(self, states: Tensor, units: Tensor | slice = slice(None)) -> Tensor:
        """Give (fields - thresholds) / scale of some units, (q, u): whole with Hebb's rule, so that ties are exact."""
        return (states - self.coding.mean) @ self.sums[:, units] - self.thresholds[units] / self.scale

    @property
    def slack(self) -> Tensor:
        """How far from 0 rounding may leave the drive of a unit whose field is its threshold, ()."""
        largest = self.largest + self.thresholds.abs().amax() / self.scale
        return largest * (_ROUNDINGS * torch.finfo(self.sums.dtype).eps * math.sqrt(len(self.sums)))

    def decide(self, drives: Tensor, states: Tensor, slack: Tensor) -> Tensor:
        """Give the states that drives lead to; what is 0 but for rounding is 0, or a unit would turn to and fro."""
        return self.coding.decide(drives.masked_fill(drives.abs() <= slack, 0.0), states)


@runtime_checkable
class UnitUpdate(Protocol):
    """One update of all units."""

    def __call__(self, dynamics: Dynamics, states: Tensor, /) -> Tensor:
        """Give the states (q, n) after every unit was updated once."""
        ...


@dataclass(frozen=True)
class Synchronous:
    """All units at once: one product. Ends in a fixed point or in a circle of two states (Goles et al. 1985)."""

    def __call__(self, dynamics: Dynamics, states: Tensor, /) -> Tensor:
        """Give the states (q, n) after one update of all units from the same old states."""
        return dynamics.decide(dynamics.drives(states), states, dynamics.slack)


@dataclass(frozen=True)
class Asynchronous:
    """One unit after the other, each seeing the changes before it; one update is a sweep over all units.

    With a generator every sweep has a new random order, the same for all queries of a batch, so a query settles alone
    as it does in a batch. Without one, units go in the order of their index. The fields of a block of units are one
    product, and only the corrections within the block go unit by unit.

    A generator is no part of what a network is saved with: a restored network sweeps in the order of the index until
    `network.update = Asynchronous(generator=...)` gives it one, at whatever state it was kept.
    """

    generator: torch.Generator | None = field(default=None, compare=False)

    def __call__(self, dynamics: Dynamics, states: Tensor, /) -> Tensor:
        """Give the states (q, n) after a sweep over all units."""
        states, slack = states.clone(), dynamics.slack
        for units in torch.split(self._order(states.shape[-1], states.device), _BLOCK):
            drives, mine = dynamics.drives(states, units).T.contiguous(), states[:, units].T.contiguous()
            inner = dynamics.sums[units][:, units]
            for row, drive, old in zip(inner, drives, mine, strict=True):  # rows of drives and mine change as they come
                new = dynamics.decide(drive, old, slack)
                drives.addr_(row, new - old)
                old.copy_(new)
            states[:, units] = mine.T
        return states

    def _order(self, n: int, device: torch.device) -> Tensor:
        if self.generator is None:
            return torch.arange(n, device=device)
        return torch.randperm(n, generator=self.generator, device=self.generator.device).to(device)
