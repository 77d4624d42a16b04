"""The softmax, and the log-sum-exp that it is the gradient of."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.attention.separation.protocol import dead

__all__ = ["Softmax"]


@dataclass(frozen=True)
class Softmax:
    """Weights exp(s_i) / sum_j exp(s_j); potential log sum_j exp(s_j) (Ramsauer et al. 2021, arXiv 2008.02217, eq. 3).

    >>> Softmax().weights(torch.tensor([0.0, 0.0, -torch.inf]))
    tensor([0.5000, 0.5000, 0.0000])
    """

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the softmax over the last axis; 0 in rows where every score is -inf."""
        unread = dead(scores)
        return torch.softmax(scores.masked_fill(unread, 0.0), -1).masked_fill(unread, 0.0)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give the log-sum-exp over the last axis; -inf in rows where every score is -inf."""
        unread = dead(scores)
        return torch.logsumexp(scores.masked_fill(unread, 0.0), -1).masked_fill(unread.squeeze(-1), -torch.inf)
