"""Which slots are the best, decided by scores that do not depend on the place of a key in a product."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from hybridattn.attention.tiles.factors import Factors
from hybridattn.attention.tiles.layout import TILE

__all__ = ["SPARE", "choose"]

SPARE = 4
"""How many candidates more than are wanted come from the fast scores: with them doubt is rare, but for duplicates."""


@torch.no_grad()
def choose(factors: Factors, candidates: Tensor, left_out: Tensor | None, top: int) -> Tensor:
    """Choose the `top` best slots by exact score, equals by slot: (b, q, top), falling, -1 where missing.

    candidates (b, q, m) are slots, m at least `top` unless they are all; left_out (b, q) the largest fast score that
    any other slot may have, None where there is no other. A slot that was left out can belong to the best only if its
    fast score comes within the rounding error of the last exact score chosen: such rows are decided among all slots.
    To look whether there are any costs nothing on a CPU but would make a GPU wait, so there the candidates decide.
    """
    slots = candidates.sort().values
    scores, order = factors.exact(slots).sort(stable=True, dim=-1, descending=True)
    slots = slots.gather(-1, order[..., :top]).masked_fill(scores[..., :top] == -torch.inf, -1)
    slots = pad(slots, (0, top - slots.shape[-1]), value=-1)
    if left_out is not None and slots.device.type == "cpu":
        least = scores[..., min(top, scores.shape[-1]) - 1]
        sure = (left_out == -torch.inf) | (least > left_out + factors.error(left_out))
        if not sure.all():
            _decide(factors, ~sure, least, slots)
    return slots


def _decide(factors: Factors, unsure: Tensor, least: Tensor, slots: Tensor) -> None:
    """Choose again, for these rows (b, q), into `slots`; `least` (b, q) is a score that all of the best reach."""
    for batch in unsure.any(-1).nonzero().flatten().tolist():
        rows = unsure[batch].nonzero().flatten()
        for some in torch.split(rows, max(1, TILE // factors.keys.shape[1])):
            part = factors.part(slice(batch, batch + 1), some)
            slots[batch, some] = _among_all(part, least[batch : batch + 1, some], slots.shape[-1])


def _among_all(factors: Factors, least: Tensor, top: int) -> Tensor:
    """Choose (r, top) for rows (1, r, e) among all slots that may reach the score `least` (1, r)."""
    scores = factors.rows()
    near = ~(scores < (least - factors.error(least)).unsqueeze(-1)) & (scores != -torch.inf)
    _, row, slot = near.nonzero(as_tuple=True)
    exact = factors.exact_pairs(row, slot)
    # By row, then by score, then by slot: sorts that keep the order of equals, from the last criterion to the first.
    order = exact.sort(stable=True, dim=-1, descending=True).indices
    order = order[row[order].sort(stable=True, dim=-1).indices]
    row, slot = row[order], slot[order]
    count = torch.bincount(row, minlength=scores.shape[1])
    rank = torch.arange(len(row), device=row.device) - (count.cumsum(0) - count)[row]
    kept = rank < top
    chosen = slot.new_full((scores.shape[1], top), -1)
    chosen[row[kept], rank[kept]] = slot[kept]
    return chosen
