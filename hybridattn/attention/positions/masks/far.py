"""Masks of slots that may be far: a few that all read and are read by, and blocks by chance."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.attention.positions.masks.protocol import Interval, PositionMask, whole
from hybridattn.errors import ShapeError

__all__ = ["Global", "RandomBlocks"]


@dataclass(frozen=True)
class Global(PositionMask):
    """The first `count` positions read all slots, and all rows read them (Beltagy et al. 2020, arXiv 2004.05150, 3.1).

    >>> Global(1).matrix(3, 3).int().tolist()
    [[1, 1, 1], [1, 0, 0], [1, 0, 0]]
    """

    count: int = 1

    def __post_init__(self) -> None:
        whole("count", self.count, 1)

    def allows(self, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Tell whether row or slot is one of the first."""
        return (rows < self.count) | (slots < self.count)

    def reach(self, first: int, last: int, n: int, /) -> list[Interval]:
        """Give all slots to the first rows, the first slots to the others."""
        return [(0, n if first < self.count else min(n, self.count))]


class RandomBlocks(PositionMask):
    """Every block of rows reads `count` blocks of slots by chance (Zaheer et al. 2020, arXiv 2007.14062, section 2).

    With `Band` and `Global` it is BigBird: `Band(w, w) | Global(g) | RandomBlocks(...)`.

    Args:
        length: how many positions there are at most; a row or slot beyond is a ShapeError.
        size: how many positions a block has.
        count: how many different blocks of slots a block of rows reads; all, if there are fewer.
        generator: where the blocks come from.
    """

    def __init__(self, length: int, *, size: int = 64, count: int = 3, generator: torch.Generator) -> None:
        for name, number in (("length", length), ("size", size), ("count", count)):
            whole(name, number, 1)
        self.length, self.size = length, size
        number = -(-length // size)
        drawn = [torch.randperm(number, generator=generator)[:count] for _ in range(number)]
        self.blocks = torch.stack(drawn).sort(-1).values
        """(blocks of rows, count) int64: the blocks of slots of each."""

    def allows(self, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Tell whether the block of the slot is one of those of the row."""
        blocks = self.blocks.to(rows.device)[rows // self.size]
        return (blocks == (slots // self.size).unsqueeze(-1)).any(-1)

    def reach(self, first: int, last: int, n: int, /) -> list[Interval]:
        """Give the blocks of all of these rows; raises ShapeError where a position is beyond the length."""
        if max(last + 1, n) > self.length:
            raise ShapeError(f"positions must be below length={self.length}; got rows to {last}, {n} slots")
        blocks = sorted(set(self.blocks[first // self.size : last // self.size + 1].flatten().tolist()))
        return [(block * self.size, min(n, (block + 1) * self.size)) for block in blocks if block * self.size < n]
