"""The delta rule as a memory, with and without decay."""

from typing import Any

import torch
from torch import Tensor

from hybridattn.attention.linearised.features import FeatureMap, UnitNorm
from hybridattn.memory.fastweights.base import FastWeights
from hybridattn.memory.fastweights.delta import delta_rule, gated_delta_rule

__all__ = ["DeltaMemory", "GatedDeltaMemory"]

_UNIT = UnitNorm()
_MOST = 2.0
"""Above it a key of length 1 is overshot by more than it was wrong: repeated writes diverge."""


class DeltaMemory(FastWeights):
    """Fast weights by the delta rule: S += b k (v - S^T k)^T, in the order of writing (Schlag et al. 2021).

    With keys of length 1 and strength 1 the last write under a key wins, orthogonal keys do not disturb each other,
    and keys that are written again and again converge to the least-squares solution (Kaczmarz) where they are linearly
    independent. arXiv 2102.11174; Widrow and Hoff 1960.

    Args:
        key_dim: width d of a key.
        value_dim: width v of a value; None: keys are the values.
        feature_map: what keys and queries become. Stable while strength |phi(k)|^2 <= 2; `UnitNorm()` keeps it so.
        strength: b in [0, 2] where a write gives none.
        device, dtype: of the weights, which are at least float32.

    >>> memory = DeltaMemory(2, 1)
    >>> ids = memory.write(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([[5.0], [7.0]]))
    >>> memory.read(torch.tensor([1.0, 0.0])).value
    tensor([7.])
    """

    def __init__(
        self,
        key_dim: int,
        value_dim: int | None = None,
        *,
        feature_map: FeatureMap = _UNIT,
        strength: float = 1.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(key_dim, value_dim, feature_map, device, dtype)
        self._share("strength", strength, 1.0, 1, _MOST)
        self.strength = float(strength)

    def arguments(self) -> dict[str, Any]:
        """Give the constructor's arguments of an empty memory of this form."""
        return {**super().arguments(), "strength": self.strength}

    def write(
        self,
        keys: Tensor,
        values: Tensor | None = None,
        *,
        evidence: Tensor | None = None,
        strength: Tensor | float | None = None,
    ) -> Tensor:
        """Write keys (m, d) with values (m, v), one after the other: ids (m,), which number what was written.

        strength in [0, 2], one or (m,). Raises ShapeError, NotFiniteError (also where the weights would overflow), or
        ArgumentError (evidence too), and then stores nothing.
        """
        features, stored = self._pairs(keys, values, evidence)
        share = self._share("strength", strength, self.strength, len(features), _MOST)
        found = delta_rule(features, features, stored, share, state=self.weights)
        return self._keep(len(features), weights=found.state)


class GatedDeltaMemory(DeltaMemory):
    """Fast weights by the gated delta rule: S = a (I - b k k^T) S + b k v^T, which also fade (Yang et al. 2025).

    arXiv 2412.06464. Every write first multiplies all weights by its decay a: 1 keeps all, 0 forgets all.

    Args:
        decay: a in [0, 1] where a write gives none; the rest as for `DeltaMemory`.

    >>> memory = GatedDeltaMemory(2, 1, decay=0.5)
    >>> ids = memory.write(torch.eye(2), torch.tensor([[8.0], [2.0]]))
    >>> memory.read(torch.eye(2)).value.flatten()
    tensor([4., 2.])
    """

    def __init__(
        self,
        key_dim: int,
        value_dim: int | None = None,
        *,
        feature_map: FeatureMap = _UNIT,
        strength: float = 1.0,
        decay: float = 1.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(key_dim, value_dim, feature_map=feature_map, strength=strength, device=device, dtype=dtype)
        self._share("decay", decay, 1.0, 1, 1.0)
        self.decay = float(decay)

    def arguments(self) -> dict[str, Any]:
        """Give the constructor's arguments of an empty memory of this form."""
        return {**super().arguments(), "decay": self.decay}

    def write(
        self,
        keys: Tensor,
        values: Tensor | None = None,
        *,
        evidence: Tensor | None = None,
        strength: Tensor | float | None = None,
        decay: Tensor | float | None = None,
    ) -> Tensor:
        """Write keys (m, d) with values (m, v), one after the other: ids (m,), which number what was written.

        strength in [0, 2] and decay in [0, 1], one or (m,) each. Raises as `DeltaMemory.write`.
        """
        features, stored = self._pairs(keys, values, evidence)
        share = self._share("strength", strength, self.strength, len(features), _MOST)
        gates = self._share("decay", decay, self.decay, len(features), 1.0).log()
        found = gated_delta_rule(features, features, stored, share, gates, state=self.weights)
        return self._keep(len(features), weights=found.state)
