"""Joins of sorted tensors: what leaves a node, where a key stands, how two sorted tables become one."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["argsort_by", "heads", "interleave", "join", "offsets", "ranges"]


def offsets(sorted_values: "Tensor", size: int) -> "Tensor":
    """Give where each value 0, 1, ... starts in a sorted tensor: (size + 1,) int64, the last is its length."""
    import torch

    return torch.searchsorted(sorted_values, torch.arange(size + 1, device=sorted_values.device))


def ranges(start: "Tensor", end: "Tensor") -> tuple["Tensor", "Tensor"]:
    """List the integers of the ranges [start, end): (m,) which range each belongs to, and (m,) the integers."""
    import torch

    count = end - start
    which = torch.repeat_interleave(torch.arange(len(count), device=count.device), count)
    before = count.cumsum(0) - count
    return which, torch.arange(len(which), device=count.device) + (start - before)[which]


def join(first: "Tensor", nodes: "Tensor") -> tuple["Tensor", "Tensor"]:
    """Pair each of `nodes` with all premises that leave it: (m,) which node, (m,) premise, in this order.

    Args:
        first: (nodes + 1,) where the premises of each node start, as `offsets` gives it.
        nodes: (q,) int64.
    """
    return ranges(first[nodes], first[nodes + 1])


def argsort_by(*keys: "Tensor", descending: tuple[bool, ...]) -> "Tensor":
    """Order rows by the first key, then the second, ...; rows that are equal in all keep their order."""
    import torch

    order = torch.arange(len(keys[0]), device=keys[0].device)
    for key, falls in zip(reversed(keys), reversed(descending), strict=True):
        order = order[torch.argsort(key[order], descending=falls, stable=True)]
    return order


def heads(sorted_keys: "Tensor") -> "Tensor":
    """Tell where a run of equal keys begins: (n,) bool."""
    import torch

    first = torch.ones_like(sorted_keys, dtype=torch.bool)
    first[1:] = sorted_keys[1:] != sorted_keys[:-1]
    return first


def interleave(keys: "Tensor", values: "Tensor", new_keys: "Tensor", new_values: "Tensor") -> tuple["Tensor", "Tensor"]:
    """Merge two tables that are sorted by key; of equal keys the old come first."""
    import torch

    size = len(keys) + len(new_keys)
    place = torch.searchsorted(keys, new_keys, right=True) + torch.arange(len(new_keys), device=keys.device)
    old = torch.ones(size, dtype=torch.bool, device=keys.device)
    old[place] = False
    where = old.nonzero().squeeze(1)
    merged = []
    for before, after in ((keys, new_keys), (values, new_values)):
        out = before.new_empty(size)
        out[where], out[place] = before, after
        merged.append(out)
    return merged[0], merged[1]
