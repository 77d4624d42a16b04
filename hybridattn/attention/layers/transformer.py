"""The two layers of the Transformer."""

from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.attention.layers.multi_head import MultiHeadAttention
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["DecoderLayer", "EncoderLayer", "causal"]


def causal(q: int, n: int, *, device: torch.device | str | None = None) -> Tensor:
    """Give the mask (q, n) by which query i reads keys up to its own place; the last query stands at the last key.

    With q = n that is the lower triangle; with q < n, queries continue what is stored already. Raises ArgumentError for
    q > n: the first queries would stand before the first key.
    """
    if q > n:
        raise ArgumentError(f"a causal mask needs as many keys as queries, or more; got {n} and {q}")
    return torch.ones(q, n, dtype=torch.bool, device=device).tril(n - q)


class _Layer(nn.Module):
    """Sublayers with a residual connection each, and the norm behind (post) or before it (pre)."""

    def __init__(self, dim: int, hidden: int, *, dropout: float, norm_first: bool, norms: int) -> None:
        super().__init__()
        if hidden < 1 or not 0 <= dropout < 1:
            raise ArgumentError(f"hidden must be at least 1 and dropout in [0, 1); got {hidden} and {dropout}")
        self.dim, self.norm_first = dim, norm_first
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(norms))
        self.dropout = nn.Dropout(dropout)
        self.wide = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, dim))

    def _step(self, place: int, x: Tensor, sublayer: Any) -> Tensor:
        if x.ndim < 2 or x.shape[-1] != self.dim:
            raise ShapeError(f"x must have shape (..., n, {self.dim}); got {tuple(x.shape)}")
        norm = self.norms[place]
        if self.norm_first:
            added: Tensor = x + self.dropout(sublayer(norm(x)))
            return added
        normed: Tensor = norm(x + self.dropout(sublayer(x)))
        return normed


class EncoderLayer(_Layer):
    """Self-attention, then a network for each place (Vaswani et al. 2017, arXiv 1706.03762, section 3.1).

    Args:
        dim: width of the places.
        heads: of the attention; or give the attention itself.
        hidden: units of the network.
        attention: a module that gives a `Read` of the places, called with mask and prior; None is
            `MultiHeadAttention(dim, heads)`.
        dropout: probability by which sublayers' outputs are dropped in training.
        norm_first: whether a sublayer sees what is normed (Xiong et al. 2020, arXiv 2002.04745), or its sum is.
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        hidden: int,
        *,
        attention: nn.Module | None = None,
        dropout: float = 0.0,
        norm_first: bool = False,
    ) -> None:
        super().__init__(dim, hidden, dropout=dropout, norm_first=norm_first, norms=2)
        self.attention = MultiHeadAttention(dim, heads) if attention is None else attention

    def forward(self, x: Tensor, *, mask: Tensor | None = None, prior: Tensor | None = None) -> Tensor:
        """Give the places (..., n, dim) that come out; mask and prior as for `MultiHeadAttention`."""
        x = self._step(0, x, lambda places: self.attention(places, mask=mask, prior=prior).value)
        return self._step(1, x, self.wide)


class DecoderLayer(_Layer):
    """Self-attention, attention to what an encoder gave, then a network for each place; arguments as `EncoderLayer`."""

    def __init__(
        self,
        dim: int,
        heads: int,
        hidden: int,
        *,
        attention: nn.Module | None = None,
        crossing: nn.Module | None = None,
        dropout: float = 0.0,
        norm_first: bool = False,
    ) -> None:
        super().__init__(dim, hidden, dropout=dropout, norm_first=norm_first, norms=3)
        self.attention = MultiHeadAttention(dim, heads) if attention is None else attention
        self.crossing = MultiHeadAttention(dim, heads) if crossing is None else crossing

    def forward(
        self, x: Tensor, memory: Tensor, *, mask: Tensor | None = None, memory_mask: Tensor | None = None
    ) -> Tensor:
        """Give the places (..., q, dim) that come out, from x and a memory (..., n, dim); see `causal` for the mask."""
        x = self._step(0, x, lambda places: self.attention(places, mask=mask).value)
        x = self._step(1, x, lambda places: self.crossing(places, memory, mask=memory_mask).value)
        return self._step(2, x, self.wide)
