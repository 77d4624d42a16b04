"""Softmax reads in few calls: by one call of attention, or with all of their scores at once."""

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

from hybridattn.attention.separation import Softmax
from hybridattn.attention.tiles.choice import SPARE, choose
from hybridattn.attention.tiles.factors import Factors
from hybridattn.attention.tiles.lookup import Lookup

__all__ = ["attend", "read_small"]

_SOFTMAX = Softmax()


def read_small(factors: Factors, values: Tensor, top: int) -> tuple[Tensor, ...]:
    """Give the softmax read (b, q, v), its log mass (b, q), the `top` best slots (b, q, top) and their shares."""
    scores = factors.rows()
    weights = _SOFTMAX.weights(scores) if factors.biased else torch.softmax(scores, -1)
    value = (weights @ values.to(weights.dtype)).to(values.dtype)
    slots = _best(factors, scores.detach(), top)
    return value, _mass(factors, scores, weights), slots, _shares(factors, weights, slots)


def attend(lookup: Lookup) -> Tensor:
    """Give the softmax read alone, (b, q, v), of what was laid out."""
    query, keys, values, beta, mask, prior = lookup
    assert not isinstance(beta, Tensor)
    # On CPUs SDPA holds all q x n scores as soon as keys and values differ in width, or have no width at all.
    narrow, wide = query.shape[-1], values.shape[-1]
    if narrow < wide or not narrow:
        query, keys = (pad(side, (0, max(wide, 1) - narrow)) for side in (query, keys))
    if wide < query.shape[-1]:
        values = pad(values, (0, query.shape[-1] - wide))
    bias = mask if prior is None else _biased(mask, prior, query.dtype)
    bias = None if bias is None else bias.unsqueeze(1)
    query, keys, values = query.unsqueeze(1), keys.unsqueeze(1), values.unsqueeze(1)
    return scaled_dot_product_attention(query, keys, values, attn_mask=bias, scale=beta)[:, 0, :, :wide]


def _biased(mask: Tensor | None, prior: Tensor, dtype: torch.dtype) -> Tensor:
    """Join mask and prior; in half precision relative to the largest of a row, so that what counts is in range."""
    prior = prior if mask is None else torch.where(mask, prior, -torch.inf)
    if prior.dtype != dtype and torch.finfo(dtype).bits < 32 and prior.shape[-1]:
        largest = prior.detach().amax(-1, keepdim=True)
        prior = prior - largest.where(largest.isfinite(), 0.0)
    return prior.to(dtype)


def _mass(factors: Factors, scores: Tensor, weights: Tensor) -> Tensor:
    if factors.biased:
        return _SOFTMAX.potential(scores)
    # The score less the log of its weight is the log mass for every slot, here the best: half the time of logsumexp.
    peak = scores.argmax(-1, keepdim=True)
    return (scores.gather(-1, peak) - weights.gather(-1, peak).log()).squeeze(-1)


def _best(factors: Factors, scores: Tensor, top: int) -> Tensor:
    n = scores.shape[-1]
    if not top or not n:
        return scores.new_full((*scores.shape[:-1], top), -1, dtype=torch.int64)
    found, slots = scores.topk(min(top + SPARE, n))
    return choose(factors, slots, found[..., -1] if slots.shape[-1] < n else None, top)


def _shares(factors: Factors, weights: Tensor, slots: Tensor) -> Tensor:
    """Give the shares of the best: equal for equal keys, and right to the last digits even where scores are huge."""
    if not slots.shape[-1] or not weights.shape[-1]:
        return torch.zeros_like(slots, dtype=weights.dtype)
    scores = factors.exact(slots)
    largest = weights.gather(-1, slots[..., :1].clamp(min=0))
    return (scores - scores[..., :1]).masked_fill(slots < 0, -torch.inf).exp() * largest
