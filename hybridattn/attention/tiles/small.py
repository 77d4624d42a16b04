"""Softmax reads with log mass and best slots that hold all of their scores at once: few calls for few scores."""

import torch
from torch import Tensor

from hybridattn.attention.separation import Softmax
from hybridattn.attention.tiles.choice import SPARE, choose
from hybridattn.attention.tiles.factors import Factors

__all__ = ["read_small"]

_SOFTMAX = Softmax()


def read_small(factors: Factors, values: Tensor, top: int) -> tuple[Tensor, ...]:
    """Give the softmax read (b, q, v), its log mass (b, q), the `top` best slots (b, q, top) and their shares."""
    scores = factors.rows()
    if factors.mask is None and factors.prior is None and scores.shape[-1]:  # no row is without a readable slot
        mass, weights = torch.logsumexp(scores, -1), torch.softmax(scores, -1)
    else:
        mass, weights = _SOFTMAX.potential(scores), _SOFTMAX.weights(scores)
    value = (weights @ values.to(weights.dtype)).to(values.dtype)
    slots = _best(factors, scores.detach(), top)
    return value, mass, slots, _shares(factors, weights, slots)


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
