"""The winner takes all."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.attention.separation.protocol import dead

__all__ = ["Hard"]


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
        return winner.masked_fill(dead(scores), 0.0)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the largest score; -inf in rows where every score is -inf."""
        if not scores.shape[-1]:
            return scores.sum(-1) - torch.inf
        largest = scores.gather(-1, scores.argmax(-1, keepdim=True))
        return largest.masked_fill(dead(scores), -torch.inf).squeeze(-1)
