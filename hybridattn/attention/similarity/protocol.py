"""What a similarity promises: how alike every query is to every key."""

from typing import Protocol, runtime_checkable

from torch import Tensor

__all__ = ["Factored", "Similarity"]


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
