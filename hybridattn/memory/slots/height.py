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
    keys, steepness = landscape.keys, landscape.steepness
    zeros = keys.new_zeros(len(keys), dtype=torch.promote_types(keys.dtype, torch.float32))
    if not len(keys):
        return zeros.sum()
    level = landscape.separation.potential(zeros) / steepness
    if landscape.distance or not isinstance(landscape.activation, Identity):
        return level
    return level + keys.to(zeros.dtype).square().sum(-1).amax() / 2


def floored(landscape: Landscape, rows: Tensor) -> Landscape:
    """Give the landscape with a beta at which F(s) - F(0) can be told from 0 for states (q, d).

    The potential of scores s is about F(0) + sum of s: where scores are below eps F(0), it is lost. The beta that is
    taken instead leaves them below sqrt(eps).
    """
    keys, beta = landscape.keys, landscape.beta
    if not len(keys) or not len(rows) or (not isinstance(beta, Tensor) and _PLAIN[0] <= beta <= _PLAIN[1]):
        return landscape
    wide = torch.promote_types(rows.dtype, torch.float32)
    lengths = torch.linalg.vector_norm(rows.detach(), dim=-1, keepdim=True, dtype=wide)
    longest = torch.linalg.vector_norm(keys.detach(), dim=-1, dtype=wide).amax()
    reach = (lengths + longest).square() if landscape.distance else lengths * longest
    start = landscape.separation.potential(torch.zeros(len(keys), dtype=wide, device=keys.device))
    info = torch.finfo(wide)
    least = (info.eps**0.5 * start.detach().clamp(0, 1) / reach.clamp(min=info.tiny)).clamp(info.tiny, info.max)
    held = torch.as_tensor(beta, device=rows.device, dtype=torch.float64).clamp(max=info.max).to(wide)
    return replace(landscape, beta=torch.maximum(torch.minimum(held, bounded(beta, rows, keys)), least))
