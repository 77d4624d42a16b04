"""Who wins: from scores to weights, the second part of a read."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

__all__ = ["Hard", "Separation", "Softmax"]


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


@dataclass(frozen=True)
class Softmax:
    """Weights exp(s_i) / sum_j exp(s_j); potential log sum_j exp(s_j) (Ramsauer et al. 2021, arXiv 2008.02217, eq. 3).

    >>> Softmax().weights(torch.tensor([0.0, 0.0, -torch.inf]))
    tensor([0.5000, 0.5000, 0.0000])
    """

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the softmax over the last axis; 0 in rows where every score is -inf."""
        dead = _dead(scores)
        return torch.softmax(scores.masked_fill(dead, 0.0), -1).masked_fill(dead, 0.0)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the log-sum-exp over the last axis; -inf in rows where every score is -inf."""
        dead = _dead(scores)
        return torch.logsumexp(scores.masked_fill(dead, 0.0), -1).masked_fill(dead.squeeze(-1), -torch.inf)


@dataclass(frozen=True)
class Hard:
    """Weight 1 for the largest score (the lower slot of equals), 0 for the rest; potential max_i s_i.

    This is the limit of `Softmax` for beta to infinity: the nearest neighbour (Millidge et al. 2022, table 1).
    The weights carry no gradient; the potential does.

    >>> Hard().weights(torch.tensor([1.0, 3.0, 3.0]))
    tensor([0., 1., 0.])
    """

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the one-hot vector of the largest score; 0 in rows where every score is -inf."""
        if not scores.shape[-1]:
            return torch.zeros_like(scores)
        winner = torch.zeros_like(scores).scatter(-1, scores.argmax(-1, keepdim=True), 1.0)
        return winner.masked_fill(_dead(scores), 0.0)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the largest score; -inf in rows where every score is -inf."""
        if not scores.shape[-1]:
            return scores.sum(-1) - torch.inf
        largest = scores.gather(-1, scores.argmax(-1, keepdim=True))
        return largest.masked_fill(_dead(scores), -torch.inf).squeeze(-1)


def _dead(scores: Tensor) -> Tensor:
    return (scores == -torch.inf).all(-1, keepdim=True)
