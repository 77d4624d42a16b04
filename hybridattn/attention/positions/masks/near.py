"""Masks of slots that are near: causal, bands, bands with gaps, and blocks."""

from dataclasses import dataclass

from torch import Tensor

from hybridattn.attention.positions.masks.protocol import Interval, PositionMask, whole

__all__ = ["Band", "Blocks", "Causal", "Dilated"]


@dataclass(frozen=True)
class Causal(PositionMask):
    """Row i reads slots 0 to i (Vaswani et al. 2017, arXiv 1706.03762, section 3.2.3).

    >>> Causal().matrix(2, 3).int().tolist()
    [[1, 0, 0], [1, 1, 0]]
    """

    def allows(self, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Tell whether the slot is not after the row."""
        return slots <= rows

    def reach(self, first: int, last: int, n: int, /) -> list[Interval]:
        """Give all slots up to the last row."""
        return [(0, min(n, last + 1))]


@dataclass(frozen=True)
class Dilated(PositionMask):
    """Row i reads slots i + step * k for k from -before to after: a band with gaps (Beltagy et al. 2020, section 3.1).

    Longformer, arXiv 2004.05150; its window w is before = after = w / 2. before, after at least 0, step at least 1,
    else ArgumentError.

    >>> Dilated(1, 1, step=2).matrix(4, 4).int().tolist()
    [[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1]]
    """

    before: int
    after: int = 0
    step: int = 1

    def __post_init__(self) -> None:
        for name, number, least in (("before", self.before, 0), ("after", self.after, 0), ("step", self.step, 1)):
            whole(name, number, least)

    def allows(self, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Tell whether the slot is one of the steps around the row."""
        away = slots - rows
        inside = (away >= -self.before * self.step) & (away <= self.after * self.step)
        return inside if self.step == 1 else inside & (away % self.step == 0)

    def reach(self, first: int, last: int, n: int, /) -> list[Interval]:
        """Give the slots from the first step before the first row to the last step after the last."""
        return _inside(first - self.before * self.step, last + self.after * self.step + 1, n)


class Band(Dilated):
    """Row i reads slots i - before to i + after: sliding windows (Beltagy et al. 2020, arXiv 2004.05150, section 3.1).

    >>> Band(1).matrix(3, 3).int().tolist()
    [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    """

    def __init__(self, before: int, after: int = 0) -> None:
        super().__init__(before, after)

    def __repr__(self) -> str:
        return f"Band(before={self.before}, after={self.after})"


@dataclass(frozen=True)
class Blocks(PositionMask):
    """Positions are cut to blocks of a size; a row reads its own block, `before` blocks before it and `after` after.

    Blockwise attention of Qiu et al. 2020 (arXiv 1911.02972) where both are 0; with one block before and after, the
    windows of the local attention of Roy et al. 2021 (arXiv 2003.05997, section 4).

    >>> Blocks(2).matrix(3, 4).int().tolist()
    [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]]
    """

    size: int
    before: int = 0
    after: int = 0

    def __post_init__(self) -> None:
        for name, number, least in (("size", self.size, 1), ("before", self.before, 0), ("after", self.after, 0)):
            whole(name, number, least)

    def allows(self, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Tell whether the block of the slot is near that of the row."""
        away = slots // self.size - rows // self.size
        return (away >= -self.before) & (away <= self.after)

    def reach(self, first: int, last: int, n: int, /) -> list[Interval]:
        """Give the blocks around those of the first and last row."""
        return _inside(
            (first // self.size - self.before) * self.size, (last // self.size + self.after + 1) * self.size, n
        )


def _inside(first: int, stop: int, n: int) -> list[Interval]:
    first, stop = max(0, first), min(n, stop)
    return [(first, stop)] if first < stop else []
