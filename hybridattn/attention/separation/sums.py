"""Potentials that are a sum over slots, so that no slot's weight depends on another: polynomial and exponential.

Near the end of the range of the dtype each goes on as its tangent: weights stop growing where |s|^n or exp(s) is
max^(3/4), with max the largest number of the dtype (2.5e28 in float32), which leaves room for sums of weights times
values; the potential is held in range, too.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.attention.separation.protocol import dead, finite
from hybridattn.errors import ArgumentError

__all__ = ["Exponential", "Linear", "Power", "RectifiedPower"]

_RANGE = 0.75
"""Potentials turn into their tangents at max ** _RANGE."""


@dataclass(frozen=True)
class Linear:
    """Weights s_i; potential sum_i s_i^2 / 2: the classical Hopfield network, whose weights are one matrix X^T X.

    Weights are negative where scores are, and their sum is anything.

    >>> Linear().weights(torch.tensor([2.0, -1.0, -torch.inf]))
    tensor([ 2., -1.,  0.])
    """

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the scores themselves, 0 for -inf."""
        return _inside(scores, 2)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give half the sum of squared scores; 0 for no slots."""
        return _power_potential(scores, 2)


@dataclass(frozen=True)
class Power:
    """Weights s_i^(n-1); potential sum_i s_i^n / n (Krotov and Hopfield 2016, arXiv 1606.01164, F(x) = x^n).

    n: int, at least 2, else ArgumentError. For even n patterns and their negatives are stored alike: a negative score
    has a negative weight. For odd n a negative score has a positive weight, as if it were positive, and the potential
    falls towards -inf and is concave there: it is convex, and updates descend, only where no score is below 0. Use
    `RectifiedPower` for odd n and scores of both signs. `Linear` is n = 2.

    >>> Power(3).weights(torch.tensor([2.0, -1.0, -torch.inf]))
    tensor([4., 1., 0.])
    """

    n: int

    def __post_init__(self) -> None:
        if not isinstance(self.n, int) or self.n < 2:
            raise ArgumentError(f"n must be a whole number, at least 2; got {self.n!r}")

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the scores to the power n - 1, 0 for -inf."""
        return _power(_inside(scores, self.n), self.n)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the sum of the scores to the power n, over n; 0 for no slots."""
        return _power_potential(scores, self.n)

    def shares(self, scores: Tensor, /) -> Tensor:
        """Give weights over their sum; 0 where the sum is not above 0."""
        return _power_shares(_filled(scores), self.n)


@dataclass(frozen=True)
class RectifiedPower:
    """Weights max(0, s_i)^(n-1); potential sum_i max(0, s_i)^n / n: the rectified polynomial of Krotov and Hopfield.

    Convex for every n, and never negative (Krotov and Hopfield 2016, arXiv 1606.01164). n: at least 2,
    whole or not, else ArgumentError.

    >>> RectifiedPower(3).weights(torch.tensor([2.0, -1.0, -torch.inf]))
    tensor([4., 0., 0.])
    """

    n: float

    def __post_init__(self) -> None:
        if not 2 <= self.n < math.inf:
            raise ArgumentError(f"n must be finite and at least 2; got {self.n!r}")

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the scores above 0 to the power n - 1, 0 for the rest."""
        return _power(_inside(scores.relu(), self.n), self.n)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the sum of the scores above 0 to the power n, over n; 0 for no slots."""
        return _power_potential(scores.relu(), self.n)

    def shares(self, scores: Tensor, /) -> Tensor:
        """Give weights over their sum; 0 where no score is above 0."""
        return _power_shares(finite(scores).relu(), self.n)


@dataclass(frozen=True)
class Exponential:
    """Weights exp(s_i); potential sum_i exp(s_i) (Demircigil et al. 2017, arXiv 1702.01929, F(x) = exp x).

    Weights stop growing at s = 66.5 in float32 and 532.3 in float64 (see the module). `Softmax` has the same weights up
    to a factor, whatever the scores: it is `MeanShift(Exponential())`.

    >>> Exponential().weights(torch.tensor([0.0, 1.0, -torch.inf]))
    tensor([1.0000, 2.7183, 0.0000])
    """

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give exp of the scores, 0 for -inf."""
        return scores.clamp(max=_edge(scores.dtype)).exp()

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the sum of exp of the scores; 0 for no slots."""
        weights = self.weights(scores)
        return (weights + _tangent(weights, (finite(scores) - _edge(scores.dtype)).clamp(min=0))).sum(-1)

    def shares(self, scores: Tensor, /) -> Tensor:
        """Give the softmax; 0 in rows where every score is -inf."""
        unread = dead(scores)
        return torch.softmax(finite(scores).masked_fill(unread, 0.0), -1).masked_fill(unread, 0.0)


def _edge(dtype: torch.dtype) -> float:
    return _RANGE * math.log(torch.finfo(dtype).max)


def _inside(scores: Tensor, n: float) -> Tensor:
    edge = math.exp(_edge(scores.dtype) / n)
    return _filled(scores).clamp(-edge, edge)


def _filled(scores: Tensor) -> Tensor:
    return finite(scores).masked_fill(scores == -torch.inf, 0.0)


def _power(scores: Tensor, n: float) -> Tensor:
    return scores if n == 2 else scores.pow(n - 1)


def _power_potential(scores: Tensor, n: float) -> Tensor:
    inside = _inside(scores, n)
    return (inside.pow(n) / n + _tangent(_power(inside, n), _filled(scores) - inside)).sum(-1)


def _tangent(slope: Tensor, over: Tensor) -> Tensor:
    """Give slope * over, held so far in range that a sum over slots is finite; its gradient is the slope."""
    most = torch.finfo(slope.dtype).max / (4 * max(1, slope.shape[-1]))
    return (slope * over).detach().clamp(-most, most) + slope.detach() * (over - over.detach())


def _power_shares(scores: Tensor, n: float) -> Tensor:
    if not scores.shape[-1]:
        return scores
    largest = scores.detach().abs().amax(-1, keepdim=True)
    weights = _power(scores / largest.where(largest > 0, 1.0), n)
    total = weights.sum(-1, keepdim=True)
    return torch.where(total > 0, weights, 0.0) / total.where(total > 0, 1.0)
