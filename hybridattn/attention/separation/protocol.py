"""What a separation promises: weights that are the gradient of its potential, for any scores."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

__all__ = ["Headed", "Margined", "Proportional", "Separation", "dead", "finite"]


@runtime_checkable
class Separation(Protocol):
    """A potential of the scores, and the weights that are its gradient.

    The potential is convex (`Power` of odd n: where no score is below 0; `LogSumReLU`: it is the logarithm of one that
    is). The pair makes the update of a Hopfield memory a descent of its energy (Krotov and Hopfield 2021, arXiv
    2008.06996, eq. 3-6). Scores are (..., n); weights and potential keep their dtype, and no row looks at another.

    - A slot of score -inf may not be read: weight exactly 0, and neither it nor any gradient is ever NaN.
    - A row without a readable slot has weights 0 and the potential of no slots: 0 where the potential is a sum over
      slots (`Linear`, `Power`, `RectifiedPower`, `Exponential`, `Epanechnikov`, `KSubsets`), else -inf.
    - Weights sum to 1 (`Softmax`, `TopSoftmax`, `Sparsemax`, `Entmax`, `LearnedEntmax`, `Normmax`, `Hard`,
      `MeanShift`) or to k, or as many slots as are readable (`KSubsets`), or they are not normalised (the rest).
    - Weights are at least 0, but for `Linear` and `Power` of even n.
    - A score of +inf counts as the largest finite number of its dtype.
    """

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the weight of every slot, the gradient of the potential: (..., n) to (..., n)."""
        ...

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the potential of the scores: (..., n) to (...)."""
        ...


@runtime_checkable
class Margined(Separation, Protocol):
    """A separation that knows how far the best score must lead for its slot to be read alone, with weight exactly 1.

    Slot i alone is read if and only if s_i - max_(j != i) s_j >= margin; for `KSubsets` the lead is that of the k-th
    score before the next. So with s = beta X q a stored pattern x_i is an exact fixed point if and only if it leads by
    x_i . x_i - max_(j != i) x_i . x_j >= margin / beta, and is read exactly in one step from everywhere within eps of
    it if it leads by margin / beta + 2 M eps, M the largest length of a pattern (Santos et al. 2024, arXiv 2402.13725).
    """

    @property
    def margin(self) -> float | Tensor:
        """The lead from which on one slot is read alone; infinite where none is ever enough."""
        ...


@runtime_checkable
class Proportional(Separation, Protocol):
    """A separation that gives its weights over their sum, also where weights leave the range of the dtype."""

    def shares(self, scores: Tensor, /) -> Tensor:
        """Give weights / sum of weights, (..., n) to (..., n); 0 where the sum is not above 0."""
        ...


@runtime_checkable
class Headed(Protocol):
    """A separation that differs by head: its scores are (..., heads, q, n)."""

    heads: int | None
    """How many heads, or None where it is the same for all scores."""

    def head(self, head: int, /) -> Separation:
        """Give the separation of one head, for scores (..., q, n)."""
        ...


def dead(scores: Tensor) -> Tensor:
    """Tell which rows of scores (..., n) have no readable slot: (..., 1) bool."""
    if not scores.shape[-1]:
        return torch.ones((*scores.shape[:-1], 1), dtype=torch.bool, device=scores.device)
    return scores.detach().amax(-1, keepdim=True) == -torch.inf


def finite(scores: Tensor) -> Tensor:
    """Give scores with the largest finite number for +inf; -inf stays."""
    return scores.clamp(max=torch.finfo(scores.dtype).max)
