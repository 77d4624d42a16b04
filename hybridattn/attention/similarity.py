"""How alike are a query and a key: the first part of a read."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

__all__ = ["Cosine", "Dot", "Factored", "NegativeSquaredEuclidean", "Similarity"]


@runtime_checkable
class Similarity(Protocol):
    """How alike every query is to every key (Millidge et al. 2022, arXiv 2202.04557, section 2)."""

    def __call__(self, query: Tensor, keys: Tensor, /) -> Tensor:
        """Compare query (..., q, d) with keys (..., n, d): similarities (..., q, n), larger is more alike."""
        ...


@runtime_checkable
class Factored(Similarity, Protocol):
    """A similarity that is a dot product once each side has been mapped on its own.

    This is what can go to `torch.nn.functional.scaled_dot_product_attention`, which never holds the q x n scores.
    """

    def factors(self, query: Tensor, keys: Tensor, /) -> tuple[Tensor, Tensor]:
        """Map (..., q, d) and (..., n, d) to (..., q, e) and (..., n, e) with similarity = query' . keys'."""
        ...


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


def _normalised(vectors: Tensor) -> Tensor:
    # The largest entry goes first, so that neither tiny nor huge vectors lose their direction when they are squared.
    largest = vectors.detach().abs().amax(-1, keepdim=True) if vectors.shape[-1] else vectors.new_ones(())
    scaled = vectors / largest.where(largest > 0, 1.0)
    length: Tensor = torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
    return scaled / length.where(length > 0, 1.0)
