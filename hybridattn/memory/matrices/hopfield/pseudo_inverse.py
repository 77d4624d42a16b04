"""The projection rule: every pattern that was learnt is an eigenvector of the weights, with eigenvalue 1."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.memory.matrices.hopfield.rule import check_units

__all__ = ["PseudoInverse"]


@dataclass(frozen=True)
class PseudoInverse:
    """W projects onto the span of the patterns: W = X^T (X X^T)^+ X (Personnaz et al. 1985).

    Learnt one by one without a list of patterns (Greville 1960): r = x - W x is what is new in x, and
    W += r r^T / |r|^2. A pattern that depends on the earlier ones, |r|^2 <= eps |x|^2 in the dtype's eps, is stored
    already and changes nothing. Patterns cannot be unlearnt: W knows the span, and not which patterns span it.

    Any number of independent patterns, up to n, are fixed points. With a zero diagonal (Kanter and Sompolinsky 1987)
    basins are wider, but the fields shrink to 1 - W_ii, so at n patterns only rounding is left of them: keep the
    diagonal there, and expect no basins.

    >>> PseudoInverse().learn(torch.zeros(2, 2), torch.ones(3, 2))
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])
    """

    def learn(self, sums: Tensor, patterns: Tensor, /) -> Tensor:
        """Give the projection (n, n) onto the old span and patterns (m, n)."""
        least = torch.finfo(sums.dtype).eps
        for x in patterns:
            rest = x - sums @ x
            rest = rest - sums @ rest  # twice is enough: the first difference may be mostly rounding
            size = rest @ rest
            gain = torch.where(size > least * (x @ x), 1 / size, 0.0)
            sums = sums + torch.outer(rest, rest * gain)
        return sums

    def scale(self, n: int, /) -> float:
        """Give 1: a projection has the size that it has."""
        return 1.0

    def capacity(self, n: int, /) -> float:
        """Give n: as many as can be independent (Kanter and Sompolinsky 1987)."""
        return float(check_units(n))
