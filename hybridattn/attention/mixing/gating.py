"""Heads that can be turned down."""

import torch
from torch import Tensor, nn

from hybridattn.attention.tiles.layout import fits
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["HeadGate"]


class HeadGate(nn.Module):
    """What a head read, times sigmoid(b_h + w_h . q): a gate a head, and with a width a gate a row.

    Headwise gates after the read (Qiu et al. 2025, arXiv 2505.06708, section 2.2, there of the layer's input); without
    a width the scalar gates by which Voita et al. 2019 (arXiv 1905.09418, section 5) prune heads, here soft.

    Args:
        heads: axis -3 of what was read.
        dim: width d of the query that opens the gates; None: the gates are the same for all rows.
        start: b, at first, for all heads; 2 lets 88 % through. w starts at 0.
    """

    def __init__(self, heads: int, dim: int | None = None, *, start: float = 2.0) -> None:
        super().__init__()
        for name, number in (("heads", heads), ("dim", 1 if dim is None else dim)):
            if number < 1:
                raise ArgumentError(f"{name} must be at least 1; got {number}")
        self.bias = nn.Parameter(torch.full((heads,), start))
        self.weight = None if dim is None else nn.Parameter(torch.zeros(heads, dim))

    def forward(self, value: Tensor, query: Tensor | None = None) -> Tensor:
        """Gate (..., h, q, v) by the query (..., h, q, d), if there is a width; raises ShapeError or ArgumentError."""
        if (query is None) != (self.weight is None):
            raise ArgumentError("query must be given for gates with dim, and only for them")
        if value.ndim < 3 or value.shape[-3] != len(self.bias):
            raise ShapeError(f"value must have heads={len(self.bias)} as axis -3; got shape {tuple(value.shape)}")
        opened = self.bias.to(value.dtype)[:, None, None]
        if query is not None and self.weight is not None:
            self._check(query, value)
            opened = opened + (query @ self.weight.to(query.dtype).unsqueeze(-1)).to(value.dtype)
        return value * opened.sigmoid()

    def _check(self, query: Tensor, value: Tensor) -> None:
        rows, wanted = tuple(value.shape[:-1]), (*value.shape[:-1], *self.weight.shape[1:])  # type: ignore[union-attr]
        if query.ndim < 2 or query.shape[-1:] != wanted[-1:] or not fits(query.shape[:-1], rows):
            raise ShapeError(f"query must end in dim={wanted[-1]} and broadcast to {wanted}; got {tuple(query.shape)}")
