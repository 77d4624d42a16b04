"""Hebb's rule: what is active together is wired together."""

import math
from dataclasses import dataclass

from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.memory.matrices.hopfield.rule import check_units

__all__ = ["Hebb"]

_SATURATION = 0.138
"""Amit, Gutfreund and Sompolinsky 1985: 0.1379, replica symmetric; 0.13819 by lifting (Stojnic, arXiv 2403.01907)."""


@dataclass(frozen=True)
class Hebb:
    """W = (1/n) sum_mu x^mu x^mu^T (Hopfield 1982). A batch is one matrix product; sums of +-1 stay whole numbers.

    >>> import torch
    >>> Hebb().learn(torch.zeros(2, 2), torch.tensor([[1.0, -1.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """

    def learn(self, sums: Tensor, patterns: Tensor, /) -> Tensor:
        """Add the outer products of patterns (m, n) to sums (n, n); the order does not matter."""
        return sums + patterns.T @ patterns

    def unlearn(self, sums: Tensor, patterns: Tensor, /) -> Tensor:
        """Subtract the outer products of patterns (m, n): exact, as the rule is a sum."""
        return sums - patterns.T @ patterns

    def scale(self, n: int, /) -> float:
        """Give 1/n."""
        return 1 / n

    def capacity(self, n: int, /, *, radius: float = 0.0) -> float:
        """Give (1 - 2 radius)^2 n / (2 ln n): so many patterns, and almost every one is a fixed point.

        Reached in one synchronous step from within radius * n flips, 0 <= radius < 1/2 (McEliece et al. 1987; recalled,
        and checked here by measurement only).

        >>> round(Hebb().capacity(400), 1), round(Hebb().capacity(400, radius=0.1), 1)
        (33.4, 21.4)
        """
        if not 0 <= radius < 0.5:
            raise ArgumentError(f"radius must be at least 0 and below 1/2; got {radius}")
        return (1 - 2 * radius) ** 2 * check_units(n) / (2 * math.log(n))

    def safe_capacity(self, n: int, /, *, radius: float = 0.0) -> float:
        """Give half the `capacity`, (1 - 2 radius)^2 n / (4 ln n): all patterns at once are fixed points."""
        return self.capacity(n, radius=radius) / 2

    def saturation(self, n: int, /) -> float:
        """Give 0.138 n: above it no state near a pattern is stable; just below, settled overlaps are about 0.967.

        Amit, Gutfreund and Sompolinsky 1985, for large n and a zero diagonal; both figures solve their equations.
        """
        return _SATURATION * check_units(n)
