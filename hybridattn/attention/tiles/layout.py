"""Many leading axes become one, and come back: every read is done on (b, q, d), (b, n, d) and (b, n, v)."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["TILE", "Layout", "blocks", "broadcast", "cut", "fits", "join", "lay_out", "picked", "steps"]

TILE = 1 << 21
"""How many scores are held at a time: 8 MiB of float32. Less costs calls, more leaves the cache (measured)."""


class Layout(NamedTuple):
    """Which leading axes are laid beside the queries, since no key, value, mask or prior differs along them."""

    lead: tuple[int, ...]
    order: tuple[int, ...]
    own: int
    queries: int

    def rows(self, query: Tensor) -> Tensor:
        """Lay query (..., q, d) out as (b, s * q, d), s the product of the shared axes."""
        spread = query.expand(*self.lead, *query.shape[-2:]).permute(*self.order, -2, -1)
        return spread.reshape(self._batch(), prod(self._sizes()[self.own :]) * self.queries, query.shape[-1])

    def slots(self, stored: Tensor) -> Tensor:
        """Lay keys or values (..., n, d), the same along every shared axis, out as (b, n, d)."""
        axes = len(self.lead) + 2 - stored.ndim
        stored = stored.reshape(*[1] * axes, *stored.shape).permute(*self.order, -2, -1)
        stored = stored.expand(*self._sizes()[: self.own], *stored.shape[self.own :])
        return stored.reshape(self._batch(), *stored.shape[-2:])

    def bias(self, bias: Tensor | None) -> Tensor | None:
        """Lay a mask or prior (..., q, n), q or n possibly 1, out as (1 or b, q, n); then no axis is shared."""
        if bias is None or bias.ndim < 2 or prod(bias.shape[:-2]) == 1:
            return None if bias is None else bias.reshape(1, *[1] * (2 - bias.ndim), *bias.shape[-2:])
        return bias.expand(*self.lead, *bias.shape[-2:]).reshape(self._batch(), *bias.shape[-2:])

    def back(self, rows: Tensor) -> Tensor:
        """Bring (b, s * q, ...) back to (..., q, ...)."""
        if not self.lead:
            return rows.squeeze(0)
        rest = rows.shape[2:]
        places = [self.order.index(axis) for axis in range(len(self.order))]
        after = range(len(places), len(places) + 1 + len(rest))
        return rows.reshape(*self._sizes(), self.queries, *rest).permute(*places, *after)

    def _sizes(self) -> list[int]:
        return [self.lead[axis] for axis in self.order]

    def _batch(self) -> int:
        return prod(self._sizes()[: self.own])


def lay_out(query: Tensor, keys: Tensor, values: Tensor, biases: Sequence[Tensor]) -> Layout:
    """Find the layout of a read; raises RuntimeError where the leading axes do not broadcast."""
    leads = [tensor.shape[:-2] for tensor in (query, keys, values, *biases)]
    lead = broadcast(*leads)
    axes = range(len(lead))
    stored = broadcast(*leads[1:3])
    stored = (*[1] * (len(lead) - len(stored)), *stored)
    own = [axis for axis in axes if biases or stored[axis] != 1]
    return Layout(lead, (*own, *(axis for axis in axes if axis not in own)), len(own), query.shape[-2])


def broadcast(*shapes: Sequence[int]) -> tuple[int, ...]:
    """Give the shape that the shapes have together; raises RuntimeError where they have none."""
    return tuple(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]


def fits(shape: Sequence[int], whole: tuple[int, ...]) -> bool:
    """Tell whether the shape broadcasts to the whole one."""
    try:
        return broadcast(shape, whole) == whole
    except RuntimeError:
        return False


def blocks(shape: Sequence[int], width: int, budget: int) -> Iterator[tuple[slice, slice]]:
    """Cut batch x rows, the first two sizes of `shape`, into blocks of at most `budget` numbers, `width` a row."""
    batch, rows = shape[:2]
    high = max(1, min(rows, budget // max(1, width)))
    deep = max(1, min(batch, budget // max(1, high * width)))
    for start in range(0, batch, deep):
        for row in range(0, rows, high):
            yield slice(start, start + deep), slice(row, row + high)


def cut(tensor: Tensor, *slices: slice | Tensor) -> Tensor:
    """Slice the leading axes of a tensor, but leave axes of size 1, which broadcast, whole."""
    return tensor[tuple(part if size > 1 else slice(None) for part, size in zip(slices, tensor.shape, strict=False))]


def join(pieces: Sequence[Tensor], rows: int) -> Tensor:
    """Put what was made of the `blocks` of batch x rows together again: (b, q, ...)."""
    high = pieces[0].shape[1]
    across = -(-rows // high)
    bands = [torch.cat(tuple(pieces[start : start + across]), 1) for start in range(0, len(pieces), across)]
    return torch.cat(bands)


def picked(stored: Tensor, slots: Tensor) -> Tensor:
    """Pick slots for each query: stored (b, n, d), slots (b, q, m) in [0, n) -> (b, q, m, d)."""
    first = torch.arange(stored.shape[0], device=slots.device)[:, None, None] * stored.shape[1]
    rows = stored.flatten(0, 1).index_select(0, (slots + first).flatten())
    return rows.view(*slots.shape, stored.shape[-1])


def steps(stop: int, width: int, start: int = 0) -> Iterator[slice]:
    """Cut [start, stop) into slices of at most `width`."""
    return (slice(step, min(step + width, stop)) for step in range(start, stop, width))
