"""Hebbian rules that find principal components."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

__all__ = ["ComponentRule", "OjaSubspace", "Sanger"]


@runtime_checkable
class ComponentRule(Protocol):
    """How one pattern changes the weights of linear units."""

    def change(self, weights: Tensor, x: Tensor, /) -> Tensor:
        """Give the change of weights (k, d) by a pattern (d,), at a rate of 1."""
        ...


@dataclass(frozen=True)
class OjaSubspace:
    """y (x - W^T y)^T with y = W x: the rows of W come to span the first k components (Oja 1989); one unit: Oja 1982.

    The units are alike: which basis of that subspace they end in hangs on where they began.
    """

    def change(self, weights: Tensor, x: Tensor, /) -> Tensor:
        """Give y (x - W^T y)^T for a pattern (d,): (k, d)."""
        y = weights @ x
        return torch.outer(y, x - y @ weights)


@dataclass(frozen=True)
class Sanger:
    """y x^T - LT(y y^T) W with y = W x, LT the lower triangle: row i comes to be the i-th component (Sanger 1989).

    Each unit learns from what the units before it leave over. With one unit this is Oja's rule.
    """

    def change(self, weights: Tensor, x: Tensor, /) -> Tensor:
        """Give y x^T - LT(y y^T) W for a pattern (d,): (k, d)."""
        y = weights @ x
        return torch.outer(y, x) - torch.outer(y, y).tril() @ weights
