"""Random features whose dot product is, on average, the exponential of the dot product."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["FAVOR", "orthogonal_normals"]

_MOST = 38.0
"""Exponents are held below this: two features of e^38, times 10^5 slots, stay below the largest float32."""


class FAVOR(nn.Module):
    """Positive orthogonal random features: phi(q) . phi(k) is exp(q . k) on average (Performers, FAVOR+).

    phi(x) = exp(W x - |x|^2 / 2) / sqrt(m), with m rows of W drawn normal, orthogonal in groups of d (Choromanski et
    al. 2021, arXiv 2009.14794, lemma 1 and section 2.4). So linear attention with it estimates softmax attention at
    beta 1; for another put sqrt(beta) into queries and keys. The error falls as 1 / sqrt(m), and grows fast with
    |q + k|. The rows of W are a buffer, so that a state holds them. Features are finite: exponents end at 38, which
    only vectors much longer than sqrt(d) could pass; where all features underflow a normalised read is 0. No small
    number is added to features, as published code does.

    Args:
        dim: width d of queries and keys.
        features: m.
        seed: of the rows of W.

    >>> phi = FAVOR(2, 4096)
    >>> query, key = phi(torch.tensor([0.5, 0.0])), phi(torch.tensor([1.0, 1.0]))
    >>> abs(float(query @ key) - math.exp(0.5)) < 0.1
    True
    """

    projection: Tensor
    """(m, d)."""

    def __init__(self, dim: int, features: int, *, seed: int = 0) -> None:
        super().__init__()
        for name, number in (("dim", dim), ("features", features)):
            if number < 1:
                raise ArgumentError(f"{name} must be at least 1; got {number}")
        self.dim, self.features, self.seed = dim, features, seed
        generator = torch.Generator().manual_seed(seed)
        self.register_buffer("projection", orthogonal_normals(features, dim, generator=generator))

    def arguments(self) -> dict[str, Any]:
        """Give what builds one of the same form."""
        return {"dim": self.dim, "features": self.features, "seed": self.seed}

    def extra_repr(self) -> str:
        """Describe it in one line."""
        return f"dim={self.dim}, features={self.features}, seed={self.seed}"

    def width(self, dim: int, /) -> int:
        """Give m; raises ShapeError where vectors are not of width `dim`."""
        if dim != self.dim:
            raise ShapeError(f"vectors must end in dim={self.dim}; got width {dim}")
        return self.features

    def forward(self, vectors: Tensor, /) -> Tensor:
        """Give the features (..., m) of vectors (..., d)."""
        self.width(vectors.shape[-1])
        along = vectors @ self.projection.to(vectors).mT
        exponents = along - vectors.square().sum(-1, keepdim=True) / 2
        return (exponents - math.log(self.features) / 2).clamp(max=_MOST).exp()


def orthogonal_normals(rows: int, dim: int, *, generator: torch.Generator) -> Tensor:
    """Draw (rows, dim) normal numbers whose rows are orthogonal in groups of dim, with the lengths of normal vectors.

    Each row alone is normal of unit covariance (Choromanski et al. 2021, arXiv 2009.14794, section 2.4).
    """
    groups = -(-rows // dim)
    turned, upper = torch.linalg.qr(torch.randn(groups, dim, dim, generator=generator))
    # QR alone prefers some directions: with the signs of the diagonal the turn is uniform (Mezzadri 2007).
    turned = turned * upper.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)
    lengths = torch.randn(rows, dim, generator=generator).norm(dim=-1, keepdim=True)
    drawn: Tensor = turned.mT.reshape(groups * dim, dim)[:rows] * lengths
    return drawn
