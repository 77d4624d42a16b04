"""The shares of the best keys, without a matrix of all shares."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Asked", "Shares", "shares_of", "shares_of_weights"]

_SCORES = 1 << 19
"""Up to so many scores, 2 MiB of float32, are held at once: they stay in the cache of a core."""


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
    """(..., h, q, k) int64; -1 where no more keys have a share above 0."""
    shares: Tensor
    """(..., h, q, k), at least float32."""
    entropy: Tensor | None
    """(..., h, q), of all shares."""


def shares_of(asked: Asked, top: int, entropy: bool) -> Shares:
    """Give the `top` largest shares softmax(scores) of each query; equal ones in any order."""
    wide = torch.promote_types(_wide(asked.query), asked.keys.dtype)  # under autocast they may differ
    query, keys = asked.query.to(wide), _per_head(asked.keys, asked.query).to(wide)
    lead: tuple[int, ...] = tuple(torch.broadcast_shapes(query.shape[:-2], keys.shape[:-2]))  # type: ignore[no-untyped-call]
    q, n, k, b = query.shape[-2], keys.shape[-2], min(top, keys.shape[-2]), math.prod(lead)
    query, keys = (side.expand(*lead, -1, -1).reshape(b, *side.shape[-2:]) for side in (query, keys))
    masks = [_laid_out(mask, lead, q, n) for mask in (asked.allowed, asked.bias)]
    slots = torch.empty(len(query), q, k, dtype=torch.int64, device=query.device)
    shares = torch.empty(len(query), q, k, dtype=_wide(query), device=query.device)
    spread = torch.empty(len(query), q, dtype=_wide(query), device=query.device) if entropy else None
    rows = max(1, min(q, _SCORES // max(1, n)))
    heads = max(1, _SCORES // max(1, n * rows)) if rows == q else 1
    room = torch.empty(
        min(heads, len(query)) * rows * n, dtype=query.dtype, device=query.device
    )  # used again and again
    for first in range(0, len(query), heads):
        for start in range(0, q, rows):
            block = slice(first, first + heads), slice(start, start + rows)
            products = _products(query[block] * asked.scale, keys[block[0]], room)
            scores = _scores(asked, products, [_part(mask, block) for mask in masks], start)
            found = shares_of_weights(scores.softmax(-1), k, entropy)
            slots[block], shares[block] = found.slots, found.shares
            if spread is not None and found.entropy is not None:
                spread[block] = found.entropy
    spread = None if spread is None else spread.reshape(*lead, q)
    return Shares(slots.reshape(*lead, q, k), shares.reshape(*lead, q, k), spread)


def shares_of_weights(weights: Tensor, top: int, entropy: bool) -> Shares:
    """Give the `top` largest of shares (..., q, n) that somebody has computed already; rows of NaN read nothing."""
    shares, slots = _largest(weights, min(top, weights.shape[-1]))
    shares = shares.to(_wide(weights)).nan_to_num(nan=0.0)
    spread = torch.special.entr(weights.to(_wide(weights))).sum(-1).nan_to_num(nan=0.0) if entropy else None
    return Shares(slots.masked_fill(shares == 0, -1), shares, spread)


def _products(query: Tensor, keys: Tensor, room: Tensor) -> Tensor:
    """Give query . key for all pairs (b, q, n), in a room that has been paged in."""
    b, q, n = len(query), query.shape[1], keys.shape[1]
    return torch.bmm(query, keys.transpose(1, 2), out=room[: b * q * n].view(b, q, n))


def _scores(asked: Asked, scores: Tensor, masks: list[Tensor | None], start: int) -> Tensor:
    """Let bias and masks sway products of queries and keys, in place."""
    allowed, bias = masks
    if bias is not None:
        scores += bias
    if allowed is not None:
        scores.masked_fill_(~allowed, -torch.inf)
    if asked.causal:
        places = torch.arange(start, start + scores.shape[-2], device=scores.device)
        later = torch.arange(scores.shape[-1], device=scores.device) > places[:, None]
        scores.masked_fill_(later, -torch.inf)
    return scores


def _largest(weights: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Find the k largest of each row (b, q, n), falling: in the k groups of columns whose largest are the largest.

    With g groups, of the columns that are alike modulo g, g + k n / g numbers are compared by `topk` instead of n.
    """
    n = weights.shape[-1]
    groups = 1 << round(math.log2(max(1, k * n)) / 2)
    if groups + k * n // groups > n // 2:
        return torch.topk(weights, k)
    padded = functional.pad(weights, (0, -n % groups), value=-1.0) if n % groups else weights
    chosen = padded.reshape(*padded.shape[:-1], -1, groups).amax(-2).topk(k, sorted=False).indices
    columns = (chosen.unsqueeze(-1) + torch.arange(0, padded.shape[-1], groups, device=weights.device)).flatten(-2)
    best, places = padded.gather(-1, columns).topk(k)
    return best, columns.gather(-1, places)


def _per_head(keys: Tensor, query: Tensor) -> Tensor:
    """Repeat the heads of the keys for those of the queries that share them (grouped queries)."""
    if keys.ndim < 3 or query.ndim < 3 or query.shape[-3] <= keys.shape[-3] or keys.shape[-3] <= 1:
        return keys
    return keys.repeat_interleave(query.shape[-3] // keys.shape[-3], -3)


def _laid_out(mask: Tensor | None, lead: tuple[int, ...], q: int, n: int) -> Tensor | None:
    """Expand a mask to (b, q, n), or (1, q, n) where all are alike, without a copy where it can be helped."""
    if mask is None:
        return None
    if math.prod(mask.shape[:-2]) == 1:
        return mask.expand(*mask.shape[:-2], q, n).reshape(1, q, n)
    return mask.expand(*lead, q, n).reshape(math.prod(lead), q, n)


def _part(mask: Tensor | None, block: tuple[slice, slice]) -> Tensor | None:
    if mask is None:
        return None
    return mask[:, block[1]] if len(mask) == 1 else mask[block]


def _wide(tensor: Tensor) -> torch.dtype:
    return torch.promote_types(tensor.dtype, torch.float32)
