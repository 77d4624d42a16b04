"""The seam of a store: blocks of slots, as they stream from segments and the tail."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["BLOCK_BYTES", "Slots", "joined", "pieces", "rows_in_block"]

BLOCK_BYTES = 1 << 24
"""Keys and values that are held at once when a store is read."""


class Slots(NamedTuple):
    """Some slots in the order of their ids; keys are the values where a store has none."""

    ids: Tensor
    """(n,) int64, rising."""
    keys: Tensor
    """(n, d)."""
    values: Tensor | None
    """(n, v), or None."""

    def those(self, which: Tensor) -> "Slots":
        """Give those where `which` (n,) is true: all without a copy."""
        if bool(which.all()):
            return self
        return Slots(self.ids[which], self.keys[which], None if self.values is None else self.values[which])

    def part(self, start: int, stop: int) -> "Slots":
        """Give the rows [start, stop), without a copy."""
        values = None if self.values is None else self.values[start:stop]
        return Slots(self.ids[start:stop], self.keys[start:stop], values)


def rows_in_block(row_bytes: int) -> int:
    """Give how many slots a block has."""
    return max(1, BLOCK_BYTES // row_bytes)


def pieces(start: int, stop: int, step: int) -> Iterator[tuple[int, int]]:
    """Cut [start, stop) into pieces of at most `step`."""
    return ((low, min(low + step, stop)) for low in range(start, stop, step))


def joined(parts: list[Slots]) -> Slots:
    """Put slots behind one another, one part as it is."""
    if len(parts) == 1:
        return parts[0]
    values = [part.values for part in parts if part.values is not None]
    return Slots(
        torch.cat([part.ids for part in parts]),
        torch.cat([part.keys for part in parts]),
        torch.cat(values) if values else None,
    )
