"""Settling among the slots of all ranks."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.attention import read
from hybridattn.memory.settling import Landscape
from hybridattn.memory.settling.landscape import Look
from hybridattn.memory.sharded.merging import merged
from hybridattn.ranks import Ranks

__all__ = ["ShardedLandscape"]


@dataclass(frozen=True)
class ShardedLandscape(Landscape):
    """The landscape of the slots of all ranks, of which each has some keys; for `Softmax`.

    States are the same on all ranks, bit for bit, and so all of them come to rest after the same updates.
    """

    ranks: Ranks
    slots: int
    """How many slots there are on all ranks."""

    def update(self, state: Tensor) -> Tensor:
        """Give the states (q, d) that follow."""
        return self.follow(state, self.look(state))

    def look(self, state: Tensor) -> Look:
        """Read the keys of all ranks with states (q, d): one collective of q x (d + 1) numbers."""
        beta = self.ranks.shared(self.beta) if isinstance(self.beta, Tensor) else self.beta
        shared = self.ranks.shared(state)
        own = read(
            shared,
            self.keys,
            self.keys,
            similarity=self.similarity,
            separation=self.separation,
            beta=beta,
            log_mass=True,
        )
        found = merged(self.ranks, own)
        assert found.log_mass is not None
        if not self.slots:
            return Look(state if self.distance else found.value, None, torch.zeros_like(found.log_mass))
        weight = torch.ones_like(found.log_mass).unsqueeze(-1) if self.distance else None
        return Look(found.value, weight, found.log_mass)

    def count(self) -> int:
        """Count the keys of all ranks."""
        return self.slots

    def longest(self) -> Tensor:
        """Give the length of the longest key of all ranks."""
        return self.ranks.largest(super().longest())

    def largest_square(self) -> Tensor:
        """Give its square; ranks that have equally long keys share the gradient."""
        own = super().largest_square()
        first = own == self.ranks.largest(own)
        sharers = self.ranks.summed(first.to(own.dtype))
        return self.ranks.summed(torch.where(first, own / sharers, 0.0))

    def _mass(self, state: Tensor) -> Tensor:
        return self.look(state).mass
