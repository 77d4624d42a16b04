"""How alike a small network finds query and key."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["Additive"]


class Additive(nn.Module):
    """v . tanh(W_q q + W_k k) with trained W_q, W_k (hidden, dim) and v (hidden,): any number in [-|v|_1, |v|_1].

    The alignment model of Bahdanau et al. 2015 (arXiv 1409.0473, appendix A.1.2). The "concat" score of Luong et al.
    2015 (arXiv 1508.04025, section 3.1), v . tanh(W [q; k]), is the same: W is W_q beside W_k. It is no dot product, so
    whole rows of scores are held, and hidden numbers for each pair while they are computed.

    Args:
        dim: the width d of queries and keys, which a read wants to be one, at least 1.
        hidden: how many units the network has, at least 1.
        generator: where the weights start, normal of variance 1 / width.

    >>> similarity = Additive(2, 3, generator=torch.Generator().manual_seed(0))
    >>> similarity(torch.ones(4, 2), torch.ones(5, 2)).shape
    torch.Size([4, 5])
    """

    def __init__(
        self,
        dim: int,
        hidden: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        for name, size in (("dim", dim), ("hidden", hidden)):
            if size < 1:
                raise ArgumentError(f"{name} must be at least 1; got {size}")
        super().__init__()
        self.dim, self.hidden = dim, hidden
        for name, shape in (("query_weight", (hidden, dim)), ("key_weight", (hidden, dim)), ("vector", (hidden,))):
            start = torch.randn(shape, generator=generator, dtype=dtype, device=generator.device if generator else None)
            setattr(self, name, nn.Parameter((start / math.sqrt(shape[-1])).to(device)))

    query_weight: Tensor
    """(hidden, dim): W_q."""
    key_weight: Tensor
    """(hidden, dim): W_k."""
    vector: Tensor
    """(hidden,): v."""

    def arguments(self) -> dict[str, Any]:
        """Give what builds one of the same form; the weights are in the state."""
        return {"dim": self.dim, "hidden": self.hidden}

    def extra_repr(self) -> str:
        """Describe it in one line."""
        return f"dim={self.dim}, hidden={self.hidden}"

    def forward(self, query: Tensor, keys: Tensor, /) -> Tensor:
        """Compare (..., q, d) with (..., n, d): (..., q, n); raises ShapeError where a width is not dim."""
        for name, side in (("query", query), ("keys", keys)):
            if side.shape[-1] != self.dim:
                raise ShapeError(f"{name} must end in dim={self.dim}; got shape {tuple(side.shape)}")
        weights = (self.query_weight, self.key_weight, self.vector)
        to_query, to_key, vector = (weight.to(query.dtype) for weight in weights)
        units = (query @ to_query.T).unsqueeze(-2) + (keys @ to_key.T).unsqueeze(-3)
        return units.tanh() @ vector
