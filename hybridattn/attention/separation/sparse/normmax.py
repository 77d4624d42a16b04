"""Normmax: sparse like entmax, and even among the slots that it reads."""

import math
from dataclasses import dataclass

from entmax import normmax_bisect
from torch import Tensor

from hybridattn.attention.separation.sparse.conjugate import conjugate, halvings, share_out
from hybridattn.errors import ArgumentError

__all__ = ["Normmax"]


@dataclass(frozen=True)
class Normmax:
    """The shares p that make p . s - Omega(p) largest, Omega(p) = (sum_i p_i^gamma)^(1/gamma) - 1.

    A best slot that leads by 1 has all, for every gamma; with larger gamma the slots that are read have more equal
    weights. The potential is that largest value (Blondel et al. 2020, "Learning with Fenchel-Young losses"; as a
    memory, Santos et al. 2024, arXiv 2402.13725). gamma: above 1 and finite, else ArgumentError. By the bisection of
    the package `entmax`.

    >>> import torch
    >>> Normmax(2.0).weights(torch.tensor([0.0, 0.0, -1.0, -torch.inf]))
    tensor([0.5000, 0.5000, 0.0000, 0.0000])
    """

    gamma: float

    def __post_init__(self) -> None:
        if not 1 < self.gamma < math.inf:
            raise ArgumentError(f"gamma must be finite and above 1; got {self.gamma!r}")

    @property
    def margin(self) -> float:
        """1: how far the best score must lead to be read alone."""
        return 1.0

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the normmax over the last axis; 0 in rows where every score is -inf."""
        return share_out(scores, self.margin, self._shares)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give max_p p . s - Omega(p), at least the largest score; -inf in rows where every score is -inf."""
        return conjugate(scores, self.weights, self._omega)

    def _shares(self, behind: Tensor) -> Tensor:
        shares: Tensor = normmax_bisect(behind, self.gamma, n_iter=halvings(behind.dtype))
        return shares

    def _omega(self, shares: Tensor) -> Tensor:
        return shares.pow(self.gamma).sum(-1).pow(1 / self.gamma) - 1
