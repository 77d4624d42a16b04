"""Multi-dimensional attention: every feature of a value has weights of its own."""

import math

import torch
from torch import Tensor, nn

from hybridattn.attention.check import check
from hybridattn.attention.tiles.lookup import Lookup
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["FeatureWise"]

_NUMBERS = 1 << 22
"""Up to so many scores are held at once."""


class FeatureWise(nn.Module):
    """value_f = sum_j softmax_j(s_jf) v_jf with scores s_j = W tanh(W_q q + W_k k_j + b), one for each feature f.

    Multi-dimensional attention (Shen et al. 2018, DiSAN, arXiv 1709.04696, section 3.1). It costs q n v numbers where
    other reads cost q n: queries go in blocks.

    Args:
        dim: width of queries and keys.
        hidden: units of the network.
        value_dim: width v of values, as many scores a pair.
        generator: where weights start, normal of variance 1 / width; b starts at 0.
    """

    def __init__(self, dim: int, hidden: int, value_dim: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if min(dim, hidden, value_dim) < 1:
            raise ArgumentError(f"dim, hidden and value_dim must be at least 1; got {dim}, {hidden} and {value_dim}")
        self.dim, self.value_dim = dim, value_dim
        for name, shape in (
            ("query_weight", (hidden, dim)),
            ("key_weight", (hidden, dim)),
            ("out_weight", (value_dim, hidden)),
        ):
            start = torch.randn(shape, generator=generator) / math.sqrt(shape[-1])
            setattr(self, name, nn.Parameter(start))
        self.bias = nn.Parameter(torch.zeros(hidden))

    query_weight: Tensor
    """(hidden, dim)"""
    key_weight: Tensor
    """(hidden, dim)"""
    out_weight: Tensor
    """(v, hidden)"""

    def weights(self, query: Tensor, keys: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """Give the weights (..., q, n, v), which sum to 1 over n; all 0 where nothing may be read."""
        self._check(query, keys)
        check(Lookup(query, keys, keys, 1.0, mask))
        weights = (self.query_weight, self.key_weight, self.bias, self.out_weight)
        to_query, to_key, bias, to_score = (weight.to(query.dtype) for weight in weights)
        units = (query @ to_query.T).unsqueeze(-2) + (keys @ to_key.T).unsqueeze(-3) + bias
        scores = units.tanh() @ to_score.T
        if mask is None:
            return scores.softmax(-2)
        readable = mask.unsqueeze(-1)
        shares = scores.masked_fill(~readable, torch.finfo(scores.dtype).min).softmax(-2)
        return shares.masked_fill(~readable, 0.0)

    def forward(self, query: Tensor, keys: Tensor, values: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """Read values (..., n, v) with queries (..., q, d): (..., q, v).

        mask, bool, broadcasts to (..., q, n): True where a key may be read. Raises ShapeError and ArgumentError as
        `read`, and ShapeError for other widths.
        """
        self._check(query, keys)
        if values.shape[-1:] != (self.value_dim,):
            raise ShapeError(f"values must end in value_dim={self.value_dim}; got shape {tuple(values.shape)}")
        check(Lookup(query, keys, values, 1.0, mask))
        pairs = keys.shape[-2] * max(self.value_dim, self.query_weight.shape[0]) * math.prod(query.shape[:-2])
        rows = max(1, _NUMBERS // max(1, pairs))
        q = query.shape[-2]
        if mask is not None:
            mask = mask.expand(*mask.shape[:-2], q, keys.shape[-2])
        parts = []
        for start in range(0, max(q, 1), rows):
            block = None if mask is None else mask[..., start : start + rows, :]
            weights = self.weights(query[..., start : start + rows, :], keys, mask=block)
            parts.append(torch.einsum("...qnv,...nv->...qv", weights, values))
        return torch.cat(parts, -2)

    def _check(self, query: Tensor, keys: Tensor) -> None:
        for name, side in (("query", query), ("keys", keys)):
            if side.shape[-1:] != (self.dim,):
                raise ShapeError(f"{name} must end in dim={self.dim}; got shape {tuple(side.shape)}")
