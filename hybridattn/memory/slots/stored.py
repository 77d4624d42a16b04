"""Slots of a key, a value and evidence each: how they are written, erased, counted and looked up."""

import math
from typing import Any, Self

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError, NotFiniteError
from hybridattn.memory.evidence import checked_evidence, truth_of
from hybridattn.memory.slots.growth import append
from hybridattn.memory.slots.numbered import NumberedSlots
from hybridattn.memory.taken import as_rows, check_one_a_key, check_values

__all__ = ["StoredSlots"]


class StoredSlots(NumberedSlots):
    """The store of a slot memory: buffers of any number of slots, or Parameters of a fixed number."""

    keys: Tensor
    """(n, key_dim), in the order of writing."""
    values: Tensor | None
    """(n, value_dim), or None where keys are the values."""
    evidence: Tensor
    """(n, 2) float64: w+ and w, how many observations were positive and how many there were."""

    def __init__(
        self,
        key_dim: int,
        value_dim: int | None,
        *,
        slots: int | None,
        generator: torch.Generator | None,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        for name, size in (("key_dim", key_dim), ("value_dim", value_dim), ("slots", slots)):
            if size is not None and size < 1:
                raise ArgumentError(f"{name} must be at least 1; got {size}")
        super().__init__(slots or 0, device=device)
        self.key_dim, self.value_dim, self.trainable = key_dim, value_dim, slots is not None
        for name, width in (("keys", key_dim), ("values", value_dim)):
            if width is not None and slots is not None:
                start = torch.randn(slots, width, generator=generator, dtype=dtype) / math.sqrt(width)
                self.register_parameter(name, nn.Parameter(start.to(device)))
            else:
                self.register_buffer(name, None if width is None else torch.empty(0, width, device=device, dtype=dtype))
        self.register_buffer("evidence", torch.zeros(slots or 0, 2, device=device, dtype=torch.float64))

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Store keys (m, d) with values (m, v), or one (d,) with (v,), in the memory's dtype: slot ids (m,) int64.

        evidence (m, 2), or (2,) for all of them, is (w+, w) with 0 <= w+ <= w; None is one positive observation each.
        Keys and values that require gradients keep their graph, unless gradients are off. Equal keys get slots of their
        own. Raises ShapeError, NotFiniteError or ArgumentError, and then stores nothing.
        """
        self._must_be_free("write to")
        rows = self._checked(keys, values, evidence)
        return self._append(rows, self.next_id + torch.arange(len(rows["keys"]), device=self.keys.device))

    def _checked(self, keys: Tensor, values: Tensor | None, evidence: Tensor | None) -> dict[str, Tensor]:
        """Give what is to be written as the rows of each buffer but the ids; nothing is stored yet."""
        rows = {"keys": self._rows("keys", keys, self.key_dim)}
        check_values(values, self.value_dim)
        if values is not None and self.value_dim is not None:
            rows["values"] = self._rows("values", values, self.value_dim)
            check_one_a_key(rows["keys"], rows["values"])
        rows["evidence"] = checked_evidence(evidence, len(rows["keys"]), rows["keys"].device)
        return rows

    def _append(self, rows: dict[str, Tensor], ids: Tensor) -> Tensor:
        """Store checked rows under ids that are above all others; gives them."""
        for name, added in {**rows, "ids": ids}.items():
            setattr(self, name, append(getattr(self, name), added))
        self.next_id = self.next_id + len(ids)
        return ids

    def erase(self, ids: Tensor) -> None:
        """Forget the slots with these ids, of any shape; raises SlotError, and forgets none, if one is not alive."""
        self._must_be_free("erase from")
        self._drop(ids)

    def add_evidence(self, ids: Tensor, evidence: Tensor) -> None:
        """Add evidence (m, 2), or (2,) for all, to the slots with ids (m,); an id that is there twice gets both."""
        places = self._places(ids).flatten()
        added = checked_evidence(evidence, places.shape[0], self.evidence.device)
        self.evidence = self.evidence.index_add(0, places, added)

    def truth(self, horizon: float = 1.0) -> tuple[Tensor, Tensor]:
        """Give frequency w+ / w (0.5 where w = 0) and confidence w / (w + horizon) by slot: both (n,) float64."""
        return truth_of(self.evidence, horizon)

    def keys_of(self, ids: Tensor) -> Tensor:
        """Give the keys (..., d) of the slots with ids (...); raises SlotError where one does not live."""
        return self.keys[self._places(ids)]

    def values_of(self, ids: Tensor) -> Tensor:
        """Give the values (..., v) of the slots with ids (...); raises SlotError where one does not live."""
        return (self.keys if self.values is None else self.values)[self._places(ids)]

    def _stored(self) -> list[str]:
        return [name for name in ("keys", "values", "ids", "evidence") if getattr(self, name) is not None]

    def _sized(self) -> list[str]:
        return [] if self.trainable else self._stored()

    def _rows(self, name: str, rows: Tensor, width: int) -> Tensor:
        rows = as_rows(name, rows, width).to(self.keys.device, self.keys.dtype)
        if rows.numel() and not bool(torch.stack(rows.detach().aminmax()).isfinite().all()):  # one pass, no copy
            finite = rows.isfinite().all(-1)
            wrong = (~finite).nonzero().flatten().tolist()
            raise NotFiniteError(
                f"{name} must be finite; {len(wrong)} of {len(rows)} rows are not, first row {wrong[0]}"
            )
        return rows

    def _must_be_free(self, what: str) -> None:
        if self.trainable:
            raise ArgumentError(f"cannot {what} a trainable memory: its number of slots is fixed")

    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        counts = self.evidence  # they stay exact when keys become bfloat16: they follow to the device only
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.evidence = counts.to(self.evidence.device)
        return self

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        for name in () if keep_vars else self._stored():  # a copy leaves the reserved room behind
            destination[prefix + name] = destination[prefix + name].clone()
