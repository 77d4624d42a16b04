"""The best pairs of two lists, without looking at all pairs."""

import torch
from torch import Tensor

from hybridattn.attention.tiles.layout import in_company
from hybridattn.attention.tiles.top import best
from hybridattn.errors import ArgumentError

__all__ = ["best_pairs", "first_free"]


def best_pairs(rows: Tensor, sub_keys: Tensor, few: int, k: int, held: Tensor | None) -> tuple[Tensor, Tensor]:
    """Find the k best of the pairs of the `few` best first and second halves, scores falling, equals by rising place.

    rows (q, h, d), sub_keys (2, n, d / 2) or (2, h, n, d / 2); pair (i, j) has the sum of its halves' products as its
    score, at least float32, and place i n + j. Where `held` (n^2,) is given, the others score -inf.
    Gives scores and places (q, h, min(k, few^2)).
    """
    n, half = sub_keys.shape[-2:]
    wide = torch.promote_types(rows.dtype, torch.float32)
    halves = rows[..., :half].to(wide), rows[..., half:].to(wide)
    first, second = (_best_of(side, keys, few) for side, keys in zip(halves, sub_keys.to(wide), strict=True))
    scores = (first[0][..., :, None] + second[0][..., None, :]).flatten(-2)
    places = (first[1][..., :, None] * n + second[1][..., None, :]).flatten(-2)
    if held is not None:
        scores = scores.masked_fill(~held[places], -torch.inf)
    chosen = best(scores.detach(), places, k)
    return scores.gather(-1, chosen), places.gather(-1, chosen)


def _best_of(rows: Tensor, keys: Tensor, few: int) -> tuple[Tensor, Tensor]:
    """Score rows (q, h, e) with keys (n, e) or (h, n, e), and keep the best: scores and places (q, h, few)."""
    count = rows.shape[0]
    scores = (in_company(rows.transpose(0, 1)) @ keys.mT)[:, :count].transpose(0, 1)
    places = best(scores.detach(), torch.arange(keys.shape[-2], device=keys.device).expand(scores.shape), few)
    return scores.gather(-1, places), places


def first_free(wanted: Tensor, held: Tensor) -> Tensor:
    """Give each row of wanted places (m, c), one row after the other, the first that nobody has: (m,).

    held (n,) are taken from the start. Raises ArgumentError where a row finds none.
    """
    first = wanted[:, 0]
    if not held[first].any() and len(torch.unique(first)) == len(first):
        return first
    taken, given = set(held.nonzero().flatten().tolist()), []
    for row, places in enumerate(wanted.tolist()):
        free = next((place for place in places if place not in taken), None)
        if free is None:
            wanting = f"{len(places)} that the key in row {row} could have hold something"
            raise ArgumentError(f"keys must find a free slot; all {wanting}")
        taken.add(free)
        given.append(free)
    return torch.tensor(given, dtype=torch.int64, device=wanted.device)
