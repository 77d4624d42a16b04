"""What the sparse separations share: the potential max_p p . s - Omega(p), and the p that attains it.

Omega is convex over the shares p (at least 0, summing to 1) and 0 where one slot has all, so that the potential is
never below the largest score. By the envelope theorem its gradient is p, whatever Omega is (Blondel et al. 2020,
"Learning with Fenchel-Young losses"; as energies, Santos et al. 2024, arXiv 2411.08590).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from hybridattn.attention.separation.protocol import dead, finite

__all__ = ["conjugate", "halvings", "share_out", "sloped", "widened"]


def widened(scores: Tensor) -> Tensor:
    """Give scores in at least float32, +inf as the largest number of their dtype."""
    return finite(scores).to(torch.promote_types(scores.dtype, torch.float32))


def halvings(dtype: torch.dtype) -> int:
    """Give how often an interval is halved until it is below the precision of the dtype."""
    return 60 if dtype == torch.float64 else 30


def share_out(scores: Tensor, depth: float | Tensor, shares: Callable[[Tensor], Tensor]) -> Tensor:
    """Give weights (..., n) where only slots less than `depth` behind the best can have any.

    `shares` takes how far each slot is behind, (..., n) in [-2 depth, 0], so it meets neither infinities nor numbers
    whose differences are lost, and no slot that is out stands where rounding could let it in.
    """
    if not scores.shape[-1]:
        return torch.zeros_like(scores)
    unread = dead(scores)
    alive = widened(scores).masked_fill(unread, 0.0)
    behind = alive - alive.detach().amax(-1, keepdim=True)
    near = behind > -depth
    weights = shares(torch.where(near, behind, -2 * depth))
    return torch.where(near & ~unread, weights, 0.0).to(scores.dtype)


def conjugate(scores: Tensor, weights: Callable[[Tensor], Tensor], omega: Callable[[Tensor], Tensor]) -> Tensor:
    """Give p . s - Omega(p), (...), for the p = weights(s) that make it largest; -inf in rows of no readable slot."""
    if not scores.shape[-1]:
        return scores.sum(-1) - torch.inf
    wide = widened(scores)
    with torch.no_grad():
        shares = weights(wide)
        peak = wide.amax(-1, keepdim=True)
        behind = torch.where(shares > 0, wide - peak, 0.0)
        value = (peak + (shares * behind).sum(-1, keepdim=True)).squeeze(-1)
    # Where nothing is readable the value is -inf and all shares are 0, so the slope is 0 too.
    return (sloped(value, wide, shares, weights) - omega(shares)).to(scores.dtype)


def sloped(value: Tensor, scores: Tensor, slope: Tensor, weights: Callable[[Tensor], Tensor]) -> Tensor:
    """Give the value (...) as a function of scores (..., n) whose gradient is `slope`, which is weights(scores).

    The weights are computed again where the gradient is to be differentiated itself.
    """
    given: Tensor = _Sloped.apply(value, scores, slope, weights)  # type: ignore[no-untyped-call]
    return given


class _Sloped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, scores: Tensor, slope: Tensor, weights: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.save_for_backward(scores, slope)
        ctx.weights = weights
        return value.clone()

    @staticmethod
    def backward(ctx: Any, along: Tensor) -> tuple[None, Tensor, None, None]:
        scores, slope = ctx.saved_tensors
        if torch.is_grad_enabled():
            slope = ctx.weights(scores)
        return None, along.unsqueeze(-1) * slope, None, None
