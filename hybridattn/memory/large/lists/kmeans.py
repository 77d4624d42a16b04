"""Lists by k-means, in torch alone."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError

__all__ = ["Centres", "KMeansLists", "check_lists"]

_SCORES = 1 << 22
"""Distances that are held at once."""


class Centres:
    """Fitted lists: a key belongs to the nearest centre (L, d), of equals to the first."""

    def __init__(self, centres: Tensor) -> None:
        self.centres = centres

    @property
    def lists(self) -> int:
        """How many centres there are."""
        return len(self.centres)

    def assign(self, keys: Tensor) -> Tensor:
        """Give for keys (m, d) the places of their centres (m,)."""
        near = self.centres.to(keys.device)
        half = near.square().sum(-1) / 2  # |x - c|^2 = |x|^2 - 2 (x.c - |c|^2 / 2)
        step = max(1, min(len(keys), _SCORES // max(1, len(near))))
        found = torch.empty(len(keys), dtype=torch.int64, device=keys.device)
        room = near.new_empty(step, len(near))  # one for all: a heap full of holes would take many times as much
        for start in range(0, len(keys), step):
            rows = keys[start : start + step].detach().to(near.dtype)
            found[start : start + step] = torch.addmm(-half, rows, near.T, out=room[: len(rows)]).argmax(-1)
        return found


@dataclass(frozen=True)
class KMeansLists:
    """Lists by Lloyd's k-means from random keys: no other package is needed.

    Args:
        lists: how many lists, at least 1; fewer where there are fewer keys. About 4 sqrt(n) serves n slots well.
        iterations: how often centres move to the means of what is nearest.
        sample: keys a list that k-means learns from, drawn at random.
        seed: what is drawn.

    >>> fitted = KMeansLists(2).fit(torch.tensor([[0.0], [0.1], [5.0]]))
    >>> a, b, c = fitted.assign(torch.tensor([[0.0], [0.1], [5.0]])).tolist()
    >>> a == b != c
    True
    """

    lists: int
    iterations: int = 10
    sample: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        check_lists(lists=self.lists, iterations=self.iterations, sample=self.sample)

    def fit(self, keys: Tensor) -> Centres:
        """Learn the centres from keys (n, d)."""
        keys = keys.detach().to(torch.promote_types(keys.dtype, torch.float32))
        count = max(1, min(self.lists, len(keys)))
        generator = torch.Generator().manual_seed(self.seed)
        drawn = torch.randperm(len(keys), generator=generator)[: count * self.sample].to(keys.device)
        some = keys[drawn]
        centres = Centres(some[:count].clone() if len(keys) else keys.new_zeros(1, keys.shape[1]))
        for _ in range(self.iterations if len(keys) else 0):
            centres = Centres(_moved(centres, some, generator))
        return centres


def _moved(centres: Centres, keys: Tensor, generator: torch.Generator) -> Tensor:
    """Move centres to the means of their keys; an empty one goes to a key that is drawn."""
    nearest = centres.assign(keys)
    count = torch.bincount(nearest, minlength=centres.lists).to(keys.dtype)[:, None]
    means = torch.zeros_like(centres.centres).index_add_(0, nearest, keys) / count.clamp_min(1)
    drawn = torch.randint(len(keys), (centres.lists,), generator=generator).to(keys.device)
    return torch.where(count > 0, means, keys[drawn])


def check_lists(**sizes: int) -> None:
    """Raise ArgumentError where one of these is below 1."""
    for name, size in sizes.items():
        if size < 1:
            raise ArgumentError(f"{name} must be at least 1; got {size}")
