"""Feature maps: what a key or query becomes before it meets the fast weights."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import elu

from hybridattn.attention.similarity import Cosine
from hybridattn.errors import ArgumentError

__all__ = ["DPFP", "EluPlusOne", "FeatureMap", "PlainFeatures", "UnitNorm"]


class FeatureMap(Protocol):
    """A map of vectors, the same for keys and queries."""

    def __call__(self, vectors: Tensor, /) -> Tensor:
        """Map (..., d) to (..., width(d))."""
        ...

    def width(self, dim: int, /) -> int:
        """Give the number of features of a vector of width `dim`."""
        ...


@dataclass(frozen=True)
class PlainFeatures:
    """Vectors as they are.

    >>> PlainFeatures()(torch.tensor([3.0, 4.0]))
    tensor([3., 4.])
    """

    def __call__(self, vectors: Tensor, /) -> Tensor:
        """Give the vectors (..., d) themselves."""
        return vectors

    def width(self, dim: int, /) -> int:
        """Give `dim`."""
        return dim


@dataclass(frozen=True)
class UnitNorm:
    """Vectors of length 1, the zero vector as it is: with them the delta rule is stable up to a strength of 2.

    >>> UnitNorm()(torch.tensor([3.0, 4.0]))
    tensor([0.6000, 0.8000])
    """

    def __call__(self, vectors: Tensor, /) -> Tensor:
        """Give (..., d) / |vector|."""
        return Cosine().factors(vectors, vectors.new_zeros(0, vectors.shape[-1]))[0]

    def width(self, dim: int, /) -> int:
        """Give `dim`."""
        return dim


@dataclass(frozen=True)
class EluPlusOne:
    """elu(x) + 1, above 0 (Katharopoulos et al. 2020, arXiv 2006.16236, eq. 7): x + 1 for x > 0, else exp(x).

    >>> EluPlusOne()(torch.tensor([2.0, 0.0]))
    tensor([3., 1.])
    """

    def __call__(self, vectors: Tensor, /) -> Tensor:
        """Give elu(x) + 1 of each entry."""
        return elu(vectors) + 1

    def width(self, dim: int, /) -> int:
        """Give `dim`."""
        return dim


@dataclass(frozen=True)
class DPFP:
    """Deterministic parameter-free projection to 2 d nu features, at least 0 (Schlag et al. 2021, arXiv 2102.11174).

    With r = [relu(x), relu(-x)], feature (j, i) is r_i r_(i+j), indices modulo 2 d, for j = 1 ... nu.

    >>> DPFP()(torch.tensor([2.0, -3.0]))
    tensor([0., 0., 0., 6.])
    """

    nu: int = 1

    def __post_init__(self) -> None:
        if self.nu < 1:
            raise ArgumentError(f"nu must be at least 1; got {self.nu}")

    def __call__(self, vectors: Tensor, /) -> Tensor:
        """Give the features (..., 2 d nu)."""
        signed = torch.cat((vectors.relu(), (-vectors).relu()), -1)
        return torch.cat([signed * signed.roll(-j, -1) for j in range(1, self.nu + 1)], -1)

    def width(self, dim: int, /) -> int:
        """Give 2 dim nu."""
        return 2 * dim * self.nu
