"""The update xi <- softmax(beta xi K^T) K, again and again, and the read that ends it, without the matrix."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

from hybridattn.memory.hflayers.arguments import Steps

__all__ = ["Heads", "associate", "settled", "weights"]

_LIMIT = 1000
"""Updates after which a state that has not come to rest is taken as it is."""


class Heads(NamedTuple):
    """What one association is computed from, head by head; a batch of 1 stands for all."""

    queries: Tensor
    """(B, H, L, d)"""
    keys: Tensor
    """(B, H, S, d)"""
    values: Tensor
    """(B, H, S, p)"""

    def expanded(self) -> "Heads":
        """Give every sample its own view of what is shared."""
        batch = next((part.shape[0] for part in self if part.shape[0] != 1), 1)
        return Heads(*(part.expand(batch, -1, -1, -1) for part in self))


def associate(heads: Heads, mask: Tensor | None, beta: float | Tensor, steps: Steps, dropout: float) -> Tensor:
    """Settle the queries and read the values: (B, H, L, p).

    Each update is one call of `scaled_dot_product_attention`, so memory is O(L + S) a step, with gradients too: they
    keep the states of all steps, and no matrix of L x S. Only dropout makes CPUs hold the matrix, in the last read.
    Queries that share one store are read in one go.
    """
    queries, keys, values = heads
    batch, states = queries.shape[0], queries.shape[2]
    if mask is not None or batch == 1 or keys.shape[0] > 1 or values.shape[0] > 1:
        queries, keys, values = heads.expanded()
        return _attend(settled(queries, keys, mask, beta, steps), keys, values, mask, beta, dropout)
    queries = queries.transpose(0, 1).flatten(1, 2).unsqueeze(0)
    found = _attend(settled(queries, keys, None, beta, steps), keys, values, None, beta, dropout)
    return found.view(found.shape[1], batch, states, found.shape[-1]).transpose(0, 1)


def weights(heads: Heads, mask: Tensor | None, beta: float | Tensor, steps: Steps) -> Tensor:
    """Give the whole association matrix of the last read, (B, H, L, S); the rows of states that see nothing are 0."""
    queries, keys, _ = heads.expanded()
    queries, scale = _sharpened(settled(queries, keys, mask, beta, steps), beta)
    scores = scale * (queries @ keys.mT)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask.to(scores.dtype)
    return scores.softmax(-1).masked_fill((scores == -torch.inf).all(-1, keepdim=True), 0.0)


def settled(queries: Tensor, keys: Tensor, mask: Tensor | None, beta: float | Tensor, steps: Steps) -> Tensor:
    """Give the states (B, H, L, d) after their updates; heads that have had theirs stay as they are."""
    if min(steps.counts) < 0:
        return _converged(queries, keys, mask, beta, steps)
    for step in range(max(steps.counts)):
        update = _attend(queries, keys, keys, mask, beta, 0.0)
        if step < min(steps.counts):
            queries = update
        else:
            queries = torch.where(_by_head([step < count for count in steps.counts], queries), update, queries)
    return queries


def _converged(queries: Tensor, keys: Tensor, mask: Tensor | None, beta: float | Tensor, steps: Steps) -> Tensor:
    # Each query has its own end: no other query, sample or head has a say in it.
    eps = torch.maximum(_by_head(steps.eps, queries), _rounding(keys, beta))
    free = _by_head([count < 0 for count in steps.counts], queries)
    counts = _by_head(steps.counts, queries)
    live = torch.ones_like(queries[..., :1], dtype=torch.bool) & (free | (counts > 0))
    for step in range(1, max(_LIMIT, *steps.counts) + 1):
        update = _attend(queries, keys, keys, mask, beta, 0.0)
        moved = (update.detach() - queries.detach()).norm(dim=-1, keepdim=True) > eps
        queries = torch.where(live, update, queries)
        live = live & torch.where(free, moved & (step < _LIMIT), step < counts)
        if not live.any():
            break
    return queries


def _rounding(keys: Tensor, beta: float | Tensor) -> Tensor:
    # A score is off by eps * beta * |k|^2 at most, and a state by as much of |k|: what moves less may move for ever.
    keys = keys.detach()
    size = keys.norm(dim=-1).amax(-1)[..., None, None] if keys.shape[-2] else keys.new_zeros(())
    sharpness = abs(beta.detach()) if isinstance(beta, Tensor) else abs(beta)
    slack = torch.finfo(keys.dtype).eps * size * (4 + 2 * sharpness * size * size)
    return slack.amax(-1, keepdim=True) if slack.ndim else slack


def _attend(
    queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, beta: float | Tensor, dropout: float
) -> Tensor:
    # On CPUs SDPA holds all scores as soon as keys and values differ in width.
    narrow, wide = queries.shape[-1], values.shape[-1]
    queries, scale = _sharpened(queries, beta)
    if narrow < wide:
        queries, keys = pad(queries, (0, wide - narrow)), pad(keys, (0, wide - narrow))
    elif wide < narrow:
        values = pad(values, (0, narrow - wide))
    if mask is not None and mask.dtype != torch.bool:
        mask = mask.to(queries.dtype)
    read = scaled_dot_product_attention(queries, keys, values, attn_mask=mask, dropout_p=dropout, scale=scale)
    return read[..., :wide]


def _sharpened(queries: Tensor, beta: float | Tensor) -> tuple[Tensor, float]:
    return (queries * beta.to(queries.dtype), 1.0) if isinstance(beta, Tensor) else (queries, beta)


def _by_head(numbers: object, like: Tensor) -> Tensor:
    made = torch.tensor(numbers, device=like.device)
    return (made.to(like.dtype) if made.is_floating_point() else made).view(-1, 1, 1)
