"""Several reads side by side, each of its own projection of the same."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from hybridattn.attention.read import read
from hybridattn.attention.result import Read
from hybridattn.attention.separation import Separation, Softmax
from hybridattn.attention.similarity import ScaledDot, Similarity
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["MultiHeadAttention"]

_SCALED, _SOFTMAX = ScaledDot(), Softmax()
Turn = Callable[[Tensor, Tensor], Tensor]


class MultiHeadAttention(nn.Module):
    """Multi-head attention: heads read projections of queries, keys and values, and a last projection joins them.

    head_i = read(Q W_i^Q, K W_i^K, V W_i^V), value = [head_1; ...; head_h] W^O (Vaswani et al. 2017, arXiv 1706.03762,
    section 3.2.2). With fewer `key_heads`, heads share keys and values in groups (Ainslie et al. 2023, arXiv
    2305.13245); with one, all do: multi-query attention (Shazeer 2019, arXiv 1911.02150). Any similarity and separation
    take the place of the scaled dot product and the softmax.

    Args:
        dim: width of queries, and of what comes back.
        heads: how many; divides dim.
        key_heads: how many heads of keys and values there are; divides heads. None is one for each head.
        key_dim, value_dim: widths of keys and values; None is dim.
        similarity, separation: of each head; they see vectors of dim / heads.
        turn: what tells queries and keys of a head (..., n, d) where they stand (n,), such as `rotary`; None for
            nothing.
        bias: whether projections have one.
        generator: where projections start, Xavier uniform; None is torch's own.

    Raises:
        ArgumentError: sizes that do not divide.
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        *,
        key_heads: int | None = None,
        key_dim: int | None = None,
        value_dim: int | None = None,
        similarity: Similarity = _SCALED,
        separation: Separation = _SOFTMAX,
        turn: Turn | None = None,
        bias: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        key_heads = heads if key_heads is None else key_heads
        if dim < 1 or heads < 1 or dim % heads:
            raise ArgumentError(f"heads must divide dim; got {heads} and {dim}")
        if key_heads < 1 or heads % key_heads:
            raise ArgumentError(f"key_heads must divide heads; got {key_heads} and {heads}")
        self.heads, self.key_heads, width = heads, key_heads, dim // heads
        self.similarity, self.separation, self.turn = similarity, separation, turn
        self.to_query = nn.Linear(dim, dim, bias)
        self.to_key = nn.Linear(dim if key_dim is None else key_dim, width * key_heads, bias)
        self.to_value = nn.Linear(dim if value_dim is None else value_dim, width * key_heads, bias)
        self.to_out = nn.Linear(dim, dim, bias)
        for layer in (self.to_query, self.to_key, self.to_value, self.to_out):
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            if bias:
                nn.init.zeros_(layer.bias)

    def forward(
        self,
        query: Tensor,
        keys: Tensor | None = None,
        values: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        prior: Tensor | None = None,
        top: int | None = None,
    ) -> Read:
        """Read with queries (..., q, dim) from keys (..., n, key_dim) and values (..., n, value_dim).

        Args:
            query: what asks.
            keys: None is the query: self-attention.
            values: None is the keys.
            mask: bool, broadcasts to (..., heads, q, n): True where a key may be read.
            prior: added to the scores, broadcasts likewise.
            top: how many of the best keys of each head to name.

        Returns:
            The value (..., q, dim); with top, slots and shares (..., heads, q, top) and the log mass (..., heads, q).

        Raises:
            ShapeError: shapes that do not fit, also of the mask.
            ArgumentError: as `read`; another dtype than the weights have, but under autocast.
        """
        keys = query if keys is None else keys
        values = keys if values is None else values
        sides = ((query, self.to_query, "query"), (keys, self.to_key, "keys"), (values, self.to_value, "values"))
        asked, stored, given = (self._split(*side) for side in sides)
        if self.turn is not None:
            asked, stored = (self.turn(x, torch.arange(x.shape[-2], device=x.device)) for x in (asked, stored))
        shared = self.heads // self.key_heads
        stored, given = (x.repeat_interleave(shared, -3) if shared > 1 else x for x in (stored, given))
        parts = {"similarity": self.similarity, "separation": self.separation, "mask": mask, "prior": prior, "top": top}
        found = read(asked, stored, given, **parts)  # type: ignore[arg-type]
        return found._replace(value=self.to_out(found.value.transpose(-3, -2).flatten(-2)))

    def _split(self, side: Tensor, layer: nn.Linear, name: str) -> Tensor:
        """Project (..., n, width) to (..., heads, n, d)."""
        if side.ndim < 2 or side.shape[-1] != layer.in_features:
            raise ShapeError(f"{name} must have shape (..., n, {layer.in_features}); got {tuple(side.shape)}")
        dtype = getattr(layer.weight, "dtype", side.dtype)  # of a quantised layer, weight is a function
        if side.dtype != dtype and not torch.is_autocast_enabled(side.device.type):
            raise ArgumentError(f"{name} must be {dtype}, as the weights are; got {side.dtype}")
        made: Tensor = layer(side)
        width = self.to_query.out_features // self.heads
        return made.reshape(*made.shape[:-1], made.shape[-1] // width, width).transpose(-3, -2)
