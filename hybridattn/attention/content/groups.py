"""Groups of rows and slots by content: by the nearest centre, or by a hash of the direction."""

import torch
from torch import Tensor

from hybridattn.attention.check import check_slots
from hybridattn.attention.compressed.clusters import cluster, cluster_means, nearest
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["LSH", "nearest_clusters"]


class LSH:
    """Hashes a direction to one of `buckets`: argmax([x R; -x R]) with R normal, (dim, buckets / 2), for each round.

    Angular hashing of Andoni et al. 2015, as in Kitaev et al. 2020 (Reformer, arXiv 2001.04451, section 2): near
    directions share a bucket often, in several rounds more surely. The length of a vector does not count; zero vectors
    go to bucket 0.

    Args:
        dim: width d.
        buckets: how many, even and at least 2.
        rounds: how many hashes each vector has.
        generator: where R comes from.
    """

    def __init__(self, dim: int, buckets: int, *, rounds: int = 1, generator: torch.Generator) -> None:
        for name, number in (("dim", dim), ("rounds", rounds)):
            if number < 1:
                raise ArgumentError(f"{name} must be at least 1; got {number}")
        if buckets < 2 or buckets % 2:
            raise ArgumentError(f"buckets must be even and at least 2; got {buckets}")
        self.directions = torch.randn(rounds, dim, buckets // 2, generator=generator)
        """R of each round, (rounds, d, buckets / 2)."""

    @torch.no_grad()
    def __call__(self, vectors: Tensor, /) -> Tensor:
        """Give the buckets of vectors (..., n, d), one a round: (rounds, ..., n) int64."""
        if vectors.shape[-1:] != self.directions.shape[1:2]:
            raise ShapeError(f"vectors must end in dim={self.directions.shape[1]}; got shape {tuple(vectors.shape)}")
        rounds = [vectors @ turn for turn in self.directions.to(vectors)]
        return torch.stack([torch.cat((along, -along), -1).argmax(-1) for along in rounds])


@torch.no_grad()
def nearest_clusters(
    query: Tensor, keys: Tensor, clusters: int, *, iterations: int = 5, slots: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Give the cluster of every row and slot, (..., q) and (..., n): that of the nearest centre of the keys.

    Clusters of the keys are those of `cluster`; with them a `grouped_read` is the routing of Roy et al. 2021 (arXiv
    2003.05997, section 4.1), whose centres are learned along the way and whose clusters are cut to equal size.

    Raises ShapeError and ArgumentError as `read` and `cluster`.

    >>> keys = torch.tensor([[0.0], [0.2], [5.0]])
    >>> nearest_clusters(torch.tensor([[4.0]]), keys, 2)
    (tensor([1]), tensor([0, 0, 1]))
    """
    check_slots(query, keys, keys, slots)
    numbers = cluster(keys, clusters, iterations=iterations, slots=slots)
    there = torch.ones_like(numbers, dtype=torch.bool) if slots is None else slots.expand(numbers.shape)
    counts, centres = cluster_means(keys, numbers, there, min(clusters, keys.shape[-2]))
    return nearest(query.to(centres.dtype), centres, counts > 0), numbers
