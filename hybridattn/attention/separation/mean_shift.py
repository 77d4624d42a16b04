"""The fixed-point update of an energy that is measured by a distance."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hybridattn.attention.separation.protocol import Proportional, Separation
from hybridattn.errors import ArgumentError

__all__ = ["MeanShift"]


@dataclass(frozen=True)
class MeanShift:
    """The weights of another separation divided by their sum, or 0 where that is not above 0; its potential as it is.

    Under s_i = -beta |q - x_i|^2 / 2 the energy -F(s) / beta has gradient sum_i w_i (q - x_i), with w the weights: it
    vanishes where q is the mean of the keys by w / sum w. Reading that mean is the mean-shift step, which never raises
    the energy where F is convex and w at least 0. So weights here are proportional to the gradient of the potential,
    not equal to it (they are equal if the weights of the other sum to 1). `MeanShift(Exponential())` is `Softmax()`.

    separation: one without Parameters (a module among them would not be found by its memory), else ArgumentError.

    >>> from hybridattn.attention import RectifiedPower
    >>> MeanShift(RectifiedPower(2)).weights(torch.tensor([1.0, 3.0, -1.0]))
    tensor([0.2500, 0.7500, 0.0000])
    """

    separation: Separation

    def __post_init__(self) -> None:
        if isinstance(self.separation, nn.Module | type) or not isinstance(self.separation, Separation):
            raise ArgumentError(
                f"separation must have weights and a potential, and no Parameters; got {self.separation!r}"
            )

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give weights of the other separation over their sum; 0 where the sum is not above 0."""
        if isinstance(self.separation, Proportional):
            return self.separation.shares(scores)
        weights = self.separation.weights(scores)
        total = weights.sum(-1, keepdim=True)
        return torch.where(total > 0, weights, 0.0) / total.where(total > 0, 1.0)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the potential of the other separation."""
        return self.separation.potential(scores)
