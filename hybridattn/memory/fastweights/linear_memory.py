"""Linear attention as a memory."""

from typing import Any

import torch
from torch import Tensor

from hybridattn.attention import Read
from hybridattn.attention.linearised.features import EluPlusOne, FeatureMap
from hybridattn.attention.linearised.linear import averaged, linear_attention
from hybridattn.attention.linearised.steps import Scan
from hybridattn.memory.fastweights.base import FastWeights

__all__ = ["LinearAttentionMemory"]

_ELU = EluPlusOne()


class LinearAttentionMemory(FastWeights):
    """Linear attention as a memory: S += phi(k) v^T and z += phi(k); a read is phi(q) S / phi(q) . z.

    Katharopoulos et al. 2020, arXiv 2006.16236, section 3.3. With `PlainFeatures()` and no normaliser it is the
    outer-product (Hebbian) associative memory, exact for orthonormal keys.

    Args:
        key_dim: width d of a key.
        value_dim: width v of a value; None: keys are the values.
        feature_map: phi. Where the read is normalised it should be above 0, so that no sum of weights is 0.
        normalise: whether a read divides by the sum of the weights, so that it is an average of the values.
        device, dtype: of the weights, which are at least float32.

    >>> from hybridattn.attention import PlainFeatures
    >>> memory = LinearAttentionMemory(2, 1, feature_map=PlainFeatures(), normalise=False)
    >>> ids = memory.write(torch.eye(2), torch.tensor([[5.0], [9.0]]))
    >>> memory.read(torch.tensor([0.0, 1.0])).value
    tensor([9.])
    """

    normaliser: Tensor
    """(w,): z, the sum of the features of all keys."""

    def __init__(
        self,
        key_dim: int,
        value_dim: int | None = None,
        *,
        feature_map: FeatureMap = _ELU,
        normalise: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(key_dim, value_dim, feature_map, device, dtype)
        self.normalise = normalise
        self.register_buffer("normaliser", torch.zeros_like(self.weights[:, 0]))

    def arguments(self) -> dict[str, Any]:
        """Give the constructor's arguments of an empty memory of this form."""
        return {**super().arguments(), "normalise": self.normalise}

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Add keys (m, d) with values (m, v), or one of each: ids (m,), which number what was written.

        Raises ShapeError, NotFiniteError, or ArgumentError (evidence too), and then stores nothing.
        """
        features, stored = self._pairs(keys, values, evidence)
        weights, normaliser = self.weights + features.mT @ stored, self.normaliser + features.sum(0)
        return self._keep(len(features), weights=weights, normaliser=normaliser)

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        """Read with queries (..., d): (..., v) in the dtype of the query; 0 where the sum of the weights is 0."""
        features = self._features(query, top)
        if not self.normalise:
            return Read((features @ self.weights).to(query.dtype))
        return Read(averaged(features @ self._state()).to(query.dtype))

    def attend(self, query: Tensor, keys: Tensor, values: Tensor) -> Scan:
        """Read queries (..., n, d) while writing keys (..., n, d) and values (..., n, v) on top of what is stored.

        This is causal linear attention with the memory as its start; the memory itself does not change.
        """
        state = self._state() if self.normalise else self.weights
        return linear_attention(
            query, keys, values, feature_map=self.feature_map, normalise=self.normalise, state=state
        )

    def _state(self) -> Tensor:
        return torch.cat((self.weights, self.normaliser.unsqueeze(-1)), -1)
