"""Reads in which position decides who reads whom: a block of rows at a time, with the slots that it reaches."""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple, Unpack

import torch
from torch import Tensor

from hybridattn.attention.check import check
from hybridattn.attention.positions.flex import flex_read, flexible
from hybridattn.attention.positions.places import Parts, Places
from hybridattn.attention.read import read
from hybridattn.attention.result import Read, mapped
from hybridattn.attention.tiles.layout import TILE, steps
from hybridattn.attention.tiles.lookup import Lookup
from hybridattn.errors import CompileError

__all__ = ["positional_read"]


def positional_read(query: Tensor, keys: Tensor, values: Tensor, places: Places, **parts: Unpack[Parts]) -> Read:
    """Read as `read` does, under a mask and a prior that position decides, in time and memory of what is reached.

    The same as `read(query, keys, values, mask=..., prior=...)` with the q x n matrices of the places, which are never
    held: each block of rows is read with the slots it reaches, so a band of w slots costs O(q w d). Any similarity and
    separation, top and log mass: each block is one `read`. On a GPU a softmax of dot products goes to FlexAttention,
    where torch compiles it. A row that may read nothing reads 0, with log mass -inf.

    Args:
        query, keys, values: (..., q, d), (..., n, d) and (..., n, v), as for `read`.
        places: mask, prior and where the rows start.
        parts: what `read` takes; its mask, bool and (..., q, n), here mostly (..., 1, n) for padding, holds besides.

    Raises:
        ShapeError, ArgumentError: as `read`; heads of a prior that are not axis -3 of the query.

    >>> from hybridattn.attention import Band
    >>> x = torch.tensor([[1.0], [2.0], [6.0]])
    >>> positional_read(0 * x, x, x, Places(Band(1))).value.flatten()
    tensor([1.0000, 1.5000, 4.0000])
    """
    lookup = Lookup(query, keys, values, parts.get("beta", 1.0), parts.get("mask"))
    check(lookup, parts.get("top"))
    places.check_heads(query)
    if flexible(query, values, parts):
        beta, log_mass = parts.get("beta", 1.0), parts.get("log_mass", False)
        with suppress(CompileError):
            return flex_read(query, keys, values, places, beta=beta, log_mass=log_mass)
    found = [_part(lookup, near, places, parts) for near in _nearby(lookup, places)]
    if not found:
        return read(query, keys, values, **parts)
    along = mapped(lambda *pieces: torch.cat(pieces, -2), *(one._replace(log_mass=None) for one in found))
    masses = [one.log_mass for one in found if one.log_mass is not None]
    return along._replace(log_mass=torch.cat(masses, -1) if masses else None)


class _Near(NamedTuple):
    """Some rows, and the slots that one of them reaches."""

    rows: slice
    slots: Tensor
    keys: Tensor
    values: Tensor


def _nearby(lookup: Lookup, places: Places) -> Iterator[_Near]:
    # Blocks are views that `split` made: their gradients are put together once, not added up one by one.
    n, block = lookup.keys.shape[-2], places.block
    keys, values = (torch.split(side, block, -2) for side in (lookup.keys, lookup.values))
    numbers = torch.split(torch.arange(n, device=lookup.keys.device), block)
    for rows in steps(lookup.query.shape[-2], block):
        reached = places.reach(rows, n) or [0]
        slots, near, stored = (
            _joined([side[b] for b in reached], axis) for side, axis in ((numbers, 0), (keys, -2), (values, -2))
        )
        heads = 1 if places.prior is None else places.prior.heads or 1
        for some in steps(rows.stop, max(1, TILE // max(1, heads * len(slots))), rows.start):
            yield _Near(some, slots, near, stored)


def _part(lookup: Lookup, near: _Near, places: Places, parts: Parts) -> Read:
    rows = torch.arange(near.rows.start, near.rows.stop, device=near.slots.device)
    mask, prior = places.tile(rows, near.slots)
    if lookup.mask is not None:
        given = _cut(lookup.mask, near.rows, near.slots)
        mask = given if mask is None else mask & given
    beta = lookup.beta
    if isinstance(beta, Tensor) and beta.ndim > 1 and beta.shape[-2] > 1:
        beta = beta[..., near.rows, :]
    of_part: Parts = {**parts, "mask": mask, "beta": beta}
    found = read(lookup.query[..., near.rows, :], near.keys, near.values, prior=prior, **of_part)
    if found.slots is None:
        return found
    numbers = torch.cat((near.slots, near.slots.new_full((1,), -1)))
    return found._replace(slots=numbers[found.slots])


def _cut(bias: Tensor, rows: slice, slots: Tensor) -> Tensor:
    if bias.ndim > 1 and bias.shape[-2] > 1:
        bias = bias[..., rows, :]
    return bias.index_select(-1, slots) if bias.ndim and bias.shape[-1] > 1 else bias


def _joined(pieces: list[Tensor], axis: int) -> Tensor:
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, axis)
