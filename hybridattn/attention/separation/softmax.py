"""The softmax, over all slots or over the best, and the log-sum-exp that it is the gradient of."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.attention.separation.protocol import dead, finite
from hybridattn.attention.tiles.top import best
from hybridattn.errors import ArgumentError

__all__ = ["Softmax", "TopSoftmax"]


@dataclass(frozen=True)
class Softmax:
    """Weights exp(s_i) / sum_j exp(s_j); potential log sum_j exp(s_j) (Ramsauer et al. 2021, arXiv 2008.02217, eq. 3).

    >>> Softmax().weights(torch.tensor([0.0, 0.0, -torch.inf]))
    tensor([0.5000, 0.5000, 0.0000])
    """

    @property
    def margin(self) -> float:
        """Infinite: however far the best slot leads, the others keep a weight."""
        return math.inf

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the softmax over the last axis; 0 in rows where every score is -inf."""
        unread = dead(scores)
        return torch.softmax(finite(scores).masked_fill(unread, 0.0), -1).masked_fill(unread, 0.0)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the log-sum-exp over the last axis; -inf in rows where every score is -inf."""
        unread = dead(scores)
        alive = finite(scores).masked_fill(unread, 0.0)
        return torch.logsumexp(alive, -1).masked_fill(unread.squeeze(-1), -torch.inf)


@dataclass(frozen=True)
class TopSoftmax:
    """The softmax of the k largest scores (lower slots of equals), 0 for the rest; potential their log-sum-exp.

    The potential is the largest log-sum-exp of any k slots, so it is convex, but the weights jump where another slot
    enters. With k = 1 it is `Hard`, with k of all slots it is `Softmax`. k: int, at least 1, else ArgumentError.

    >>> TopSoftmax(2).weights(torch.tensor([1.0, 0.0, 1.0, 1.0]))
    tensor([0.5000, 0.0000, 0.5000, 0.0000])
    """

    k: int

    def __post_init__(self) -> None:
        if not isinstance(self.k, int) or self.k < 1:
            raise ArgumentError(f"k must be a whole number, at least 1; got {self.k!r}")

    @property
    def margin(self) -> float:
        """0 for k = 1, else infinite."""
        return 0.0 if self.k == 1 else math.inf

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the softmax of the k largest scores; 0 elsewhere, and in rows where every score is -inf."""
        places = self._places(scores)
        return torch.zeros_like(scores).scatter(-1, places, Softmax().weights(scores.gather(-1, places)))

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the log-sum-exp of the k largest scores; -inf in rows where every score is -inf."""
        return Softmax().potential(scores.gather(-1, self._places(scores)))

    def _places(self, scores: Tensor) -> Tensor:
        slots = torch.arange(scores.shape[-1], device=scores.device).expand(scores.shape)
        return best(scores.detach(), slots, self.k)
