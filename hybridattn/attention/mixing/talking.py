"""Heads that talk: scores and weights mixed over heads."""

from typing import Unpack

import torch
from torch import Tensor, nn

from hybridattn.attention.positions.places import Parts, Places
from hybridattn.attention.positions.reading import positional_read
from hybridattn.attention.result import Read
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["TalkingHeads"]

_ALL = Places()


class TalkingHeads(nn.Module):
    """Trained mixtures of heads before and after the softmax (Shazeer et al. 2020, arXiv 2003.02436, section 4).

    L_g = sum_h before[h, g] q_h . k_h, and out_f = sum_g after[g, f] softmax(L_g) v_f. A mixture of dot products is the
    dot product of what is put side by side, weighted, and a mixture of weights the mixture of what they read: so it is
    one `read` of keys of width h d and values of width h v, of which no q x n matrix is held.

    Args:
        heads: of queries and keys, and of values.
        inner: of the softmax; None: as many as heads.
        generator: where mixtures start, normal of deviation 1 / sqrt(heads); None starts at the identity, where heads
            do not talk and inner has to be None.
    """

    def __init__(self, heads: int, inner: int | None = None, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        for name, number in (("heads", heads), ("inner", heads if inner is None else inner)):
            if number < 1:
                raise ArgumentError(f"{name} must be at least 1; got {number}")
        inner = heads if inner is None else inner
        if generator is None and inner != heads:
            raise ArgumentError(f"generator must be given where inner={inner} differs from heads={heads}")
        shapes = (heads, inner), (inner, heads)
        drawn = [
            torch.eye(heads) if generator is None else torch.randn(*shape, generator=generator) * heads**-0.5
            for shape in shapes
        ]
        self.heads, self.inner = heads, inner
        self.before = nn.Parameter(drawn[0])
        """(heads, inner), of the scores."""
        self.after = nn.Parameter(drawn[1])
        """(inner, heads), of the weights."""

    def spread(self, query: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Turn (..., h, q, d) into (..., g, q, h d), and (..., h, n, d or v) into (..., 1, n, h d or h v)."""
        for name, side in (("query", query), ("keys", keys), ("values", values)):
            if side.ndim < 3 or side.shape[-3] != self.heads:
                raise ShapeError(f"{name} must have heads={self.heads} as axis -3; got shape {tuple(side.shape)}")
        asked = torch.einsum("...hqd,hg->...gqhd", query, self.before.to(query.dtype)).flatten(-2)
        stored, read = (side.transpose(-3, -2).flatten(-2).unsqueeze(-3) for side in (keys, values))
        return asked, stored, read

    def gather(self, value: Tensor) -> Tensor:
        """Turn what was read, (..., g, q, h v), into (..., h, q, v)."""
        apart = value.reshape(*value.shape[:-1], self.heads, value.shape[-1] // self.heads)
        return torch.einsum("...gqhv,gh->...hqv", apart, self.after.to(value.dtype))

    def forward(
        self, query: Tensor, keys: Tensor, values: Tensor, places: Places = _ALL, **parts: Unpack[Parts]
    ) -> Read:
        """Read as `positional_read`: the value (..., h, q, v); log mass, slots and shares are of the inner heads."""
        found = positional_read(*self.spread(query, keys, values), places, **parts)
        return found._replace(value=self.gather(found.value))
