"""Storkey's rule: Hebb's, less what the weights already say through the local field."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.memory.matrices.hopfield.rule import check_units

__all__ = ["Storkey"]


@dataclass(frozen=True)
class Storkey:
    """w_ij += (1/n) (x_i x_j - x_i h_ji - h_ij x_j), h_ij = sum over k other than i, j of w_ik x_k (Storkey 1997).

    Incremental and local: every pattern costs O(n^2), and the order matters. With a = W x over a zero diagonal,
    h_ij = a_i - w_ij x_j, so that the whole update is (1/n) (x x^T - x a^T - a x^T + w_ij (x_i^2 + x_j^2)). The order
    is also why nothing can be unlearnt: what a pattern added hangs on all that came before it.
    """

    def learn(self, sums: Tensor, patterns: Tensor, /) -> Tensor:
        """Give sums (n, n) after patterns (m, n), one after the other."""
        n = sums.shape[-1]
        for x in patterns:
            free = sums - sums.diagonal().diag()
            crossed = torch.outer(x, free @ x / n)
            squares = x.square()
            added = torch.outer(x, x) - crossed - crossed.T
            sums = sums + added + free * ((squares + squares[:, None]) / n)
        return sums

    def scale(self, n: int, /) -> float:
        """Give 1/n."""
        return 1 / n

    def capacity(self, n: int, /) -> float:
        """Give n / sqrt(2 ln n) (Storkey 1997; recalled, and checked here by measurement only).

        >>> round(Storkey().capacity(400))
        116
        """
        return check_units(n) / math.sqrt(2 * math.log(n))
