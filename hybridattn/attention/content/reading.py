"""Reads in which content decides who may read whom: a group of rows reads the slots of the same group."""

import math
from collections.abc import Iterator
from typing import NamedTuple, Unpack

import torch
from torch import Tensor

from hybridattn.attention.check import check, check_slots
from hybridattn.attention.content.groups import LSH
from hybridattn.attention.positions.places import Parts, Places
from hybridattn.attention.read import read
from hybridattn.attention.result import Read, mapped
from hybridattn.attention.tiles.layout import TILE, broadcast, fits, steps
from hybridattn.attention.tiles.lookup import Lookup
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["grouped_read", "hashed_read"]

_ALL = Places()


def grouped_read(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    groups: tuple[Tensor, Tensor],
    *,
    places: Places = _ALL,
    slots: Tensor | None = None,
    **parts: Unpack[Parts],
) -> Read:
    """Read as `read` does, each row the slots of its own group only: O(q n d / g) with g groups of a size.

    The same as `read` with the mask row group == slot group, which is never held: rows and slots are sorted by group,
    and each group is one read.

    Args:
        query, keys, values: (..., q, d), (..., n, d) and (..., n, v).
        groups: int64 groups of the rows (..., q) and of the slots (..., n), as `nearest_clusters` gives them.
        places: a mask by position that holds besides, as `Places(Causal())`; its block size is not used, nor a prior.
        slots: (..., n) bool, True where there is a slot, as for padding.
        parts: what `read` takes; no mask, and beta is a number.

    Raises:
        ShapeError, ArgumentError: as `read`; groups that do not fit.

    >>> x = torch.tensor([[1.0], [3.0], [8.0]])
    >>> number = torch.tensor([0, 0, 1])
    >>> grouped_read(0 * x, x, x, (number, number)).value.flatten()
    tensor([2., 2., 8.])
    """
    _check(query, keys, values, places, slots, parts)
    return _grouped(_Asked(query, keys, values, slots, places, None), groups, parts)


def hashed_read(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    lsh: LSH,
    *,
    places: Places = _ALL,
    slots: Tensor | None = None,
    **parts: Unpack[Parts],
) -> Read:
    """Read by softmax the slots that share a bucket with the row in some round of hashing.

    Kitaev et al. 2020 (Reformer, arXiv 2001.04451, eq. 3-6, and for the rounds appendix A): a pair that meets in N
    rounds has weight exp(score) / N in each, so that the merge of the rounds is the softmax over all that meet. Whole
    buckets are read, where the paper cuts sorted sequences to chunks; queries are not keys, and a row may read its own
    slot.

    Arguments and errors are those of `grouped_read`; no top, and no other separation than `Softmax`.
    """
    _check(query, keys, values, places, slots, parts)
    if parts.get("top") is not None:
        raise ArgumentError(f"top must be None: rounds of hashing may name a slot twice; got {parts['top']}")
    rows, stored = lsh(query), lsh(keys)
    met = (rows, stored) if len(rows) > 1 else None
    wanted: Parts = {**parts, "log_mass": True}
    reads = [
        _grouped(_Asked(query, keys, values, slots, places, met), pair, wanted)
        for pair in zip(rows, stored, strict=True)
    ]
    found = reads[0]
    for other in reads[1:]:
        found = found.merge(other)
    return found if parts.get("log_mass") else found._replace(log_mass=None)


class _Asked(NamedTuple):
    query: Tensor
    keys: Tensor
    values: Tensor
    slots: Tensor | None
    places: Places
    met: tuple[Tensor, Tensor] | None
    """Buckets of rows and slots, (rounds, ..., q) and (rounds, ..., n), where a pair may meet more than once."""


def _check(query: Tensor, keys: Tensor, values: Tensor, places: Places, slots: Tensor | None, parts: Parts) -> None:
    if parts.get("mask") is not None or isinstance(parts.get("beta"), Tensor) or places.prior is not None:
        raise ArgumentError("a read by groups takes slots (..., n) and places, no mask or prior, and a number as beta")
    check_slots(query, keys, values, slots)
    check(Lookup(query, keys, values, parts.get("beta", 1.0)), parts.get("top"))
    if query.shape[-2]:
        places.reach(slice(0, query.shape[-2]), keys.shape[-2])  # raises where a mask does not go so far


def _grouped(asked: _Asked, groups: tuple[Tensor, Tensor], parts: Parts) -> Read:
    """Bring all leading axes to one, and read entry by entry of it."""
    q, n = asked.query.shape[-2], asked.keys.shape[-2]
    lead = broadcast(*(side.shape[:-2] for side in asked[:3]))
    for name, group, size in (("row groups", groups[0], q), ("slot groups", groups[1], n)):
        if group.shape[-1:] != (size,) or group.dtype != torch.int64:
            raise ShapeError(f"{name} must be int64 and end in {size}; got {group.dtype} {tuple(group.shape)}")
        if not fits(group.shape[:-1], lead):
            raise ShapeError(f"{name} must broadcast to {(*lead, size)}; got shape {tuple(group.shape)}")
        if group.numel() and group.min() < 0:
            raise ArgumentError(f"{name} must be at least 0; got {int(group.min())}")
    batch = math.prod(lead)
    flat = [side.expand(*lead, *side.shape[-2:]).reshape(batch, *side.shape[-2:]) for side in asked[:3]]
    rows, stored = (group.expand(*lead, size).reshape(batch, size) for group, size in zip(groups, (q, n), strict=True))
    there = None if asked.slots is None else asked.slots.expand(*lead, n).reshape(batch, n)
    met = None if asked.met is None else [_flat(buckets, lead) for buckets in asked.met]
    reads = []
    for one in range(batch):
        of_one = asked._replace(
            query=flat[0][one],
            keys=flat[1][one],
            values=flat[2][one],
            slots=None if there is None else there[one],
            met=None if met is None else (met[0][:, one], met[1][:, one]),
        )
        reads.append(_one(of_one, rows[one], stored[one], parts))
    if not reads:
        return read(asked.query, asked.keys, asked.values, **parts)
    return mapped(lambda *pieces: torch.stack(pieces).reshape(*lead, *pieces[0].shape), *reads)


def _flat(buckets: Tensor, lead: tuple[int, ...]) -> Tensor:
    """Bring (rounds, ..., n) to (rounds, b, n)."""
    rounds, n = len(buckets), buckets.shape[-1]
    missing = len(lead) + 2 - buckets.ndim
    laid = buckets.reshape(rounds, *[1] * missing, *buckets.shape[1:]).expand(rounds, *lead, n)
    return laid.reshape(rounds, math.prod(lead), n)


def _one(asked: _Asked, rows: Tensor, stored: Tensor, parts: Parts) -> Read:
    """Read one sequence: sort both sides by group, read group by group, and put the rows back."""
    by_row, by_slot = rows.argsort(stable=True), stored.argsort(stable=True)
    if asked.slots is not None:
        by_slot = by_slot[asked.slots[by_slot]]
    sides = asked.query[by_row], asked.keys[by_slot], asked.values[by_slot]
    pieces = list(_pieces(asked, (by_row, by_slot), sides, (rows, stored), parts))
    if not pieces:
        return read(asked.query, asked.keys, asked.values, **parts)
    back = by_row.argsort()
    return mapped(lambda *found: torch.cat(found)[back], *pieces)


def _pieces(
    asked: _Asked, orders: tuple[Tensor, Tensor], sides: tuple[Tensor, ...], groups: tuple[Tensor, Tensor], parts: Parts
) -> Iterator[Read]:
    some = int(max(group.max() if len(group) else -1 for group in groups)) + 1
    sizes = [torch.bincount(group[order], minlength=some).tolist() for group, order in zip(groups, orders, strict=True)]
    cut = [torch.split(side, sizes[number > 0], 0) for number, side in enumerate(sides)]
    at = [torch.split(order, size) for order, size in zip(orders, sizes, strict=True)]
    for query, keys, values, places, slots in zip(*cut, *at, strict=True):
        for part in steps(len(query), max(1, TILE // max(1, len(slots)))):
            mask, prior = _tile(asked, places[part], slots)
            of_part: Parts = {**parts, "mask": mask}
            found = read(query[part], keys, values, prior=prior, **of_part)
            if found.slots is not None:
                found = found._replace(slots=torch.cat((slots, slots.new_full((1,), -1)))[found.slots])
            yield found


def _tile(asked: _Asked, rows: Tensor, slots: Tensor) -> tuple[Tensor | None, Tensor | None]:
    mask, _ = asked.places.tile(rows, slots)
    if asked.met is None:
        return mask, None
    pairs = zip(asked.met[0][:, rows], asked.met[1][:, slots], strict=True)
    times = sum((one.unsqueeze(-1) == other).to(asked.query.dtype) for one, other in pairs)
    assert isinstance(times, Tensor)
    return mask, -times.log()
