"""How alike a state is to every stored pattern, as the transitions of a sequence memory see it."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from hybridattn.attention import Separation

__all__ = ["DecorrelatedOverlap", "Overlap", "PlainOverlap"]


@runtime_checkable
class Overlap(Protocol):
    """Overlaps of states with patterns, and the sums of next patterns that they amount to."""

    def prepared(self, keys: Tensor, /) -> Tensor:
        """Give what reads need of keys (n, d) in place of them: (n, d)."""
        ...

    def drives(
        self, states: Tensor, keys: Tensor, prepared: Tensor, values: Tensor, separation: Separation, beta: float, /
    ) -> Tensor:
        """Give sum_mu value^mu f(beta m^mu) for states (q, d): (q, d), up to a positive factor."""
        ...


@dataclass(frozen=True)
class PlainOverlap:
    """m^mu_i = sum_(j != i) x^mu_j s_j / (d - 1): no unit hears itself (Chaudhry et al. 2023).

    For +-1 the sum without i is the whole sum less 1 or plus 1, so all d overlaps of a pattern take two values, and the
    sum over patterns is two products, never (q, n, d). Both values go through the separation in one row of 2n scores:
    exact for separations of each score alone, and for `Softmax()`, whose factor leaves signs as they are.
    """

    def prepared(self, keys: Tensor, /) -> Tensor:
        """Give nothing: (0, d)."""
        return keys[:0]

    def drives(
        self, states: Tensor, keys: Tensor, prepared: Tensor, values: Tensor, separation: Separation, beta: float, /
    ) -> Tensor:
        """Give sum_mu value^mu f(beta m^mu) for states (q, d): (q, d), up to a positive factor."""
        whole, others = states @ keys.T, keys.shape[-1] - 1
        scores = torch.cat((whole - 1, whole + 1), -1) * (beta / others)
        agreeing, differing = separation.weights(scores).chunk(2, -1)  # the overlap where x_i s_i is +1, and where -1
        mean, half = (agreeing + differing) / 2, (agreeing - differing) / 2
        drives: Tensor = mean @ values + states * (half @ (keys * values))
        return drives


@dataclass(frozen=True)
class DecorrelatedOverlap:
    """m = (X^T)^+ s, the coefficients of s in the patterns: exactly 1 for a stored pattern's own, and 0 for the rest.

    This is the generalised pseudo-inverse rule of Chaudhry et al. 2023, the overlaps times the inverse of their own
    matrix: every sequence of linearly independent patterns is recalled exactly, whatever f with f(beta) above n |f(0)|.
    Where keys depend on each other the coefficients of least length are taken. A write costs O(n^2 d).
    """

    def prepared(self, keys: Tensor, /) -> Tensor:
        """Give the dual patterns X^+ transposed, in float64 on the way: (n, d)."""
        duals: Tensor = torch.linalg.pinv(keys.double()).T.contiguous().to(keys.dtype)
        return duals

    def drives(
        self, states: Tensor, keys: Tensor, prepared: Tensor, values: Tensor, separation: Separation, beta: float, /
    ) -> Tensor:
        """Give sum_mu value^mu f(beta m^mu) for states (q, d): (q, d)."""
        drives: Tensor = separation.weights(states @ prepared.T * beta) @ values
        return drives
