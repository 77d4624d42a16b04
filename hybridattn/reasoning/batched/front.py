"""The Pareto front of (frequency, confidence): a chain that is less sure now but more often right may win later."""

from typing import TYPE_CHECKING, NamedTuple

from hybridattn.reasoning.batched.joining import argsort_by, heads

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Selection", "pareto"]


class Selection(NamedTuple):
    """What `pareto` keeps."""

    kept: "Tensor"
    """(n,) bool."""
    cut: "Tensor"
    """The keys at which more than `width` rows were worth keeping."""


def pareto(key: "Tensor", frequency: "Tensor", confidence: "Tensor", bits: "Tensor", *, width: int) -> Selection:
    """Keep, of the rows with one key, those that no other row of the key dominates.

    A row dominates another if its frequency and its confidence are at least as high, and no observation that may
    matter later is in it alone; of equal rows the first is kept. Of more than `width` the surest are kept, of
    equally sure ones the more frequent, then those whose bits are the smaller numbers.

    Args:
        key: (n,) int64.
        frequency: (n,), in [0, 1].
        confidence: (n,), in [0, 1).
        bits: (n, words) int64, the shared observations (see `shared_bits`).
        width: how many rows a key may keep, from 1.
    """
    import torch

    order = torch.argsort(key, stable=True)
    first = heads(key[order])
    lone = first & torch.cat((first[1:], first.new_ones(1)))[: len(first)]
    kept = torch.zeros_like(key, dtype=torch.bool)
    kept[order[lone]] = True
    rest = order[~lone]
    words = bits[rest].unbind(1)  # of two equal truths the one with fewer observations comes first
    falls = (False, True, True, *(False for _ in words))
    alive = rest[argsort_by(key[rest], confidence[rest], frequency[rest], *words, descending=falls)]
    for _ in range(width):
        if not len(alive):
            break
        first = heads(key[alive])
        leaders = alive[first]
        kept[leaders] = True
        leader = leaders[first.cumsum(0) - 1]
        better = frequency[leader] >= frequency[alive]
        better &= ((bits[leader] & ~bits[alive]) == 0).all(-1)
        alive = alive[~better]
    return Selection(kept, torch.unique(key[alive]))
