"""Similarities that are a dot product once each side has been mapped on its own."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Cosine", "Dot"]


@dataclass(frozen=True)
class Dot:
    """Dot product, q . k: any real number.

    >>> Dot()(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[11.,  2.]])
    """

    def __call__(self, query: Tensor, keys: Tensor, /) -> Tensor:
        """Give q . k as (..., q, n)."""
        return query @ keys.mT

    def factors(self, query: Tensor, keys: Tensor, /) -> tuple[Tensor, Tensor]:
        """Give both sides as they are."""
        return query, keys


@dataclass(frozen=True)
class Cosine:
    """Cosine of the angle between query and key, q . k / (|q| |k|), in [-1, 1]; 0 where either is the zero vector.

    >>> Cosine()(torch.tensor([[3.0, 4.0]]), torch.tensor([[6.0, 8.0], [0.0, 0.0]]))
    tensor([[1., 0.]])
    """

    def __call__(self, query: Tensor, keys: Tensor, /) -> Tensor:
        """Give the cosines as (..., q, n)."""
        query, keys = self.factors(query, keys)
        return query @ keys.mT

    def factors(self, query: Tensor, keys: Tensor, /) -> tuple[Tensor, Tensor]:
        """Give both sides with length 1 (or 0, where they were 0)."""
        return _normalised(query), _normalised(keys)


def _normalised(vectors: Tensor) -> Tensor:
    # The largest entry goes first, so that neither tiny nor huge vectors lose their direction when they are squared.
    largest = vectors.detach().abs().amax(-1, keepdim=True) if vectors.shape[-1] else vectors.new_ones(())
    scaled = vectors / largest.where(largest > 0, 1.0)
    length: Tensor = torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
    return scaled / length.where(length > 0, 1.0)
