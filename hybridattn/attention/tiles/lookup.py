"""What a read is asked: the tensors that travel together from the caller to the tiles."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.attention.tiles.layout import Layout, broadcast, cut, lay_out

__all__ = ["Lookup"]


class Lookup(NamedTuple):
    """Queries, what is stored, and what sways the scores: beta * similarity(query, keys) + prior, -inf where masked."""

    query: Tensor
    keys: Tensor
    values: Tensor
    beta: float | Tensor = 1.0
    mask: Tensor | None = None
    prior: Tensor | None = None

    @property
    def plain(self) -> bool:
        """Whether there is nothing to lay out or to add: three matrices and a number."""
        return (
            self.mask is None
            and self.prior is None
            and self.query.ndim == self.keys.ndim == self.values.ndim == 2
            and not isinstance(self.beta, Tensor)
        )

    @property
    def scores(self) -> int:
        """How many scores the read has."""
        sides = (self.query, self.keys, self.mask, self.prior)
        leads = (() if self.plain else broadcast(*(side.shape[:-2] for side in sides if side is not None)),)
        return math.prod(*leads) * self.query.shape[-2] * self.keys.shape[-2]

    @property
    def has_prior_slope(self) -> bool:
        """Whether the prior has a gradient to get."""
        return self.prior is not None and self.prior.requires_grad and torch.is_grad_enabled()

    def scaled(self) -> "Lookup":
        """Move beta into the queries, which become at least float32."""
        wide = torch.promote_types(self.query.dtype, torch.float32)
        beta = self.beta.to(wide) if isinstance(self.beta, Tensor) else self.beta
        prior = self.prior
        if prior is not None and torch.promote_types(prior.dtype, wide) != wide:
            prior = prior.to(wide)
        return self._replace(query=self.query.to(wide) * beta, beta=1.0, prior=prior)

    def laid_out(self) -> tuple["Lookup", Layout]:
        """Bring all to one leading axis, and tell the way back."""
        query, keys, values, beta, mask, prior = self
        if self.plain:
            layout = Layout((), (), 0, query.shape[0])
            return Lookup(query.unsqueeze(0), keys.unsqueeze(0), values.unsqueeze(0), beta), layout
        bent = beta if isinstance(beta, Tensor) and beta.ndim else None
        layout = lay_out(query, keys, values, [bias for bias in (bent, mask, prior) if bias is not None])
        laid_beta = layout.bias(bent)
        return Lookup(
            layout.rows(query),
            layout.slots(keys),
            layout.slots(values),
            beta if laid_beta is None else laid_beta,
            layout.bias(mask),
            layout.bias(prior),
        ), layout

    def part(self, batch: slice, rows: slice) -> "Lookup":
        """Give a block of rows of what was laid out."""
        beta = cut(self.beta, batch, rows) if isinstance(self.beta, Tensor) else self.beta
        mask, prior = (None if bias is None else cut(bias, batch, rows) for bias in (self.mask, self.prior))
        return Lookup(self.query[batch, rows], self.keys[batch], self.values[batch], beta, mask, prior)
