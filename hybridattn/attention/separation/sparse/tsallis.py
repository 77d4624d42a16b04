"""alpha-entmax for any alpha above 1, differentiable in scores and alpha, well conditioned down to the softmax.

With a = alpha - 1 the shares are p_i = [1 + a (s_i - theta)]_+^(1/a), theta such that they sum to 1 (Peters et al.
2019, arXiv 1905.05702, with tau = a theta - 1): this is exp(log1p(a x) / a), which tends to exp(x), where the
package `entmax` takes powers of 1 / a of numbers near 1, and loses as many digits as 1 / a has.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hybridattn.attention.separation.sparse.conjugate import halvings

__all__ = ["negentropy", "tsallis"]

_SERIES = 0.1
"""Below this (e^t - 1 - t) / t^2 is summed as a series of 10 terms: exact to float64."""


def tsallis(behind: Tensor, alpha: Tensor) -> Tensor:
    """Give the alpha-entmax of scores (..., n) whose largest is 0, none of them infinite.

    alpha (..., 1) broadcasts to them and is above 1; its gradient needs alpha at most 2. Differentiable once.
    """
    shares: Tensor = _Tsallis.apply(behind, alpha)  # type: ignore[no-untyped-call]
    return shares


def negentropy(shares: Tensor, alpha: Tensor) -> Tensor:
    """Give Omega(p) = sum_i (p_i^alpha - p_i) / (alpha (alpha - 1)), (..., n) to (...): minus the Tsallis entropy.

    0 for one share of 1; at alpha = 2 (|p|^2 - 1) / 2; towards alpha = 1 sum_i p_i log p_i.
    """
    read = shares > 0
    bent = torch.expm1((alpha - 1) * torch.where(read, shares, 1.0).log()) / ((alpha - 1) * alpha)
    return (shares * bent).sum(-1)


class _Tsallis(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, behind: Tensor, alpha: Tensor) -> Tensor:
        a = alpha - 1
        low = torch.zeros_like(behind[..., :1])
        step = -torch.expm1(-a * low.new_tensor(behind.shape[-1]).log()) / a + low
        for _ in range(halvings(behind.dtype)):
            step = step / 2
            enough = _shares(behind - (low + step), a).sum(-1, keepdim=True) >= 1
            low = torch.where(enough, low + step, low)
        shares = _shares(behind - low, a)
        shares = shares / shares.sum(-1, keepdim=True)
        ctx.save_for_backward(shares, alpha)
        return shares

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor | None]:
        shares, alpha = ctx.saved_tensors
        read = shares > 0
        logs = torch.where(read, shares, 1.0).log()
        bends = torch.where(read, ((2 - alpha) * logs).exp(), 0.0)  # p^(2 - alpha): how fast a share moves
        total = bends.sum(-1, keepdim=True)
        for_scores = bends * (slope - (slope * bends).sum(-1, keepdim=True) / total)
        if not ctx.needs_input_grad[1]:
            return for_scores, None
        drift = -shares * logs.square() * _curve(-(alpha - 1) * logs)
        drift = drift - bends * drift.sum(-1, keepdim=True) / total
        return for_scores, (slope * drift).sum(-1, keepdim=True).sum_to_size(alpha.shape)


def _shares(over: Tensor, a: Tensor) -> Tensor:
    return (torch.log1p((a * over).clamp(min=-1)) / a).exp()


def _curve(t: Tensor) -> Tensor:
    """Give (e^t - 1 - t) / t^2 for t at least 0."""
    small, series = t.clamp(max=_SERIES), torch.ones_like(t)
    for term in range(12, 2, -1):
        series = 1 + series * small / term
    away = t.clamp(min=_SERIES)
    return torch.where(t < _SERIES, series / 2, (torch.expm1(away) - away) / away.square())
