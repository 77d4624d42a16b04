"""Kernels that end: slots further than one unit below 0 are not read at all."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.attention.separation.protocol import finite

__all__ = ["Epanechnikov", "LogSumReLU"]


@dataclass(frozen=True)
class Epanechnikov:
    """Weights 1[s_i > -1]; potential sum_i relu(1 + s_i).

    With s = -beta |q - x|^2 / 2 this is the Epanechnikov kernel: `MeanShift(Epanechnikov())` reads the centroid of all
    keys within sqrt(2 / beta) of the query. Weights carry no gradient.

    >>> Epanechnikov().weights(torch.tensor([0.0, -0.5, -1.0, -torch.inf]))
    tensor([1., 1., 0., 0.])
    """

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give 1 where the score is above -1, else 0."""
        return (scores > -1).to(scores.dtype)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the sum of what the scores lie above -1; 0 for no slots."""
        room = torch.finfo(scores.dtype).max / (2 * max(1, scores.shape[-1]))
        lifted = (1 + scores).relu()
        return (lifted + (lifted.clamp(max=room) - lifted).nan_to_num(nan=0.0).detach()).sum(-1)


@dataclass(frozen=True)
class LogSumReLU:
    """Weights 1[s_i > -1] / sum_j relu(1 + s_j); potential log sum_i relu(1 + s_i).

    The log-sum-ReLU energy of Hoover et al. 2025 (arXiv 2506.10801) is -potential / beta with s = -beta |q - x|^2 / 2:
    all keys within sqrt(2 / beta) of the query are read, and no other. Where no score is above -1 weights are 0 and the
    potential is -inf. The potential is not convex, but the logarithm of that of `Epanechnikov`, which is: so the
    weights have the same direction, and `MeanShift` of either descends. Weights do not sum to 1.

    >>> LogSumReLU().weights(torch.tensor([0.0, 0.0, -2.0, -torch.inf]))
    tensor([0.5000, 0.5000, 0.0000, 0.0000])
    """

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give 1 / sum_j relu(1 + s_j) where the score is above -1, else 0."""
        largest, total, reached = self._parts(scores)
        return (scores > -1).to(scores.dtype) / largest.where(reached, 1.0) / total.where(reached, 1.0)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the logarithm of the sum of what the scores lie above -1; -inf where none does."""
        largest, total, reached = self._parts(scores)
        level = total.where(reached, 1.0).log() + largest.where(reached, 1.0).log()
        return level.masked_fill(~reached, -torch.inf).squeeze(-1)

    def shares(self, scores: Tensor, /) -> Tensor:
        """Give an equal share to every slot of a score above -1."""
        read = (scores > -1).to(scores.dtype)
        return read / read.sum(-1, keepdim=True).clamp(min=1.0)

    def _parts(self, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        # relu(1 + s) is divided by its largest before it is summed: so its sum stays in range.
        lifted = (1 + finite(scores)).relu()
        if not scores.shape[-1]:
            nothing = lifted.sum(-1, keepdim=True)
            return nothing, nothing, nothing > 0
        largest = lifted.detach().amax(-1, keepdim=True)
        reached = largest > 0
        return largest, (lifted / largest.where(reached, 1.0)).sum(-1, keepdim=True), reached
