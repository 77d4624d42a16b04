"""alpha-entmax whose alpha is learned: a memory that finds out how sparse it should be."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.attention.separation.sparse.conjugate import conjugate, share_out
from hybridattn.attention.separation.sparse.tsallis import negentropy, tsallis
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["EntmaxAt", "LearnedEntmax"]

_LEAST = 2.0**-10
"""alpha stays this far above 1, which is the softmax to about 1 in 1000."""


class LearnedEntmax(nn.Module):
    """`Entmax` whose alpha is a Parameter: 1 + 2^-10 + (1 - 2^-10) sigmoid(raw), so above 1 and at most 2.

    Weights and potential are differentiable in alpha too (Correia et al. 2019, arXiv 1909.00015), and all of it is
    saved with the state.

    Args:
        heads: None for one alpha, or how many: then scores are (..., heads, q, n).
        alpha: where it starts, above 1 + 2^-10 and below 2, else ArgumentError.

    >>> separation = LearnedEntmax(alpha=1.25)
    >>> separation.alpha
    tensor(1.2500, grad_fn=<AddBackward0>)
    >>> separation.weights(torch.tensor([0.0, 0.0, -4.0])).tolist()
    [0.5, 0.5, 0.0]
    """

    raw: Tensor
    """() or (heads,): any real number."""

    def __init__(
        self,
        heads: int | None = None,
        *,
        alpha: float = 1.5,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        if heads is not None and heads < 1:
            raise ArgumentError(f"heads must be at least 1, or None; got {heads}")
        if not 1 + _LEAST < alpha < 2:
            raise ArgumentError(f"alpha must start between {1 + _LEAST:.4g} and 2; got {alpha!r}")
        super().__init__()
        self.heads, self.start = heads, float(alpha)
        part = (alpha - 1 - _LEAST) / (1 - _LEAST)
        shape = () if heads is None else (heads,)
        self.raw = nn.Parameter(torch.full(shape, math.log(part / (1 - part)), device=device, dtype=dtype))

    def arguments(self) -> dict[str, Any]:
        """Give what builds one of the same form; what has been learned is in the state."""
        return {"heads": self.heads, "alpha": self.start}

    def extra_repr(self) -> str:
        """Describe it in one line."""
        return f"heads={self.heads}, alpha={self.start}"

    @property
    def alpha(self) -> Tensor:
        """The alpha in use, () or (heads,), above 1 and at most 2."""
        return 1 + (_LEAST + (1 - _LEAST) * self.raw.sigmoid())

    @property
    def margin(self) -> Tensor:
        """1 / (alpha - 1), () or (heads,): how far the best score must lead to be read alone."""
        return 1 / (self.alpha - 1)

    def head(self, head: int) -> "EntmaxAt":
        """Give the separation of one head, for scores (..., q, n)."""
        return EntmaxAt(self.alpha.reshape(-1)[head].reshape(1))

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the alpha-entmax over the last axis; 0 in rows where every score is -inf."""
        return self._at(scores).weights(scores)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give max_p p . s - Omega(p), at least the largest score; -inf in rows where every score is -inf."""
        return self._at(scores).potential(scores)

    def _at(self, scores: Tensor) -> "EntmaxAt":
        if self.heads is None:
            return EntmaxAt(self.alpha.reshape(1))
        if scores.ndim < 3 or scores.shape[-3] != self.heads:
            raise ShapeError(f"scores must be (..., heads={self.heads}, q, n); got shape {tuple(scores.shape)}")
        return EntmaxAt(self.alpha[:, None, None])


@dataclass(frozen=True)
class EntmaxAt:
    """`Entmax` by a tensor alpha (..., 1) that broadcasts to the scores: above 1, at most 2, and given a gradient."""

    alpha: Tensor

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the alpha-entmax over the last axis; 0 in rows where every score is -inf."""
        alpha = self._alpha_of(scores)
        return share_out(scores, 1 / (alpha.detach() - 1), lambda behind: tsallis(behind, alpha))

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give max_p p . s - Omega(p), at least the largest score; -inf in rows where every score is -inf."""
        alpha = self._alpha_of(scores)
        return conjugate(scores, self.weights, lambda shares: negentropy(shares, alpha))

    def _alpha_of(self, scores: Tensor) -> Tensor:
        return self.alpha.to(torch.promote_types(scores.dtype, torch.float32))
