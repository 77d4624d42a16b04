"""What memories of fast weights have in common: a matrix that is written to and read from by a product."""

from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.attention import Read
from hybridattn.attention.linearised.features import FeatureMap
from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError
from hybridattn.memory.device import device_shown
from hybridattn.memory.taken import as_rows, check_finite, check_one_a_key, check_query, check_top, check_values

__all__ = ["FastWeights"]


class FastWeights(nn.Module):
    """A matrix (w, v) under which keys of w features recall values of width v; it has no slots.

    Weights are a buffer, so that `.to()`, `state_dict` and `deepcopy` work; they never have less than float32
    precision, whatever `.to()` says. What is written numbers itself, 0, 1, ...; a write of tensors that require
    gradients keeps their graph.
    """

    weights: Tensor
    """(w, v), at least float32."""
    next_id: Tensor
    """() int64: how many pairs were written."""

    def __init__(
        self,
        key_dim: int,
        value_dim: int | None,
        feature_map: FeatureMap,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__()
        for name, size in (("key_dim", key_dim), ("value_dim", value_dim)):
            if size is not None and size < 1:
                raise ArgumentError(f"{name} must be at least 1; got {size}")
        self.key_dim, self.value_dim, self.feature_map = key_dim, value_dim, feature_map
        wide = torch.promote_types(torch.get_default_dtype() if dtype is None else dtype, torch.float32)
        shape = feature_map.width(key_dim), key_dim if value_dim is None else value_dim
        self.register_buffer("weights", torch.zeros(shape, device=device, dtype=wide))
        self.register_buffer("next_id", torch.tensor(0, device=device))

    def arguments(self) -> dict[str, Any]:
        """Give the constructor's arguments of an empty memory of this form."""
        return {"key_dim": self.key_dim, "value_dim": self.value_dim, "feature_map": self.feature_map}

    def extra_repr(self) -> str:
        """Describe the memory in one line."""
        form = ", ".join(f"{name}={value}" for name, value in self.arguments().items())
        return f"{form}, written={int(self.next_id)}, {device_shown(self)}"

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        """Read with queries (..., d): the value phi(query) S, (..., v), in the dtype of the query.

        Raises ShapeError, and ArgumentError for a `top`: there are no slots.
        """
        return Read((self._features(query, top) @ self.weights).to(query.dtype))

    def _features(self, query: Tensor, top: int | None) -> Tensor:
        check_top(self, top)
        check_query(query, self.key_dim)
        if not query.is_floating_point():
            raise ArgumentError(f"query must be floating point; got {query.dtype}")
        return self.feature_map(query.to(self.weights.dtype))

    def _pairs(self, keys: Tensor, values: Tensor | None, evidence: Tensor | None) -> tuple[Tensor, Tensor]:
        """Give the features (m, w) of keys, and the values (m, v), in the dtype of the weights."""
        rows = self._rows("keys", keys, self.key_dim)
        if evidence is not None:
            raise ArgumentError(f"{type(self).__name__} keeps no evidence; got some")
        check_values(values, self.value_dim)
        stored = rows if values is None else self._rows("values", values, self.weights.shape[1])
        check_one_a_key(rows, stored)
        return self.feature_map(rows), stored

    def _rows(self, name: str, rows: Tensor, width: int) -> Tensor:
        rows = as_rows(name, rows, width)
        check_finite(name, rows)
        return rows.to(self.weights)

    def _share(self, name: str, given: Tensor | float | None, default: float, rows: int, most: float) -> Tensor:
        """Give a number in [0, most] for each of some rows: (m,)."""
        share = torch.as_tensor(default if given is None else given).to(self.weights)
        if share.shape not in ((), (rows,)):
            raise ShapeError(f"{name} must be one number, or one for each of {rows} keys; got {tuple(share.shape)}")
        if not ((share >= 0) & (share <= most)).all():
            raise ArgumentError(f"{name} must be in [0, {most:g}]; got {share.min():g} to {share.max():g}")
        return share.expand(rows)

    def _keep(self, rows: int, **state: Tensor) -> Tensor:
        """Take over new state, unless a number in it is not finite; give the ids (m,) of what was written."""
        for name, tensor in state.items():
            if not tensor.isfinite().all():
                raise NotFiniteError(f"{name} would overflow: keys, values or strengths are too large")
        for name, tensor in state.items():
            setattr(self, name, tensor)
        ids = self.next_id + torch.arange(rows, device=self.next_id.device)
        self.next_id = self.next_id + rows
        return ids

    def _apply(self, fn: Any, recurse: bool = True) -> "FastWeights":
        exact = {name: buffer for name, buffer in self._buffers.items() if buffer is not None}
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for name, before in exact.items():
            after = self._buffers[name]
            if after is not None and after.is_floating_point() and after.dtype.itemsize < 4:
                self._buffers[name] = before.to(after.device, torch.float32)
        return self
