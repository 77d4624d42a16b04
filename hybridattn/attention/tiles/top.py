"""The k largest scores of each row, equals by slot: never left to the luck of a sort."""

import torch
from torch import Tensor

__all__ = ["best", "best_in_groups"]

_LOW_WORD = 0xFFFFFFFF
_MAGNITUDE = 0x7FFFFFFF


def best(scores: Tensor, slots: Tensor, k: int) -> Tensor:
    """Find the k largest scores of each row (all, if there are fewer), falling, equal scores by rising slot.

    scores (..., m), slots (..., m) int64 in [0, 2^32): gives their places along the last axis, (..., min(k, m)).
    `torch.topk` leaves the order of equals open, so an answer could depend on its neighbours in the batch.

    >>> best(torch.tensor([1.0, 2.0, 2.0]), torch.tensor([7, 9, 8]), 2)
    tensor([2, 1])
    """
    k = min(k, scores.shape[-1])
    if scores.dtype == torch.float32:
        return torch.topk(_ranks(scores, slots), k).indices
    by_slot = slots.argsort(-1)
    return by_slot.gather(-1, scores.gather(-1, by_slot).argsort(stable=True, dim=-1, descending=True)[..., :k])


def best_in_groups(groups: Tensor, maxima: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Keep the k largest of all the scores (..., m, g) of a row, looking inside the k best of its m groups only.

    maxima (..., m) are the largest of each group. Exact: a score that `best` would keep lies in a group whose maximum
    `best` would keep. Gives the scores and their places i * g + j, both (..., min(k, m * g)).
    """
    counted = torch.arange(groups.shape[-2], device=groups.device).expand(maxima.shape)
    kept = best(maxima, counted, k).unsqueeze(-1)
    scores = groups.gather(-2, kept.expand(*kept.shape[:-1], groups.shape[-1])).flatten(-2)
    places = (kept * groups.shape[-1] + torch.arange(groups.shape[-1], device=groups.device)).flatten(-2)
    chosen = best(scores, places, k)
    return scores.gather(-1, chosen), places.gather(-1, chosen)


def _ranks(scores: Tensor, slots: Tensor) -> Tensor:
    # The bits of a float32, read as an integer, rise with it (for negative numbers once their magnitude is flipped):
    # with score and slot in one int64, comparing ranks compares scores first and slots, lower first, second.
    bits = (scores + 0.0).view(torch.int32)
    rising = torch.where(bits < 0, bits ^ _MAGNITUDE, bits).to(torch.int64)
    return (rising << 32) | (_LOW_WORD - slots)
