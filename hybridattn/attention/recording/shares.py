"""The shares of the best keys, without a matrix of all shares."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Asked", "Shares", "shares_of", "shares_of_weights"]

_SCORES = 1 << 22
"""Up to so many scores, 16 MiB of float32, are held at once."""


class Asked(NamedTuple):
    """What one call of an attention function asked: scores = scale * query . key + bias where `allowed`."""

    query: Tensor
    """(..., h, q, d)"""
    keys: Tensor
    """(..., h, n, d); h may be fewer heads, each for several of the queries."""
    scale: float
    allowed: Tensor | None = None
    """bool, broadcasts to (..., h, q, n): True where a key may be read."""
    bias: Tensor | None = None
    """Added to the scores, broadcasts likewise."""
    causal: bool = False
    """Whether query i may read keys 0 to i only."""


class Shares(NamedTuple):
    """The best keys of each query and their shares, falling."""

    slots: Tensor
    """(..., h, q, k) int64; -1 where there are no more."""
    shares: Tensor
    """(..., h, q, k), at least float32; 0 where there is no key."""


def shares_of(asked: Asked, top: int) -> Shares:
    """Give the `top` largest shares softmax(scores) of each query; equal ones in any order."""
    query, keys = asked.query, _per_head(asked.keys, asked.query)
    lead: tuple[int, ...] = tuple(torch.broadcast_shapes(query.shape[:-2], keys.shape[:-2]))  # type: ignore[no-untyped-call]
    q, n, k = query.shape[-2], keys.shape[-2], min(top, keys.shape[-2])
    query = query.expand(*lead, -1, -1).reshape(-1, q, query.shape[-1])
    keys = keys.expand(*lead, -1, -1).reshape(-1, n, keys.shape[-1])
    masks = [_laid_out(mask, lead, q, n) for mask in (asked.allowed, asked.bias)]
    slots = torch.empty(len(query), q, k, dtype=torch.int64, device=query.device)
    shares = torch.empty(len(query), q, k, dtype=_wide(query), device=query.device)
    rows = max(1, min(q, _SCORES // max(1, n)))
    heads = max(1, _SCORES // max(1, n * rows)) if rows == q else 1
    for first in range(0, len(query), heads):
        for start in range(0, q, rows):
            block = slice(first, first + heads), slice(start, start + rows)
            scores = _scores(asked, query[block], keys[block[0]], [_part(mask, block) for mask in masks], start)
            shares[block], slots[block] = _best(scores, k)
    return Shares(slots.reshape(*lead, q, k), shares.reshape(*lead, q, k))


def shares_of_weights(weights: Tensor, top: int) -> Shares:
    """Give the `top` largest of shares (..., q, n) that somebody has computed already."""
    shares, slots = weights.to(_wide(weights)).nan_to_num(nan=0.0).topk(min(top, weights.shape[-1]))
    return Shares(slots.masked_fill(shares == 0, -1), shares)


def _scores(asked: Asked, query: Tensor, keys: Tensor, masks: list[Tensor | None], start: int) -> Tensor:
    wide = _wide(query)
    scores = torch.matmul(query * asked.scale, keys.transpose(-2, -1)).to(wide)
    allowed, bias = masks
    if bias is not None:
        scores = scores + bias
    if allowed is not None:
        scores = scores.masked_fill(~allowed, -torch.inf)
    if asked.causal:
        places = torch.arange(start, start + query.shape[-2], device=query.device)
        later = torch.arange(keys.shape[-2], device=query.device) > places[:, None]
        scores = scores.masked_fill(later, -torch.inf)
    return scores


def _best(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    mass = scores.logsumexp(-1, keepdim=True)
    best, slots = scores.topk(k, sorted=True)
    shares = (best - mass.masked_fill(mass == -torch.inf, 0.0)).exp()
    return shares, slots.masked_fill(best == -torch.inf, -1)


def _per_head(keys: Tensor, query: Tensor) -> Tensor:
    """Repeat the heads of the keys for those of the queries that share them (grouped queries)."""
    if keys.ndim < 3 or query.ndim < 3 or keys.shape[-3] in (1, query.shape[-3]):
        return keys
    return keys.repeat_interleave(query.shape[-3] // keys.shape[-3], -3)


def _laid_out(mask: Tensor | None, lead: tuple[int, ...], q: int, n: int) -> Tensor | None:
    """Expand a mask to (b, q, n), or (1, q, n) where all are alike, without a copy where it can be helped."""
    if mask is None:
        return None
    if math.prod(mask.shape[:-2]) == 1:
        return mask.expand(*mask.shape[:-2], q, n).reshape(1, q, n)
    return mask.expand(*lead, q, n).reshape(-1, q, n)


def _part(mask: Tensor | None, block: tuple[slice, slice]) -> Tensor | None:
    if mask is None:
        return None
    return mask[:, block[1]] if len(mask) == 1 else mask[block]


def _wide(tensor: Tensor) -> torch.dtype:
    return torch.promote_types(tensor.dtype, torch.float32)
