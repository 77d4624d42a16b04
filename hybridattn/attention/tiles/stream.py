"""Softmax reads with log mass and best slots, in one pass over tiles of scores: never a q x n matrix."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

from hybridattn.attention.tiles.layout import TILE, blocks, cut, in_company, join, picked
from hybridattn.attention.tiles.top import best, best_in_groups

__all__ = ["stream"]

_GROUP = 16
"""Slots that their largest score stands for until the best groups are known."""
_BUNDLE = 32
"""Groups that their largest score stands for, likewise."""
_ROWS = 1024
"""Queries of a tile, at most; a tile of fewer queries has more slots."""
_SPAN = 32
"""Tiles from one choice of the best groups to the next."""


def stream(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    beta: float,
    mask: Tensor | None,
    prior: Tensor | None,
    top: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """Give the softmax read (b, q, v), its log mass (b, q) and the `top` best slots (b, q, top).

    query (b, q, e), keys (b, n, e), values (b, n, v), mask and prior (1 or b, 1 or q, 1 or n). Slots fall by score,
    equals rise, missing ones are -1. The log mass has at least float32 precision. Value and log mass are differentiable
    once, but not by the prior, with memory O(q + n): the gradient of the log mass is beta times the read of the keys.
    """
    value, mass, slots = _Stream.apply(query, keys, values, beta, mask, prior, top)  # type: ignore[no-untyped-call]
    return value, mass, slots


class _Stream(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        keys: Tensor,
        values: Tensor,
        beta: float,
        mask: Tensor | None,
        prior: Tensor | None,
        top: int,
    ) -> tuple[Tensor, ...]:
        scaled = in_company(_scaled(query, beta))
        parts = [_pass_over(block, values[batch], top) for batch, _, block in _row_blocks(scaled, keys, mask, prior)]
        joined = (join(pieces, scaled.shape[1])[:, : query.shape[1]] for pieces in zip(*parts, strict=True))
        value, mass, slots = joined
        ctx.save_for_backward(query, keys, values, mask, prior, value, mass)
        ctx.beta = beta
        ctx.mark_non_differentiable(slots)
        return value.to(values.dtype), mass, slots

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, value_slope: Tensor, mass_slope: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        query, keys, values, mask, prior, value, mass = ctx.saved_tensors
        scaled = _scaled(query, ctx.beta)
        sides = (scaled, keys, values)
        for_query, for_keys, for_values = (torch.zeros_like(side, dtype=scaled.dtype) for side in sides)
        value_slope = value_slope.to(scaled.dtype)
        offset = (mass_slope - (value_slope * value).sum(-1)).unsqueeze(-2)
        # A row that nothing could be read from has log mass -inf; against +inf all of its shares are 0.
        level = mass.masked_fill(mass == -torch.inf, torch.inf).unsqueeze(-2)
        for batch, rows, block in _row_blocks(scaled, keys, mask, prior):
            slope = value_slope[batch, rows]
            for slots in block.tiles():
                shares = block.scores(slots).sub_(level[batch, :, rows]).exp_()
                for_values[batch, slots] += shares @ slope
                shares *= values[batch, slots].to(slope.dtype) @ slope.mT + offset[batch, :, rows]
                for_query[batch, rows] += shares.mT @ block.keys[:, slots].to(shares.dtype)
                for_keys[batch, slots] += shares @ block.query
        slopes = (for_query * ctx.beta).to(query.dtype), for_keys.to(keys.dtype), for_values.to(values.dtype)
        return *slopes, None, None, None, None


class _Block(NamedTuple):
    """Some rows of queries, already times beta, and all that their scores need.

    Tiles of scores are (b, n, q), slots before queries: what sums over slots then runs along the queries, which is
    several times faster than to sum along short groups.
    """

    query: Tensor
    keys: Tensor
    mask: Tensor | None
    prior: Tensor | None

    def part(self, batch: slice, rows: slice) -> "_Block":
        """Give some of the rows."""
        biases = (None if bias is None else cut(bias, batch, rows) for bias in (self.mask, self.prior))
        return _Block(self.query[batch, rows], self.keys[batch], *biases)

    def tiles(self) -> Iterator[slice]:
        """Give the slots of each tile."""
        return _steps(self.keys.shape[1], _width(self.query, self.keys))

    def room(self) -> Tensor:
        """Make room for the scores of a tile."""
        return self.query.new_empty(self.query.shape[0], _width(self.query, self.keys), self.query.shape[1])

    def scores(self, slots: slice, room: Tensor | None = None) -> Tensor:
        """Score a tile of slots, (b, n, q), in `room` if there is one."""
        room = self.room() if room is None else room
        keys = self.keys[:, slots].to(self.query.dtype)
        scores = room[:, : keys.shape[1]]
        _product(keys, self.query, scores)
        if self.prior is not None:
            scores += cut(self.prior, slice(None), slice(None), slots).mT
        if self.mask is not None:
            scores.masked_fill_(~cut(self.mask, slice(None), slice(None), slots).mT, -torch.inf)
        return scores

    def scores_of(self, slots: Tensor) -> Tensor:
        """Score other slots (b, q, m) for every row; -inf for those beyond the last."""
        known = slots.clamp(max=self.keys.shape[1] - 1)
        scores = (picked(self.keys, known).to(self.query.dtype) @ self.query.unsqueeze(-1)).squeeze(-1)
        if self.prior is not None:
            scores += _at(self.prior, known, self.keys.shape[1])
        if self.mask is not None:
            scores.masked_fill_(~_at(self.mask, known, self.keys.shape[1]), -torch.inf)
        return scores.masked_fill_(slots >= self.keys.shape[1], -torch.inf)


def _row_blocks(
    query: Tensor, keys: Tensor, mask: Tensor | None, prior: Tensor | None
) -> Iterator[tuple[slice, slice, _Block]]:
    for batch, rows in blocks(query.shape, _width(query, keys), TILE):
        yield batch, rows, _Block(query, keys, mask, prior).part(batch, rows)


def _pass_over(block: _Block, values: Tensor, top: int) -> tuple[Tensor, Tensor, Tensor]:
    """Go over all tiles once: value (b, q, v), log mass (b, q) and best slots (b, q, top)."""
    room = block.room()
    total = _Total(
        room.new_zeros(*block.query.shape[:2], values.shape[-1]),
        room.new_zeros(room.shape[0], 1, room.shape[2]),
        room.new_full((room.shape[0], 1, room.shape[2]), -torch.inf),
    )
    nothing = block.query.new_empty(*block.query.shape[:2], 0)
    found = _Groups(nothing, torch.empty_like(nothing, dtype=torch.int64))
    for span in _steps(block.keys.shape[1], _SPAN * room.shape[1]):
        maxima = room.new_empty(room.shape[0], -(-(span.stop - span.start) // _GROUP), room.shape[2])
        for tile in _steps(span.stop, room.shape[1], span.start):
            scores = block.scores(tile, room)
            largest = maxima[:, (tile.start - span.start) // _GROUP :][:, : -(-scores.shape[1] // _GROUP)]
            _largest(scores, room, largest)
            total = total.join_(scores, largest, values[:, tile].to(room.dtype))
        found = found.join(maxima, span.start // _GROUP, top) if top else found
    return *total.read(), _best_of_groups(block, found.groups, top)


class _Total(NamedTuple):
    """The sum over the slots so far of exp(score - level) times value, (b, q, v), and alone, (b, 1, q); their level."""

    value: Tensor
    mass: Tensor
    level: Tensor

    def join_(self, scores: Tensor, largest: Tensor, values: Tensor) -> "_Total":
        """Add a tile of scores (b, n, q), `largest` (b, m, q) those of its groups; uses up the scores and this sum."""
        level = torch.maximum(self.level, largest.amax(-2, keepdim=True))
        finite = level.masked_fill(level == -torch.inf, 0.0)
        shrink, shares = (self.level - finite).exp_(), scores.sub_(finite).exp_()
        mass = self.mass.mul_(shrink).add_(shares.sum(-2, keepdim=True))
        value = self.value.mul_(shrink.mT)
        if value.shape[0] == 1:  # a batch of one would be copied first
            value[0].addmm_(shares[0].T, values[0])
        else:
            value.baddbmm_(shares.mT, values)
        return _Total(value, mass, level)

    def read(self) -> tuple[Tensor, Tensor]:
        """Give the value (b, q, v), 0 where nothing was summed, and the log mass (b, q)."""
        value = self.value / self.mass.where(self.mass > 0, 1.0).mT
        return value, (self.mass.log() + self.level).squeeze(-2)


class _Groups(NamedTuple):
    """The best groups of slots so far, (b, q, k): the largest score in each, and its number."""

    scores: Tensor
    groups: Tensor

    def join(self, maxima: Tensor, first: int, top: int) -> "_Groups":
        """Put more groups, of which these are the largest scores (b, m, q), beside them, numbered from `first` on."""
        padded = pad(maxima, (0, 0, 0, -maxima.shape[1] % _BUNDLE), value=-torch.inf)
        bundles = padded.view(padded.shape[0], -1, _BUNDLE, padded.shape[2])
        newer, places = best_in_groups(bundles.permute(0, 3, 1, 2), bundles.amax(-2).mT, top)
        scores, groups = torch.cat((self.scores, newer), -1), torch.cat((self.groups, places + first), -1)
        kept = best(scores, groups, top)
        return _Groups(scores.gather(-1, kept), groups.gather(-1, kept))


def _best_of_groups(block: _Block, groups: Tensor, top: int) -> Tensor:
    """Choose the best slots of these groups, (b, q, top), few rows at a time."""
    kept = []
    for batch, rows in blocks(groups.shape, groups.shape[2] * _GROUP * block.keys.shape[-1], TILE):
        slots = (groups[batch, rows, :, None] * _GROUP + torch.arange(_GROUP, device=groups.device)).flatten(-2)
        scores = block.part(batch, rows).scores_of(slots)
        chosen = best(scores, slots, top)
        slots = slots.gather(-1, chosen).masked_fill(scores.gather(-1, chosen) == -torch.inf, -1)
        kept.append(pad(slots, (0, top - slots.shape[-1]), value=-1))
    return join(kept, groups.shape[1])


def _at(bias: Tensor, slots: Tensor, width: int) -> Tensor:
    return bias.expand(slots.shape[0], slots.shape[1], width).gather(-1, slots)


def _largest(scores: Tensor, room: Tensor, out: Tensor) -> None:
    """Put the largest of each group of these scores, which lie in `room`, into `out` (b, groups, q)."""
    whole = room[:, : out.shape[1] * _GROUP]
    whole[:, scores.shape[1] :] = -torch.inf
    torch.amax(whole.view(whole.shape[0], -1, _GROUP, whole.shape[2]), -2, out=out)


def _product(keys: Tensor, query: Tensor, scores: Tensor) -> None:
    if keys.shape[1] == 1:
        scores.copy_((in_company(keys) @ query.mT)[:, :1])
    elif keys.shape[0] == 1:  # a batch of one would be copied first
        torch.mm(keys[0], query[0].T, out=scores[0])
    else:
        torch.bmm(keys, query.mT, out=scores)


def _width(query: Tensor, keys: Tensor) -> int:
    rows, slots = max(1, min(query.shape[1], _ROWS)), keys.shape[1]
    return min(TILE // rows, slots + -slots % _GROUP) // _GROUP * _GROUP


def _scaled(query: Tensor, beta: float) -> Tensor:
    return query.to(torch.promote_types(query.dtype, torch.float32)) * beta


def _steps(stop: int, width: int, start: int = 0) -> Iterator[slice]:
    return (slice(step, min(step + width, stop)) for step in range(start, stop, width))
