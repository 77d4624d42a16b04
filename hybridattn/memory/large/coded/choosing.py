"""Which slots of a block are scored again: by groups, so that most of the scores are looked at once."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

__all__ = ["GROUP", "Choice", "Wanted", "choose", "floors", "largest"]

GROUP = 16
"""Slots whose largest score stands for them."""
_CROWDED = 1 / 8
"""From this share of groups on it is cheaper to score the block exactly as a whole (measured)."""


_FEW = 1 / 32
"""Up to this share of groups, slots are scored again so that the rest can be left out."""


class Wanted(NamedTuple):
    """How right a read of a block has to be."""

    share: float
    """How much attention a single slot may misplace."""
    left_out: float
    """How much attention slots may have, all together, that are left out."""
    top: int
    """How many of the best slots have to be right."""


class Choice(NamedTuple):
    """Pairs of a query and a slot, query after query: `counts` (q,) of each, and the places of their slots (m,)."""

    counts: Tensor
    slots: Tensor


def largest(scores: Tensor) -> Tensor:
    """Give the largest score of each group of 16 slots: (n, q) -> (groups, q)."""
    spare = -len(scores) % GROUP
    whole = pad(scores, (0, 0, 0, spare), value=-torch.inf) if spare else scores
    return whole.view(-1, GROUP, scores.shape[1]).amax(1)


def floors(maxima: Tensor, error: Tensor, known: Tensor, wanted: Wanted, worst: Tensor | None) -> Tensor:
    """Give the score from which on slots are scored again, (q,).

    By what a wrong score would do: share times (exp(e) - 1) above what is wanted. Where few are above that share which
    all slots of the block may have and still be left out together: from that share on, so that the rest can be left
    out. And by what may be among the best: `worst` (q,) is the least exact score of the k best so far; k groups have a
    slot of at least the k-th of their largest scores, less e; what is less than either by another e cannot be among the
    best.
    """
    floor = known + math.log(wanted.share) - error.expm1().log()
    least = known + math.log(wanted.left_out / (GROUP * len(maxima))) - error
    few = (maxima >= least).sum(0) <= _FEW * len(maxima)
    floor = torch.where(few, torch.minimum(floor, least), floor)
    if worst is None:
        return floor
    top = wanted.top
    near = worst
    if len(maxima) >= top:
        near = torch.maximum(worst, maxima.topk(top, dim=0).values[-1] - error)
    return torch.minimum(floor, near - error)


def choose(scores: Tensor, maxima: Tensor, floor: Tensor) -> Choice | None:
    """Find the slots (n, q) whose scores are at least the floor (q,); None where there are too many to single out.

    The scores that are chosen become -inf, here and in the maxima: they are read apart.
    """
    row, group = (floor[:, None] <= maxima.T).nonzero(as_tuple=True)
    if len(row) > _CROWDED * maxima.numel():
        return None
    slots = group[:, None] * GROUP + torch.arange(GROUP, device=group.device)
    inside = slots < len(scores)
    slots = slots.clamp(max=len(scores) - 1)
    found = scores[slots, row[:, None]].masked_fill(~inside, -torch.inf)
    chosen = (found >= floor[row, None]) & inside
    maxima[group, row] = found.masked_fill(chosen, -torch.inf).amax(-1)
    counts = torch.zeros_like(floor, dtype=torch.int64).index_add_(0, row, chosen.sum(-1))
    pairs = slots[chosen]
    scores[pairs, torch.repeat_interleave(torch.arange(len(floor), device=row.device), counts)] = -torch.inf
    return Choice(counts, pairs)
