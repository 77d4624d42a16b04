"""Softmax reads with log mass and best slots, in one pass over tiles of scores: never a q x n matrix."""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from hybridattn.attention.tiles.choice import SPARE, choose
from hybridattn.attention.tiles.factors import GROUP, Factors
from hybridattn.attention.tiles.layout import TILE, blocks, join, steps
from hybridattn.attention.tiles.top import best, best_in_groups
from hybridattn.errors import ArgumentError

__all__ = ["stream"]

_BUNDLE = 32
"""Groups that their largest score stands for until the best are known."""
_SPAN = 32
"""Tiles from one choice of the best groups to the next."""


def stream(factors: Factors, values: Tensor, top: int) -> tuple[Tensor, Tensor, Tensor]:
    """Give the softmax read (b, q, v) of values (b, n, v), its log mass (b, q) and the `top` best slots (b, q, top).

    Slots fall by score, equals rise, missing ones are -1. The log mass has at least float32 precision. Value and log
    mass are differentiable once, but not by the prior, with memory O(q + n): the gradient of the log mass is the read
    of the keys.
    """
    value, mass, slots = _Stream.apply(values, top, *factors)  # type: ignore[no-untyped-call]
    return value, mass, slots


class _Stream(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, top: int, *factors: Any) -> tuple[Tensor, ...]:
        whole = Factors(*factors)
        parts = [_pass_over(block, values[batch], top) for batch, _, block in whole.blocks()]
        value, mass, slots = (join(pieces, whole.query.shape[1]) for pieces in zip(*parts, strict=True))
        ctx.save_for_backward(*factors, values, value, mass)
        ctx.mark_non_differentiable(slots)
        return value.to(values.dtype), mass, slots

    @staticmethod
    def backward(ctx: Any, value_slope: Tensor, mass_slope: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        with torch.no_grad():
            for_values, for_query, for_keys = _slopes(ctx, value_slope, mass_slope)
        if torch.is_grad_enabled():  # a graph of the gradient is wanted: it ends here, and says so
            for_values, for_query, for_keys = _Once.apply(for_values, for_query, for_keys, *ctx.saved_tensors[:2])  # type: ignore[no-untyped-call]
        return for_values, None, for_query, for_keys, None, None


class _Once(torch.autograd.Function):
    """Gradients as they are, which have none themselves: torch's `once_differentiable` would now and then give 0."""

    @staticmethod
    def forward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, ...]:
        return tuple(slope.clone() for slope in slopes[:3])

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, ...]:
        raise ArgumentError("a read with log mass or top of so many scores is differentiable once, not twice")


def _slopes(ctx: Any, value_slope: Tensor, mass_slope: Tensor) -> tuple[Tensor, ...]:
    *factors, values, value, mass = ctx.saved_tensors
    whole = Factors(*factors)
    wide = whole.query.dtype
    for_query, for_keys, for_values = (torch.zeros_like(side, dtype=wide) for side in (*whole[:2], values))
    value_slope = value_slope.to(wide)
    offset = (mass_slope - (value_slope * value).sum(-1)).unsqueeze(-2)
    # A row that nothing could be read from has log mass -inf; against +inf all of its shares are 0.
    level = mass.masked_fill(mass == -torch.inf, torch.inf).unsqueeze(-2)
    for batch, rows, block in whole.blocks():
        slope = value_slope[batch, rows]
        for slots in block.tiles():
            shares = block.tile(slots).sub_(level[batch, :, rows]).exp_()
            for_values[batch, slots] += shares @ slope
            shares *= values[batch, slots].to(wide) @ slope.mT + offset[batch, :, rows]
            for_query[batch, rows] += shares.mT @ block.keys[:, slots].to(wide)
            for_keys[batch, slots] += shares @ block.query
    return for_values.to(values.dtype), for_query, for_keys.to(whole.keys.dtype)


def _pass_over(block: Factors, values: Tensor, top: int) -> tuple[Tensor, Tensor, Tensor]:
    """Go over all tiles once: value (b, q, v), log mass (b, q) and best slots (b, q, top)."""
    room = block.room()
    total = _Total.nothing(room, values)
    nothing = block.query.new_empty(*block.query.shape[:2], 0)
    found = _Groups(nothing, torch.empty_like(nothing, dtype=torch.int64))
    for span in steps(block.keys.shape[1], _SPAN * room.shape[1]):
        maxima = room.new_empty(room.shape[0], -(-(span.stop - span.start) // GROUP), room.shape[2])
        for tile in steps(span.stop, room.shape[1], span.start):
            scores = block.tile(tile, room)
            largest = maxima[:, (tile.start - span.start) // GROUP :][:, : -(-scores.shape[1] // GROUP)]
            _largest(scores, room, largest)
            total = total.join_(scores, largest, values[:, tile].to(room.dtype))
        found = found.join(maxima, span.start // GROUP, top + SPARE) if top else found
    return *total.read(), _best_of_groups(block, found, top)


class _Total(NamedTuple):
    """The sum over the slots so far of exp(score - level) times value, (b, q, v), and alone, (b, 1, q); their level."""

    value: Tensor
    mass: Tensor
    level: Tensor

    @classmethod
    def nothing(cls, room: Tensor, values: Tensor) -> "_Total":
        """Give the sum over no slots, for tiles of scores in `room` and values (b, n, v)."""
        batch, _, rows = room.shape
        empty = room.new_full((batch, 1, rows), -torch.inf)
        return cls(room.new_zeros(batch, rows, values.shape[-1]), torch.zeros_like(empty), empty)

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


def _best_of_groups(block: Factors, found: _Groups, top: int) -> Tensor:
    """Choose the best slots of these groups, (b, q, top), few rows at a time."""
    if not top:
        return found.groups
    kept = []
    all_groups = -(-block.keys.shape[1] // GROUP)
    for batch, rows in blocks(found.groups.shape, found.groups.shape[2] * GROUP * block.keys.shape[-1], TILE):
        part, groups = block.part(batch, rows), found.groups[batch, rows]
        slots = (groups.unsqueeze(-1) * GROUP + torch.arange(GROUP, device=groups.device)).flatten(-2)
        scores, places = part.fast(slots).topk(min(top + SPARE, slots.shape[-1]))
        left_out = scores[..., -1:]
        if groups.shape[-1] < all_groups:
            left_out = torch.cat((left_out, found.scores[batch, rows, -1:]), -1)
        kept.append(choose(part, slots.gather(-1, places), left_out.amax(-1), top))
    return join(kept, found.groups.shape[1])


def _largest(scores: Tensor, room: Tensor, out: Tensor) -> None:
    """Put the largest of each group of these scores, which lie in `room`, into `out` (b, groups, q)."""
    whole = room[:, : out.shape[1] * GROUP]
    whole[:, scores.shape[1] :] = -torch.inf
    torch.amax(whole.view(whole.shape[0], -1, GROUP, whole.shape[2]), -2, out=out)
