"""The bidirectional associative memory: two layers that recall each other."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from hybridattn.attention import Read
from hybridattn.errors import ShapeError
from hybridattn.memory.device import device_shown
from hybridattn.memory.matrices.store import MatrixMemory, bipolar, signs
from hybridattn.memory.settling import settle_rows
from hybridattn.memory.taken import check_top

__all__ = ["BidirectionalMemory", "SettledPair"]


class SettledPair(NamedTuple):
    """Where settling ended, for each query: the pair, and how it came there."""

    state: Tensor
    """(..., key_dim): the last key layer."""
    steps: Tensor
    """(...) int64: how many updates it took, each of both layers."""
    converged: Tensor
    """(...) bool: whether the last update changed neither layer."""
    value: Tensor
    """(..., value_dim): the last value layer; 0 where a unit was never decided."""


class BidirectionalMemory(MatrixMemory):
    """Pairs of +-1 patterns in one matrix W = sum x y^T, recalled from either side (Kosko 1988).

    Values are y = sgn(x W), keys x = sgn(y W^T); a field of 0 keeps the unit as it was, and gives 0, undecided, where
    it was nothing yet. Both layers in turn never raise E(x, y) = -x^T W y, so that every query settles. Kosko's
    estimate of the capacity, min(key_dim, value_dim), is generous; more pairs may be written, and are recalled with
    errors.

    Args:
        key_dim, value_dim: widths d and v of the layers.
        device, dtype: of the weights; whole sums are exact to 2^24 pairs in float32.

    >>> memory = BidirectionalMemory(4, 2)
    >>> ids = memory.write(torch.tensor([[1, 1, -1, -1], [1, -1, 1, -1]]), torch.tensor([[1, 1], [1, -1]]))
    >>> memory.read(torch.tensor([1, 1, -1, -1])).value, memory.read_back(torch.tensor([1, -1])).value
    (tensor([1., 1.]), tensor([ 1., -1.,  1., -1.]))
    """

    value_dim: int
    weights: Tensor
    """(key_dim, value_dim): W."""

    def __init__(
        self,
        key_dim: int,
        value_dim: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(key_dim, value_dim, device=device)
        self.register_buffer("weights", torch.zeros(key_dim, value_dim, device=device, dtype=dtype))

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Store pairs of keys (m, d) and values (m, v), or (d,) and (v,): their numbers (m,) int64.

        Raises ArgumentError where an entry is not +-1, values are missing or evidence is given, or ShapeError; and then
        stores nothing.
        """
        keys, stored = self._pairs(keys, values, evidence, self.weights)
        self.weights = self.weights + self._outer(keys, stored)
        return self._number(keys.shape[0])

    def unlearn(self, keys: Tensor, values: Tensor) -> None:
        """Take pairs back as if never written: exact, as W is a sum; pairs that were not become repelling."""
        self.weights = self.weights - self._outer(*self._pairs(keys, values, None, self.weights))

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        """Give the values sgn(x W) (..., v) of keys (..., d); 0 where the sum is 0."""
        check_top(self, top)
        rows = bipolar("query", self._queries(query, self.weights))
        return Read((rows @ self.weights).sign().reshape(*query.shape[:-1], self.value_dim))

    def read_back(self, value: Tensor) -> Read:
        """Give the keys sgn(y W^T) (..., d) of values (..., v); 0 where the sum is 0."""
        rows = bipolar("value", self._queries(value, self.weights, name="value", width=self.value_dim))
        return Read((rows @ self.weights.T).sign().reshape(*value.shape[:-1], self.key_dim))

    def settle(
        self, query: Tensor, *, value: Tensor | None = None, steps: int | None = None, tol: float = 1e-4
    ) -> SettledPair:
        """Update keys from values, then values from keys, until neither changes, or `steps` times (None: 1000).

        Starts from keys (..., d) and values (..., v), None being what the keys read. Every query converges, as the
        energy falls with each change and has a least value; only `steps` can cut it short.
        """
        keys = bipolar("query", self._queries(query, self.weights))
        values = self._values(query, value, keys)
        found = settle_rows(self._update, torch.cat((keys, values), -1), steps=steps, tol=tol)
        lead = query.shape[:-1]
        state, last = found.state[:, : self.key_dim], found.state[:, self.key_dim :]
        return SettledPair(
            state.reshape(*lead, self.key_dim),
            found.steps.reshape(lead),
            found.converged.reshape(lead),
            last.reshape(*lead, self.value_dim),
        )

    def energy(self, state: Tensor, value: Tensor | None = None) -> Tensor:
        """Give E(x, y) = -x^T W y of keys (..., d) and values (..., v): (...); value None is what the keys read."""
        keys = bipolar("state", self._queries(state, self.weights, name="state"))
        values = self._values(state, value, keys)
        return -((keys @ self.weights) * values).sum(-1).reshape(state.shape[:-1])

    def arguments(self) -> dict[str, Any]:
        """Give the keyword arguments of an empty memory of this form."""
        return {"key_dim": self.key_dim, "value_dim": self.value_dim}

    def extra_repr(self) -> str:
        """Describe the memory in one line."""
        sizes = f"key_dim={self.key_dim}, value_dim={self.value_dim}"
        return f"{sizes}, written={int(self.next_id)}, {device_shown(self)}"

    def _update(self, pair: Tensor) -> Tensor:
        keys, values = pair[:, : self.key_dim], pair[:, self.key_dim :]
        keys = signs(values @ self.weights.T, keys)
        return torch.cat((keys, signs(keys @ self.weights, values)), -1)

    def _values(self, query: Tensor, value: Tensor | None, keys: Tensor) -> Tensor:
        if value is None:
            return (keys @ self.weights).sign()
        if value.shape[:-1] != query.shape[:-1]:
            raise ShapeError(f"value must be one a query, {tuple(query.shape[:-1])}; got shape {tuple(value.shape)}")
        values = self._queries(value, self.weights, name="value", width=self.value_dim)
        wrong = (values.abs() != 1) & (values != 0)
        return values if not wrong.any() else bipolar("value", values)

    def _outer(self, keys: Tensor, values: Tensor) -> Tensor:
        wide = torch.promote_types(self.weights.dtype, torch.float32)
        keys, values = bipolar("keys", keys), bipolar("values", values)
        return (keys.to(wide).T @ values.to(wide)).to(self.weights.dtype)
