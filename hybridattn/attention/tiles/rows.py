"""A read by any similarity and separation: whole rows of scores, few enough at a time to bound the memory."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.utils.checkpoint import checkpoint

from hybridattn.attention.separation import Separation, Softmax
from hybridattn.attention.similarity import Similarity
from hybridattn.attention.tiles.equals import as_first, first_equals
from hybridattn.attention.tiles.layout import TILE, blocks, join
from hybridattn.attention.tiles.lookup import Lookup
from hybridattn.attention.tiles.top import best_in_groups

__all__ = ["Parts", "is_hot", "read_rows", "row_potential"]

_GROUP = 16
_HOT = 1e12
_MOST = 2.0**100
_Part = Callable[[Lookup, Tensor | None], tuple[Tensor, ...]]


class Parts(NamedTuple):
    """The two parts that a read is made of: from queries and keys to scores, and from scores to weights."""

    similarity: Similarity
    separation: Separation

    def score(self, lookup: Lookup, first: Tensor | None) -> Tensor:
        """Score all slots, (b, q, n), in at least float32, equal keys alike if `first` names the first of equals."""
        query, keys, _, beta, mask, prior = lookup
        wide = torch.promote_types(query.dtype, torch.float32)
        alike = self.similarity(query.to(wide), keys.to(wide))
        if first is not None:
            alike = as_first(alike, first)
        scores = (_held(float(beta), alike) if is_hot(beta) else beta) * alike
        if prior is not None:
            scores = scores + prior.to(scores.dtype)
        return scores if mask is None else scores.masked_fill(~mask, -torch.inf)


def is_hot(beta: float | Tensor) -> bool:
    """Tell whether products with this beta may overflow where similarities are of ordinary size."""
    return not isinstance(beta, Tensor) and beta > _HOT


def _held(beta: float, alike: Tensor) -> Tensor:
    """Lower beta, row by row, to where the largest score is 2^100.

    Similarities that differ at all, by 2^-24 of themselves or 2^-53, still score so far apart that no share changes.
    What is avoided is inf - inf, in a softmax or in its slope.
    """
    largest = alike.detach().abs().amax(-1, keepdim=True) if alike.shape[-1] else alike.new_zeros(())
    return (_MOST / largest).clamp(max=beta)


def read_rows(lookup: Lookup, parts: Parts, top: int | None, *, with_potential: bool) -> tuple[Tensor, ...]:
    """Read what was laid out: value, if it is wanted the potential, and for a top the slots and shares of the best.

    At most `TILE` scores, or one row of them, are held at a time; they are computed again for the gradient.
    """
    separation = parts.separation

    def part(lookup: Lookup, first: Tensor | None) -> tuple[Tensor, ...]:
        scores = parts.score(lookup, first)
        weights = separation.weights(scores)
        value = (weights @ lookup.values.to(weights.dtype)).to(lookup.values.dtype)
        found = () if top is None else _top(scores, weights, isinstance(separation, Softmax), top)
        return value, *([separation.potential(scores)] if with_potential else []), *found

    return _by_rows(part, lookup, first_equals(lookup.keys))


def row_potential(lookup: Lookup, parts: Parts) -> Tensor:
    """Give the potential (b, q) of what was laid out."""

    def part(lookup: Lookup, first: Tensor | None) -> tuple[Tensor, ...]:
        return (parts.separation.potential(parts.score(lookup, first)),)

    return _by_rows(part, lookup, None)[0]


def _by_rows(part: _Part, lookup: Lookup, first: Tensor | None) -> tuple[Tensor, ...]:
    cuts = list(blocks(lookup.query.shape, lookup.keys.shape[-2], TILE))
    if len(cuts) <= 1:
        return part(lookup, first)
    done = [
        checkpoint(
            part,
            lookup.part(batch, rows),
            None if first is None else first[batch],
            use_reentrant=False,
            preserve_rng_state=False,
        )
        for batch, rows in cuts
    ]
    return tuple(join(pieces, lookup.query.shape[1]) for pieces in zip(*done, strict=True))


def _top(scores: Tensor, weights: Tensor, soft: bool, top: int) -> tuple[Tensor, Tensor]:
    # A softmax share that underflows is still a share; with any other separation weight 0 means that nothing was read,
    # and a negative weight moves the value as far as a positive one.
    if not scores.shape[-1]:
        return scores.new_full((*scores.shape[:-1], top), -1, dtype=torch.int64), scores.new_zeros(
            *scores.shape[:-1], top
        )
    ranks = (scores if soft else weights.abs().masked_fill(weights == 0, -torch.inf)).detach()
    padded = pad(ranks, (0, -ranks.shape[-1] % _GROUP), value=-torch.inf)
    groups = padded.view(*padded.shape[:-1], padded.shape[-1] // _GROUP, _GROUP)
    found, slots = best_in_groups(groups, groups.amax(-1), top)
    slots = pad(slots.masked_fill(found == -torch.inf, -1), (0, top - slots.shape[-1]), value=-1)
    return slots, weights.gather(-1, slots.clamp(min=0)).masked_fill(slots < 0, 0.0)
