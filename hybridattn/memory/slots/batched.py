"""A store of its own for every query of a batch: the facts of a story, say, beside the question about it."""

import torch
from torch import Tensor

from hybridattn.attention import Dot, Read, Separation, Similarity, Softmax, read
from hybridattn.attention.result import mapped
from hybridattn.errors import ArgumentError, ShapeError, SlotError

__all__ = ["BatchedSlots"]

_DOT, _SOFTMAX = Dot(), Softmax()


class BatchedSlots:
    """The slots of b stores, given whole; query i reads store i alone, so that b stories take one call.

    Slot j of store i has id i * n + j. Nothing is copied, and gradients reach keys and values. Unlike the memories that
    are written to, it has no state of its own: the tensors belong to whoever made them.

    Args:
        keys: (b, n, d), stores shorter than n padded with anything finite.
        values: (b, n, v); None reads keys.
        mask: (b, n) bool, True where there is a slot; None where all are full.
        similarity, separation, beta: as for `attention.read`.

    Raises:
        ShapeError: shapes that do not fit each other.

    >>> keys = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [0.0, 0.0]]])
    >>> memory = BatchedSlots(keys, mask=torch.tensor([[True, True], [True, False]]), beta=100.0)
    >>> memory.read(torch.tensor([[0.0, 1.0], [0.0, 1.0]]), top=1).slots
    tensor([[1], [2]])
    """

    def __init__(
        self,
        keys: Tensor,
        values: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        similarity: Similarity = _DOT,
        separation: Separation = _SOFTMAX,
        beta: float | Tensor = 1.0,
    ) -> None:
        if keys.ndim != 3:
            raise ShapeError(f"keys must have shape (b, n, d); got shape {tuple(keys.shape)}")
        for name, part, axes in (("values", values, 3), ("mask", mask, 2)):
            if part is not None and (part.ndim != axes or part.shape[:2] != keys.shape[:2]):
                wanted = f"({keys.shape[0]}, {keys.shape[1]}{', v' if axes == 3 else ''})"
                raise ShapeError(f"{name} must have shape {wanted}; got shape {tuple(part.shape)}")
        self.keys, self.values, self.mask = keys, keys if values is None else values, mask
        self.similarity, self.separation, self.beta = similarity, separation, beta

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        """Read store i with query i: (b, d) to the value (b, v), and with top=k ids and shares (b, k) of its k best."""
        stores, slots, width = self.keys.shape
        if query.shape != (stores, width):
            raise ShapeError(f"query must be one a store, ({stores}, {width}); got shape {tuple(query.shape)}")
        parts = {"similarity": self.similarity, "separation": self.separation, "beta": self.beta, "top": top}
        mask = None if self.mask is None else self.mask.unsqueeze(1)
        found = read(query.unsqueeze(1), self.keys, self.values, mask=mask, **parts)  # type: ignore[arg-type]
        found = mapped(lambda part: part.squeeze(1), found)
        if found.slots is not None:
            first = slots * torch.arange(stores, device=query.device).unsqueeze(1)
            found = found._replace(slots=torch.where(found.slots < 0, -1, found.slots + first))
        return found

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Raise ArgumentError: the slots were given whole."""
        raise ArgumentError("cannot write to batched slots: make new ones of all keys and values")

    def keys_of(self, ids: Tensor) -> Tensor:
        """Give the keys (..., d) of the slots with ids (...); raises SlotError where there is none."""
        return self.keys.flatten(0, 1)[self._checked(ids)]

    def values_of(self, ids: Tensor) -> Tensor:
        """Give the values (..., v) of the slots with ids (...); raises SlotError where there is none."""
        return self.values.flatten(0, 1)[self._checked(ids)]

    def _checked(self, ids: Tensor) -> Tensor:
        stores, slots, _ = self.keys.shape
        there = (ids >= 0) & (ids < stores * slots)
        if self.mask is not None:
            there &= self.mask.flatten()[ids.where(there, 0)] if stores * slots else False
        if not bool(there.all()):
            raise SlotError(f"no slot has id {ids[~there].flatten()[0].item()}")
        return ids
