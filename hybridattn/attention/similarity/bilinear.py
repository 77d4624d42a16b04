"""A dot product that is learned."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["Bilinear"]


class Bilinear(nn.Module):
    """q . W k with a trained W (dim, dim): any real number (Luong et al. 2015, arXiv 1508.04025, "general").

    W acts on the query, so that keys are stored and read as they are. It is cast to the dtype of the query.

    Args:
        dim: the width d of queries and keys, which a read wants to be one, at least 1.
        generator: where W starts, normal of variance 1 / dim; None starts at the identity, which is `Dot()`.

    >>> similarity = Bilinear(2)
    >>> similarity(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])).tolist()
    [[11.0]]
    """

    weight: Tensor
    """(dim, dim): query widths down, key widths across."""

    def __init__(
        self,
        dim: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        if dim < 1:
            raise ArgumentError(f"dim must be at least 1; got {dim}")
        super().__init__()
        self.dim = dim
        if generator is None:
            start = torch.eye(dim, dtype=dtype)
        else:
            start = torch.randn(dim, dim, generator=generator, dtype=dtype, device=generator.device) / math.sqrt(dim)
        self.weight = nn.Parameter(start.to(device))

    def arguments(self) -> dict[str, Any]:
        """Give what builds one of the same form; W is in the state."""
        return {"dim": self.dim}

    def extra_repr(self) -> str:
        """Describe it in one line."""
        return f"dim={self.dim}"

    def forward(self, query: Tensor, keys: Tensor, /) -> Tensor:
        """Give q . W k as (..., q, n)."""
        query, keys = self.factors(query, keys)
        return query @ keys.mT

    def factors(self, query: Tensor, keys: Tensor, /) -> tuple[Tensor, Tensor]:
        """Give W^T q, and the keys as they are; raises ShapeError where a width is not dim."""
        for name, side in (("query", query), ("keys", keys)):
            if side.shape[-1] != self.dim:
                raise ShapeError(f"{name} must end in dim={self.dim}; got shape {tuple(side.shape)}")
        return query @ self.weight.to(query.dtype), keys
