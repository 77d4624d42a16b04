"""Log mass and best slots of softmax reads in one pass over tiles of scores: never a q x n matrix, gradients too."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

from hybridattn.attention.layout import TILE, blocks, cut, in_company, join
from hybridattn.attention.top import best, best_in_groups

__all__ = ["log_mass_and_best"]

_GROUP = 16
"""Slots that their largest score stands for until the best groups are known."""
_BUNDLE = 32
"""Groups that their largest score stands for, likewise."""
_ROWS = 256
"""Queries of a tile, at most; a tile of fewer queries has more slots."""
_SPAN = 32
"""Tiles from one choice of the best groups to the next."""


def log_mass_and_best(
    query: Tensor, keys: Tensor, beta: float, mask: Tensor | None, prior: Tensor | None, top: int
) -> tuple[Tensor, Tensor]:
    """Give log sum_i exp(beta q . k_i + prior_i) over the unmasked i, (b, q), and the `top` best slots, (b, q, top).

    query (b, q, e), keys (b, n, e), mask and prior (1 or b, 1 or q, 1 or n). Slots fall by score, equals rise, missing
    ones are -1. The log mass has at least float32 precision; it is differentiable once, with memory O(q + n), and its
    gradient by the query is beta times the read with values = keys.
    """
    mass, slots = _LogMass.apply(query, keys, beta, mask, prior, top)  # type: ignore[no-untyped-call]
    return mass, slots


class _LogMass(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: Tensor, keys: Tensor, beta: float, mask: Tensor | None, prior: Tensor | None, top: int
    ) -> tuple[Tensor, Tensor]:
        scaled = in_company(_scaled(query, beta))
        parts = [_pass_over(block, top) for _, _, block in _row_blocks(scaled, keys, mask, prior)]
        mass, slots = (join(pieces, scaled.shape[1])[:, : query.shape[1]] for pieces in zip(*parts, strict=True))
        ctx.save_for_backward(query, keys, mask, prior, mass)
        ctx.beta = beta
        ctx.mark_non_differentiable(slots)
        return mass, slots

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        query, keys, mask, prior, mass = ctx.saved_tensors
        scaled = _scaled(query, ctx.beta)
        for_query, for_keys = torch.zeros_like(scaled), torch.zeros_like(keys, dtype=scaled.dtype)
        for batch, rows, block in _row_blocks(scaled, keys, mask, prior):
            # A row that nothing could be read from has log mass -inf; against +inf all of its shares are 0.
            level = mass[batch, rows].masked_fill(mass[batch, rows] == -torch.inf, torch.inf).unsqueeze(-2)
            for slots in block.tiles():
                shares = block.scores(slots).sub_(level).exp_().mul_(slope[batch, rows].unsqueeze(-2))
                for_query[batch, rows] += shares.mT @ block.keys[:, slots].to(shares.dtype)
                for_keys[batch, slots] += shares @ block.query
        return (for_query * ctx.beta).to(query.dtype), for_keys.to(keys.dtype), None, None, None, None


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
        which = torch.arange(self.keys.shape[0], device=slots.device)[:, None, None]
        scores = (self.keys[which, known].to(self.query.dtype) @ self.query.unsqueeze(-1)).squeeze(-1)
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


def _pass_over(block: _Block, top: int) -> tuple[Tensor, Tensor]:
    """Go over all tiles once: log mass (b, q) and best slots (b, q, top)."""
    room = block.room()
    nothing = block.query.new_empty(*block.query.shape[:2], 0)
    found = _Groups(nothing, torch.empty_like(nothing, dtype=torch.int64))
    masses: list[Tensor] = []
    for span in _steps(block.keys.shape[1], _SPAN * room.shape[1]):
        maxima = room.new_empty(room.shape[0], -(-(span.stop - span.start) // _GROUP), room.shape[2])
        for tile in _steps(span.stop, room.shape[1], span.start):
            scores = block.scores(tile, room)
            largest = maxima[:, (tile.start - span.start) // _GROUP :][:, : -(-scores.shape[1] // _GROUP)]
            _largest(scores, room, largest)
            masses.append(_log_sum_exp_(scores, largest.amax(-2, keepdim=True)))
        found = found.join(maxima, span.start // _GROUP, top) if top else found
    return torch.cat(masses, -2).logsumexp(-2), _best_of_groups(block, found.groups, top)


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


def _log_sum_exp_(scores: Tensor, largest: Tensor) -> Tensor:
    largest = largest.masked_fill(largest == -torch.inf, 0.0)
    return scores.sub_(largest).exp_().sum(-2, keepdim=True).log_().add_(largest)


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
