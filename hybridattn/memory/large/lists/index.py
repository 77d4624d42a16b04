"""What an index is: a way to put keys into lists of keys that are alike."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["Fitted", "Index", "OneList", "checked_lists"]


class Fitted(Protocol):
    """Lists that were learnt from some keys, and take others."""

    @property
    def lists(self) -> int:
        """How many lists there are; some may stay empty."""
        ...

    def assign(self, keys: Tensor) -> Tensor:
        """Give for keys (m, d) the numbers of their lists (m,) int64, in [0, lists): the same wherever a key stands."""
        ...


@runtime_checkable
class Index(Protocol):
    """A way to put keys into lists of keys that are alike: k-means, hashes, dates, whatever.

    An index need not know queries, nor which lists to look at: a memory keeps number, means and spread of what is in
    each list, and looks first where these promise the most attention. A list serves well whose keys are alike.
    A frozen dataclass is best: then a memory with it can be saved.
    """

    def fit(self, keys: Tensor) -> Fitted:
        """Learn lists from keys (n, d), the same from the same keys; no gradient is wanted."""
        ...


def checked_lists(found: Tensor, keys: Tensor, lists: int) -> Tensor:
    """Give the numbers (n,) that an index gave, once they are found to be such; raises ShapeError or ArgumentError."""
    if found.shape != keys.shape[:1]:
        raise ShapeError(f"an index must give a list for each of {len(keys)} keys; got shape {tuple(found.shape)}")
    if found.dtype != torch.int64:
        raise ArgumentError(f"an index must give the numbers of lists as torch.int64; got {found.dtype}")
    if len(found) and not (int(found.min()) >= 0 and int(found.max()) < lists):
        least, most = int(found.min()), int(found.max())
        raise ArgumentError(f"an index of {lists} lists must give numbers from 0 to {lists - 1}; got {least} to {most}")
    return found.to(keys.device)


@dataclass(frozen=True)
class OneList:
    """All keys in one list: every read is exact."""

    def fit(self, keys: Tensor) -> "OneList":
        """Learn nothing."""
        return self

    @property
    def lists(self) -> int:
        """1."""
        return 1

    def assign(self, keys: Tensor) -> Tensor:
        """Give 0 for every key."""
        return torch.zeros(len(keys), dtype=torch.int64, device=keys.device)
