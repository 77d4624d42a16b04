"""What keeps an energy readable: its zero, and a beta that is not lost in rounding."""

from dataclasses import replace

import torch
from torch import Tensor

from hybridattn.memory.settling import Identity, Landscape
from hybridattn.memory.slots.beta import bounded

__all__ = ["floored", "level_of"]

_PLAIN = (1e-3, 1e12)
"""Between these a plain number beta is taken as it is."""


def level_of(landscape: Landscape) -> Tensor:
    """Give what is added to energies, () or (q,): F(0) / beta, and M^2 / 2 where states have an energy of their own."""
    steepness = landscape.steepness
    if not landscape.count():
        return landscape.ground()
    level = landscape.ground() / steepness
    if landscape.distance or not isinstance(landscape.activation, Identity):
        return level
    return level + landscape.largest_square() / 2


def floored(landscape: Landscape, rows: Tensor) -> Landscape:
    """Give the landscape with a beta at which F(s) - F(0) can be told from 0 for states (q, d).

    The potential of scores s is about F(0) + sum of s: where scores are below eps F(0), it is lost. The beta that is
    taken instead leaves them below sqrt(eps).
    """
    beta = landscape.beta
    if not landscape.count() or not len(rows) or (not isinstance(beta, Tensor) and _PLAIN[0] <= beta <= _PLAIN[1]):
        return landscape
    wide = torch.promote_types(rows.dtype, torch.float32)
    lengths = torch.linalg.vector_norm(rows.detach(), dim=-1, keepdim=True, dtype=wide)
    longest = landscape.longest().to(wide)
    reach = (lengths + longest).square() if landscape.distance else lengths * longest
    info = torch.finfo(wide)
    least = info.eps**0.5 * landscape.ground().detach().to(wide).clamp(0, 1) / reach.clamp(min=info.tiny)
    most = torch.as_tensor(beta, device=rows.device, dtype=torch.float64).clamp(max=info.max).to(wide)
    most = torch.minimum(most, bounded(beta, rows, longest, rows.shape[-1]))
    return replace(landscape, beta=torch.maximum(most, least.clamp(info.tiny, info.max)))
