"""What comes back from a read, and how reads of separate slots become one."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.attention.tiles.layout import broadcast
from hybridattn.attention.tiles.top import best
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["Read", "mapped"]

_LAST_SLOT = 0xFFFFFFFF


class Read(NamedTuple):
    """What a read gave back: the value and, when asked for, its log mass and the slots it rests on.

    Reads of disjoint slots by the same queries `merge` into the read of all their slots. Log mass and shares have at
    least float32 precision, also where the value is bfloat16.
    """

    value: Tensor
    """(..., q, v): sum of weights times values; 0 where nothing could be read."""
    log_mass: Tensor | None = None
    """(..., q): log sum_i exp(score_i) over the readable slots, -inf where there is none; softmax reads only."""
    slots: Tensor | None = None
    """(..., q, k) int64: the k slots of largest shares by magnitude, falling, equals by slot; -1 where missing."""
    shares: Tensor | None = None
    """(..., q, k): the weight of each of these slots, in [0, 1] where all add up to 1; 0 where missing."""

    def merge(self, other: "Read") -> "Read":
        """Join with the read of other slots by the same queries: the read over the slots of both.

        With log masses a and b and m = log(exp a + exp b), the value is exp(a - m) value_a + exp(b - m) value_b.
        Associative and commutative; a read of no slots (log mass -inf) changes nothing. Top slots stay where both
        sides have them, in as many columns as the narrower side has: more could not be known. The slots of the two
        sides have to be numbered apart.

        Raises ArgumentError where one of the two has no log mass, ShapeError where their values do not broadcast.

        >>> one, two = Read(torch.tensor([[1.0]]), torch.zeros(1)), Read(torch.tensor([[3.0]]), torch.zeros(1))
        >>> one.merge(two).value
        tensor([[2.]])
        """
        if self.log_mass is None or other.log_mass is None:
            raise ArgumentError("merge needs the log mass of both reads: read with Softmax() and log_mass=True or top")
        try:
            broadcast(self.value.shape, other.value.shape)
        except RuntimeError as error:
            shapes = f"{tuple(self.value.shape)} and {tuple(other.value.shape)}"
            raise ShapeError(f"merge needs values of the same queries and width; got shapes {shapes}") from error
        log_mass = _log_add(self.log_mass, other.log_mass)
        mine, theirs = _part(self.log_mass, log_mass), _part(other.log_mass, log_mass)
        value = mine * self.value + theirs * other.value
        value = value.to(torch.promote_types(self.value.dtype, other.value.dtype))
        if self.slots is None or self.shares is None or other.slots is None or other.shares is None:
            return Read(value, log_mass)
        slots = torch.cat((self.slots, other.slots), -1)
        shares = torch.cat((mine * self.shares, theirs * other.shares), -1)
        return Read(value, log_mass, *_largest(slots, shares, min(self.slots.shape[-1], other.slots.shape[-1])))


def mapped(change: Callable[..., Tensor], *reads: Read) -> Read:
    """Apply a function to each part that the reads have: their values, log masses, slots and shares."""
    value, *rest = zip(*reads, strict=True)
    return Read(change(*value), *(None if part[0] is None else change(*part) for part in rest))


def _log_add(one: Tensor, two: Tensor) -> Tensor:
    # logaddexp of two infinities has no gradient: such rows take a harmless detour.
    empty = (one == -torch.inf) & (two == -torch.inf)
    return torch.logaddexp(one.masked_fill(empty, 0.0), two.masked_fill(empty, 0.0)).masked_fill(empty, -torch.inf)


def _part(log_mass: Tensor, whole: Tensor) -> Tensor:
    return (log_mass - whole.masked_fill(whole == -torch.inf, 0.0)).exp().unsqueeze(-1)


def _largest(slots: Tensor, shares: Tensor, k: int) -> tuple[Tensor, Tensor]:
    missing = slots < 0
    ranks = shares.detach().masked_fill(missing, -1.0)
    kept = best(ranks, slots.masked_fill(missing, _LAST_SLOT), k)
    return slots.gather(-1, kept), shares.gather(-1, kept)
