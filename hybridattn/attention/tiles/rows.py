"""A read by any similarity and separation: whole rows of scores, few enough at a time to bound the memory."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.utils.checkpoint import checkpoint

from hybridattn.attention.separation import Separation, Softmax
from hybridattn.attention.similarity import Similarity
from hybridattn.attention.tiles.layout import TILE, blocks, cut, in_company, join
from hybridattn.attention.tiles.top import best_in_groups

__all__ = ["Scoring", "read_rows", "row_potential"]

_GROUP = 16
_Part = Callable[..., tuple[Tensor, ...]]


class Scoring(NamedTuple):
    """How scores come about: beta * similarity(query, keys) + prior, -inf where masked; parts are laid out."""

    similarity: Similarity
    beta: float | Tensor
    mask: Tensor | None
    prior: Tensor | None

    def of(self, batch: slice, rows: slice) -> "Scoring":
        """Give the scoring of a block of rows."""
        beta = cut(self.beta, batch, rows) if isinstance(self.beta, Tensor) else self.beta
        mask, prior = (None if bias is None else cut(bias, batch, rows) for bias in (self.mask, self.prior))
        return Scoring(self.similarity, beta, mask, prior)

    def __call__(self, query: Tensor, keys: Tensor) -> Tensor:
        """Score query (b, q, d) against keys (b, n, d): (b, q, n) in at least float32."""
        wide = torch.promote_types(query.dtype, torch.float32)
        rows = in_company(query.to(wide))
        scores = self.beta * self.similarity(rows, keys.to(wide))[:, : query.shape[1]]
        if self.prior is not None:
            scores = scores + self.prior
        return scores if self.mask is None else scores.masked_fill(~self.mask, -torch.inf)


def read_rows(
    query: Tensor, keys: Tensor, values: Tensor, scoring: Scoring, separation: Separation, top: int | None
) -> tuple[Tensor, ...]:
    """Read (b, q, d) from (b, n, d) and (b, n, v): value, potential, and for a top the slots and shares of the best.

    At most `TILE` scores, or one row of them, are held at a time; they are computed again for the gradient.
    """

    def part(query: Tensor, keys: Tensor, values: Tensor, scoring: Scoring) -> tuple[Tensor, ...]:
        scores = scoring(query, keys)
        weights = separation.weights(scores)
        value = (weights @ values.to(weights.dtype)).to(values.dtype)
        found = () if top is None else _top(scores, weights, isinstance(separation, Softmax), top)
        return value, separation.potential(scores), *found

    return _by_rows(part, query, (keys, values), scoring)


def row_potential(query: Tensor, keys: Tensor, scoring: Scoring, separation: Separation) -> Tensor:
    """Give the potential (b, q) of the scores of query (b, q, d) against keys (b, n, d)."""

    def part(query: Tensor, keys: Tensor, scoring: Scoring) -> tuple[Tensor, ...]:
        return (separation.potential(scoring(query, keys)),)

    return _by_rows(part, query, (keys,), scoring)[0]


def _by_rows(part: _Part, query: Tensor, stored: tuple[Tensor, ...], scoring: Scoring) -> tuple[Tensor, ...]:
    cuts = list(blocks(query.shape, stored[0].shape[-2], TILE))
    if len(cuts) <= 1:
        return part(query, *stored, scoring)
    done = [
        checkpoint(
            part,
            query[batch, rows],
            *(each[batch] for each in stored),
            scoring.of(batch, rows),
            use_reentrant=False,
            preserve_rng_state=False,
        )
        for batch, rows in cuts
    ]
    return tuple(join(pieces, query.shape[1]) for pieces in zip(*done, strict=True))


def _top(scores: Tensor, weights: Tensor, soft: bool, top: int) -> tuple[Tensor, Tensor]:
    # A softmax share that underflows is still a share; with any other separation weight 0 means that nothing was read.
    if not scores.shape[-1]:
        return scores.new_full((*scores.shape[:-1], top), -1, dtype=torch.int64), scores.new_zeros(
            *scores.shape[:-1], top
        )
    ranks = (scores if soft else weights.masked_fill(weights == 0, -torch.inf)).detach()
    padded = pad(ranks, (0, -ranks.shape[-1] % _GROUP), value=-torch.inf)
    groups = padded.view(*padded.shape[:-1], padded.shape[-1] // _GROUP, _GROUP)
    found, slots = best_in_groups(groups, groups.amax(-1), top)
    slots = pad(slots.masked_fill(found == -torch.inf, -1), (0, top - slots.shape[-1]), value=-1)
    return slots, weights.gather(-1, slots.clamp(min=0)).masked_fill(slots < 0, 0.0)
