"""What a position mask is: who may read whom by place alone, block by block."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError

__all__ = ["Both", "Either", "Interval", "MaskMod", "PositionMask", "whole"]

Interval = tuple[int, int]
"""Slots from the first number up to, but without, the second."""
MaskMod = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""What FlexAttention asks: batch, head, row and slot to bool."""


class PositionMask(ABC):
    """Tells by position which slots a row may read; `a | b` allows what either allows, `a & b` what both allow."""

    @abstractmethod
    def allows(self, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Tell for positions, two int64 tensors that broadcast, whether the row may read the slot: bool."""

    @abstractmethod
    def reach(self, first: int, last: int, n: int, /) -> list[Interval]:
        """Give intervals of [0, n) that hold every slot that a row from `first` to `last` may read, or more."""

    def matrix(self, q: int, n: int, *, start: int = 0) -> Tensor:
        """Give the whole (q, n) mask, for a look or a small read: row i stands at position start + i."""
        self.reach(start, start + max(0, q - 1), n)
        return self.allows(torch.arange(start, start + q).unsqueeze(-1), torch.arange(n))

    def mask_mod(self, start: int = 0) -> MaskMod:
        """Give the function that `torch.nn.attention.flex_attention.create_block_mask` takes."""

        def mod(batch: Tensor, head: Tensor, row: Tensor, slot: Tensor) -> Tensor:
            return self.allows(row + start, slot)

        return mod

    def __or__(self, other: "PositionMask", /) -> "PositionMask":
        """Allow what either allows."""
        return Either(self, other)

    def __and__(self, other: "PositionMask", /) -> "PositionMask":
        """Allow what both allow."""
        return Both(self, other)


@dataclass(frozen=True)
class Either(PositionMask):
    """The union of two masks."""

    one: PositionMask
    other: PositionMask

    def allows(self, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Tell whether either allows it."""
        return self.one.allows(rows, slots) | self.other.allows(rows, slots)

    def reach(self, first: int, last: int, n: int, /) -> list[Interval]:
        """Give the intervals of both."""
        return [*self.one.reach(first, last, n), *self.other.reach(first, last, n)]


@dataclass(frozen=True)
class Both(PositionMask):
    """The intersection of two masks."""

    one: PositionMask
    other: PositionMask

    def allows(self, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Tell whether both allow it."""
        return self.one.allows(rows, slots) & self.other.allows(rows, slots)

    def reach(self, first: int, last: int, n: int, /) -> list[Interval]:
        """Give what intervals of one share with intervals of the other."""
        pairs = [(a, b) for a in self.one.reach(first, last, n) for b in self.other.reach(first, last, n)]
        shared = [(max(a[0], b[0]), min(a[1], b[1])) for a, b in pairs]
        return [interval for interval in shared if interval[0] < interval[1]]


def whole(name: str, number: object, least: int) -> None:
    """Raise ArgumentError where a number is not whole, or below the least."""
    if not isinstance(number, int) or isinstance(number, bool) or number < least:
        raise ArgumentError(f"{name} must be a whole number, at least {least}; got {number!r}")
