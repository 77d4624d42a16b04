"""Sparsemax and alpha-entmax: between the softmax and the winner alone."""

import math
from dataclasses import dataclass

from entmax import entmax15, sparsemax
from torch import Tensor

from hybridattn.attention.separation.softmax import Softmax
from hybridattn.attention.separation.sparse.conjugate import conjugate, share_out
from hybridattn.attention.separation.sparse.tsallis import negentropy, tsallis
from hybridattn.errors import ArgumentError

__all__ = ["Entmax", "Sparsemax"]


@dataclass(frozen=True)
class Entmax:
    """The shares p that make p . s - Omega(p) largest, Omega(p) = sum_i (p_i^alpha - p_i) / (alpha (alpha - 1)).

    Sparse: slots far behind the best have weight exactly 0, and a best slot that leads by 1 / (alpha - 1) has all.
    The potential is that largest value (Peters et al. 2019, arXiv 1905.05702; as a memory, Santos et al. 2024, arXiv
    2402.13725). alpha: at least 1 and finite, else ArgumentError; 1 is `Softmax`, 2 is `Sparsemax`. Exact at 1.5 and 2
    by the sorts of the package `entmax`; else by bisection to the precision of the dtype.

    >>> import torch
    >>> Entmax(1.5).weights(torch.tensor([0.0, 0.0, -2.0, -torch.inf]))
    tensor([0.5000, 0.5000, 0.0000, 0.0000])
    """

    alpha: float

    def __post_init__(self) -> None:
        if not 1 <= self.alpha < math.inf:
            raise ArgumentError(f"alpha must be finite and at least 1; got {self.alpha!r}")

    @property
    def margin(self) -> float:
        """1 / (alpha - 1): how far the best score must lead to be read alone."""
        return math.inf if self.alpha == 1 else 1 / (self.alpha - 1)

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the alpha-entmax over the last axis; 0 in rows where every score is -inf."""
        if self.alpha == 1:
            return Softmax().weights(scores)
        return share_out(scores, self.margin, self._shares)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give max_p p . s - Omega(p), at least the largest score; -inf in rows where every score is -inf."""
        if self.alpha == 1:
            return Softmax().potential(scores)
        return conjugate(scores, self.weights, lambda shares: negentropy(shares, shares.new_tensor(self.alpha)))

    def _shares(self, behind: Tensor) -> Tensor:
        exact = {1.5: entmax15, 2.0: sparsemax}.get(self.alpha)
        shares: Tensor = exact(behind, dim=-1) if exact else tsallis(behind, behind.new_tensor([self.alpha]))
        return shares


@dataclass(frozen=True)
class Sparsemax:
    """The point of the simplex nearest to the scores; potential max_p p . s - (|p|^2 - 1) / 2.

    A best slot that leads by 1 has all (Martins and Astudillo 2016, arXiv 1602.02068; as a memory, Hu et al. 2023,
    arXiv 2309.12673). It is `Entmax(2)`.

    >>> import torch
    >>> Sparsemax().weights(torch.tensor([0.5, 0.0, -2.0, -torch.inf]))
    tensor([0.7500, 0.2500, 0.0000, 0.0000])
    """

    @property
    def margin(self) -> float:
        """1: how far the best score must lead to be read alone."""
        return 1.0

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give the sparsemax over the last axis; 0 in rows where every score is -inf."""
        return Entmax(2.0).weights(scores)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give max_p p . s - (|p|^2 - 1) / 2, at least the largest score; -inf in rows where every score is -inf."""
        return Entmax(2.0).potential(scores)
