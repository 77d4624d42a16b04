"""Few slots that stand for groups by content: learned points that read, and centres of clusters."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hybridattn.attention.check import check_slots
from hybridattn.attention.compressed.clusters import cluster, cluster_means
from hybridattn.attention.compressed.protocol import Compressed, prior_of_any
from hybridattn.attention.read import read
from hybridattn.attention.tiles.layout import broadcast
from hybridattn.errors import ArgumentError

__all__ = ["InducingPoints", "KMeans"]


class InducingPoints(nn.Module):
    """Trained points read the slots, and rows read what they have read: softmax(q H_k) H_v, H = softmax(P k) (k, v).

    The induced set attention of Lee et al. 2019 (arXiv 1810.00825, eq. 10), bare: without the layers around it.

    Args:
        points: how many, m.
        dim: width d of keys.
        beta: of the points' softmax.
        generator: where the points start, normal.
    """

    def __init__(self, points: int, dim: int, *, beta: float = 1.0, generator: torch.Generator) -> None:
        super().__init__()
        for name, number in (("points", points), ("dim", dim)):
            if number < 1:
                raise ArgumentError(f"{name} must be at least 1; got {number}")
        self.beta = beta
        self.points = nn.Parameter(torch.randn(points, dim, generator=generator))
        """P, (m, d)."""

    def forward(self, query: Tensor, keys: Tensor, values: Tensor, slots: Tensor | None = None, /) -> Compressed:
        """Give what the points read of keys and of values."""
        check_slots(keys, keys, values, slots)
        if slots is not None:
            keys, values = (torch.where(slots.unsqueeze(-1), side, 0.0) for side in (keys, values))
        mask = None if slots is None else slots.unsqueeze(-2)
        points = self.points.to(keys.dtype)
        both = torch.cat((_beside(keys, values), _beside(values, keys)), -1)
        found = read(points, keys, both, beta=self.beta, mask=mask).value
        prior = prior_of_any(query, keys, slots, len(points))
        return Compressed(found[..., : keys.shape[-1]], found[..., keys.shape[-1] :], prior)


@dataclass(frozen=True)
class KMeans:
    """Centres of clusters of the keys, with the mean value of each and the log of its count as prior.

    Softmax attention is exp(q . k) summed over slots; with every key moved to its centre it is this, so it is exact for
    keys that are their centres (the prototypes of Lin et al. 2022, arXiv 2106.04554, section 4.3; clustered as in
    Vyas et al. 2020, arXiv 2007.04825, there on queries). Lloyd's algorithm starts at keys that are equally far apart
    along the slots, so nothing is drawn; the gradient takes the clusters as given.

    clusters, iterations: at least 1, else ArgumentError; there are no more clusters than slots.

    >>> keys = torch.tensor([[0.0], [0.2], [5.0]])
    >>> KMeans(2)(keys, keys, keys).keys.tolist()
    [[0.10000000149011612], [5.0]]
    """

    clusters: int
    iterations: int = 5

    def __post_init__(self) -> None:
        for name, number in (("clusters", self.clusters), ("iterations", self.iterations)):
            if number < 1:
                raise ArgumentError(f"{name} must be at least 1; got {number}")

    def __call__(self, query: Tensor, keys: Tensor, values: Tensor, slots: Tensor | None = None, /) -> Compressed:
        """Give the centres, the mean values, and the log of the counts."""
        check_slots(keys, keys, values, slots)
        lead = broadcast(keys.shape[:-2], values.shape[:-2], () if slots is None else slots.shape[:-1])
        keys, values = (side.expand(*lead, *side.shape[-2:]) for side in (keys, values))
        there = keys.new_ones(keys.shape[:-1], dtype=torch.bool) if slots is None else slots.expand(keys.shape[:-1])
        keys, values = (torch.where(there.unsqueeze(-1), side, 0.0) for side in (keys, values))
        numbers = cluster(keys, self.clusters, iterations=self.iterations, slots=there)
        m = min(self.clusters, keys.shape[-2])
        counts, centres = cluster_means(keys, numbers, there, m)
        means = cluster_means(values, numbers, there, m)[1]
        return Compressed(centres.to(keys.dtype), means.to(values.dtype), counts.log().to(query.dtype).unsqueeze(-2))


def _beside(side: Tensor, other: Tensor) -> Tensor:
    return side.expand(*broadcast(side.shape[:-2], other.shape[:-2]), *side.shape[-2:])
