"""Lists by the coarse quantiser of faiss, the index of its IVF family."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.memory.large.lists.kmeans import Centres, check_lists

__all__ = ["FaissLists"]


@dataclass(frozen=True)
class FaissLists:
    """Lists by the k-means of faiss, as its IVF indices have them (Johnson et al. 2017, arXiv 1702.08734).

    The package `faiss-cpu` is needed, the extra `ann`: `pip install "hybridattn[ann]"`. Without it `fit` raises
    ArgumentError; `KMeansLists` does the same in torch. Nothing of faiss is kept but the centres.

    Args:
        lists: how many lists, at least 1; fewer where there are fewer keys.
        iterations: how often centres move.
        sample: keys a list that k-means learns from.
        seed: what is drawn.
    """

    lists: int
    iterations: int = 10
    sample: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        check_lists(lists=self.lists, iterations=self.iterations, sample=self.sample)

    def fit(self, keys: Tensor) -> Centres:
        """Learn the centres from keys (n, d)."""
        faiss = _faiss()
        rows = keys.detach().cpu().float().contiguous()
        count = max(1, min(self.lists, len(rows)))
        if len(rows) <= 1:
            return Centres(rows if len(rows) else rows.new_zeros(1, rows.shape[1]))
        options = {"niter": self.iterations, "seed": self.seed, "max_points_per_centroid": self.sample}
        kmeans = faiss.Kmeans(rows.shape[1], count, min_points_per_centroid=1, **options)
        kmeans.train(rows.numpy())
        return Centres(torch.from_numpy(kmeans.centroids.copy()).to(keys.device))


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise ArgumentError(
            'FaissLists needs the package faiss-cpu: pip install "hybridattn[ann]"; KMeansLists needs no other package'
        ) from error
    return faiss
