"""What a compression is: many slots become few, and the few are read."""

from typing import NamedTuple, Protocol, Unpack

import torch
from torch import Tensor

from hybridattn.attention.check import check_slots
from hybridattn.attention.positions.places import Parts
from hybridattn.attention.read import read
from hybridattn.attention.result import Read
from hybridattn.errors import ArgumentError

__all__ = ["Compressed", "Compression", "compressed_read", "prior_of_any"]


class Compressed(NamedTuple):
    """The few slots that stand for many."""

    keys: Tensor
    """(..., m, d)."""
    values: Tensor
    """(..., m, v)."""
    prior: Tensor | None = None
    """(..., 1, m) that is added to their scores, as the log of how many each stands for; -inf where for none."""


class Compression(Protocol):
    """Makes few slots of many; what it gives may be read, or written into a memory and read there."""

    def __call__(self, query: Tensor, keys: Tensor, values: Tensor, slots: Tensor | None = None, /) -> Compressed:
        """Compress keys (..., n, d) and values (..., n, v) for a query (..., q, d); slots (..., n) says which exist."""
        ...


def compressed_read(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    compression: Compression,
    *,
    slots: Tensor | None = None,
    **parts: Unpack[Parts],
) -> Read:
    """Read the few slots that a compression makes of many: O((q + n) m d) in place of O(q n d).

    Args:
        query, keys, values: (..., q, d), (..., n, d) and (..., n, v).
        compression: from n slots to m.
        slots: (..., n) bool, True where there is a slot, as for padding.
        parts: what `read` takes; no mask, for what is read is no slot. A top names the few, 0 to m - 1.

    Raises:
        ShapeError, ArgumentError: as `read` and the compression do; a mask.

    >>> import torch
    >>> from hybridattn.attention import Pooled
    >>> x = torch.tensor([[1.0], [3.0], [8.0], [8.0]])
    >>> compressed_read(0 * x[:1], x, x, Pooled(2)).value
    tensor([[5.]])
    """
    if parts.get("mask") is not None:
        raise ArgumentError("a compression takes slots (..., n), not a mask: rows share what was made of the slots")
    check_slots(query, keys, values, slots)
    few = compression(query, keys, values, slots)
    return read(query, few.keys, few.values, prior=few.prior, **parts)


def prior_of_any(query: Tensor, keys: Tensor, slots: Tensor | None, m: int) -> Tensor | None:
    """Give the prior (..., 1, m) of slots that stand for all: -inf where there is no slot, and None where all are."""
    if slots is None and keys.shape[-2]:
        return None
    there = keys.new_zeros((), dtype=torch.bool) if slots is None else slots.any(-1)
    prior = torch.where(there, 0.0, -torch.inf).to(query.dtype)
    return prior[..., None, None].expand(*prior.shape, 1, m)
