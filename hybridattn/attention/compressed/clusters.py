"""Clusters of keys, by Lloyd's algorithm."""

import math

import torch
from torch import Tensor

from hybridattn.attention.check import check_slots
from hybridattn.attention.tiles.layout import TILE
from hybridattn.errors import ArgumentError

__all__ = ["cluster", "cluster_means", "nearest"]


@torch.no_grad()
def cluster(keys: Tensor, clusters: int, *, iterations: int = 5, slots: Tensor | None = None) -> Tensor:
    """Give the cluster of each key by Lloyd's algorithm, (..., n) int64 in [0, min(clusters, n)).

    keys (..., n, d); slots (..., n) bool, True where there is a slot: others belong to some cluster, but move none. A
    cluster that loses all keys keeps its centre. Equally near centres: the lower number. Raises ArgumentError for
    clusters or iterations below 1, ShapeError and ArgumentError for keys and slots that `read` would not take.
    """
    for name, number in (("clusters", clusters), ("iterations", iterations)):
        if number < 1:
            raise ArgumentError(f"{name} must be at least 1; got {number}")
    check_slots(keys, keys, keys, slots)
    n, wide = keys.shape[-2], torch.promote_types(keys.dtype, torch.float32)
    m = min(clusters, n)
    there = keys.new_ones(keys.shape[:-1], dtype=torch.bool) if slots is None else slots.expand(keys.shape[:-1])
    keys = torch.where(there.unsqueeze(-1), keys, 0.0).to(wide)
    centres = keys[..., _spread(there, m), :] if slots is None else keys.gather(-2, _among(there, m, keys))
    numbers = nearest(keys, centres)
    for _ in range(iterations - 1):
        counts, means = cluster_means(keys, numbers, there, m)
        centres = torch.where(counts.unsqueeze(-1) > 0, means, centres)
        numbers = nearest(keys, centres)
    return numbers


def _spread(there: Tensor, m: int) -> Tensor:
    return torch.arange(m, device=there.device) * there.shape[-1] // max(1, m)


def _among(there: Tensor, m: int, keys: Tensor) -> Tensor:
    """Give m slots that exist, equally far apart among those, as (..., m, d) for `gather`."""
    order = (~there).to(torch.int8).argsort(stable=True, dim=-1)
    number = there.sum(-1, keepdim=True)
    places = torch.arange(m, device=there.device) * number // max(1, m)
    found: Tensor = order.gather(-1, places.expand(*there.shape[:-1], m)).unsqueeze(-1)
    return found.expand(*found.shape[:-1], keys.shape[-1])


def nearest(vectors: Tensor, centres: Tensor, living: Tensor | None = None) -> Tensor:
    """Give the nearest centre (..., m, d) of each vector (..., n, d), of those that live (..., m): (..., n) int64."""
    if not centres.shape[-2]:
        return vectors.new_zeros(vectors.shape[:-1], dtype=torch.int64)
    half = centres.square().sum(-1).unsqueeze(-2) / 2
    if living is not None:
        half = half.masked_fill(~living.unsqueeze(-2), torch.inf)
    rows = max(1, TILE // (centres.shape[-2] * max(1, math.prod(vectors.shape[:-2]))))
    return torch.cat([(part @ centres.mT - half).argmax(-1) for part in torch.split(vectors, rows, -2)], -1)


def cluster_means(side: Tensor, numbers: Tensor, there: Tensor, m: int) -> tuple[Tensor, Tensor]:
    """Give how many slots each cluster has, (..., m), and the mean of the side over them, (..., m, d); 0 for none.

    Both are counted and summed in at least float32, and stay so.
    """
    wide = torch.promote_types(side.dtype, torch.float32)
    counts = torch.zeros(*numbers.shape[:-1], m, dtype=wide, device=side.device)
    counts = counts.scatter_add(-1, numbers, there.to(wide))
    sums = counts.new_zeros(*side.shape[:-2], m, side.shape[-1])
    whole = torch.where(there.unsqueeze(-1), side.to(wide), 0.0)
    sums = sums.scatter_add(-2, numbers.unsqueeze(-1).expand(whole.shape), whole)
    return counts, sums / counts.clamp(min=1).unsqueeze(-1)
