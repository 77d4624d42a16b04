"""Equal keys, found without scores: so that a separation is never shown two scores for what is one key."""

import torch
from torch import Tensor

from hybridattn.attention.tiles.layout import TILE, steps

__all__ = ["as_first", "first_equals"]

_GOLDEN = (5**0.5 - 1) / 2


def first_equals(keys: Tensor) -> Tensor | None:
    """Find for each key of (b, n, d) the lowest slot that holds an equal one: (b, n), or None where none are equal.

    A matrix product rounds equal keys differently by their place, and a separation that chooses would then choose by
    place. Which keys are equal does not depend on the query: they are sorted by one number each, summed in the same
    order for every key, in O(n (d + log n)). None is told on a CPU only: elsewhere it would have to be waited for.
    """
    keys = keys.detach()
    if not keys.shape[-2]:
        return None
    marks, order = _marks(keys).sort(stable=True, dim=-1)
    starts = torch.ones_like(marks, dtype=torch.bool)
    starts[..., 1:] = marks[..., 1:] != marks[..., :-1]
    looking = looks(keys)
    if looking and starts.all():
        return None
    places = torch.arange(marks.shape[-1], device=keys.device).expand_as(order)
    heads = order.gather(-1, places.where(starts, 0).cummax(-1).values)
    first = torch.empty_like(order).scatter_(-1, order, heads)
    alike = (keys == keys.gather(-2, first.unsqueeze(-1).expand_as(keys))).all(-1)
    if looking and not alike.all():  # different keys of the same mark (or NaN)
        return torch.stack([_first_by_sorting(each) for each in keys])
    return first.where(alike, places)


def looks(keys: Tensor) -> bool:
    """Tell whether numbers may be looked at: on a CPU, where nothing has to be waited for."""
    return keys.device.type == "cpu"


def as_first(scores: Tensor, first: Tensor) -> Tensor:
    """Give scores (b, q, n), the same for equal keys, as told by `first` (b, n); slopes stay where they were."""
    other = scores.detach().gather(-1, first.unsqueeze(-2).expand_as(scores))
    off = (other - scores.detach()).nan_to_num(0.0)  # of two infinite scores
    return scores + off


def _marks(keys: Tensor) -> Tensor:
    # In float64, so that different keys hardly ever share a mark.
    axes = torch.arange(1, keys.shape[-1] + 1, device=keys.device, dtype=torch.float64)
    weights = (axes * _GOLDEN).frac() + 0.5
    few = max(1, TILE // max(1, keys.shape[0] * keys.shape[-1]))
    return torch.cat([(keys[:, some] * weights).sum(-1) for some in steps(keys.shape[1], few)], -1)


def _first_by_sorting(keys: Tensor) -> Tensor:
    _, group = torch.unique(keys, dim=0, return_inverse=True)
    slots = torch.arange(len(keys), device=keys.device)
    lowest = torch.full_like(slots, len(keys)).scatter_reduce_(0, group, slots, "amin")
    return lowest[group]
