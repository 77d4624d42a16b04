"""Similarities that are minus a distance: 0 for an exact match."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["NegativeSquaredEuclidean"]


@dataclass(frozen=True)
class NegativeSquaredEuclidean:
    """Minus the squared distance, -|q - k|^2, at most 0 and exactly 0 for an exact match.

    It is taken from the differences, not from |q|^2 - 2 q . k + |k|^2, which cancels when q and k are near each other
    and far from the origin. Published code that uses 1 / distance is infinite on an exact match; this is not.

    >>> NegativeSquaredEuclidean()(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 2.0], [4.0, 6.0]]))
    tensor([[ -0., -25.]])
    """

    def __call__(self, query: Tensor, keys: Tensor, /) -> Tensor:
        """Give -|q - k|^2 as (..., q, n)."""
        wide = torch.promote_types(query.dtype, torch.float32)  # cdist knows no bfloat16
        distance = torch.cdist(query.to(wide), keys.to(wide), compute_mode="donot_use_mm_for_euclid_dist")
        return -distance.square().to(query.dtype)
