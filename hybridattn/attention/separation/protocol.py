"""What a separation promises: weights that are the gradient of a convex potential."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

__all__ = ["Separation", "dead"]


@runtime_checkable
class Separation(Protocol):
    """A convex potential of the scores, and the weights that are its gradient.

    Scores are (..., n) and may be -inf (a slot that may not be read: weight 0). A row without any readable slot has
    weights 0 and potential -inf; neither it nor its gradient is ever NaN. The pair makes the update of a Hopfield
    memory a descent of its energy (Krotov and Hopfield 2021, arXiv 2008.06996, eq. 3-6).
    """

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the weight of every slot, the gradient of the potential: (..., n) to (..., n)."""
        ...

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the convex potential of the scores: (..., n) to (...)."""
        ...


def dead(scores: Tensor) -> Tensor:
    """Tell which rows of scores (..., n) have no readable slot: (..., 1) bool."""
    return (scores == -torch.inf).all(-1, keepdim=True)
