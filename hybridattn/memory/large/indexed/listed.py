"""Slots that are put into lists of like keys, with a summary of each list."""

from typing import Any, Self

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.memory.evidence import truth_of
from hybridattn.memory.large.indexed.summary import Summary, summarise
from hybridattn.memory.large.lists import Index, checked_lists
from hybridattn.memory.slots.numbered import check_alive
from hybridattn.memory.slots.stored import StoredSlots

__all__ = ["ListedSlots"]

_FRESH = -1


class ListedSlots(StoredSlots):
    """Stored slots of which those that were there when the index was built lie list after list, and fresh ones last."""

    list_of: Tensor
    """(n,) int64: the list of each slot, rising; -1 for fresh slots."""

    def __init__(
        self,
        key_dim: int,
        value_dim: int | None,
        *,
        index: Index,
        most_fresh: int | None,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__(key_dim, value_dim, slots=None, generator=None, device=device, dtype=dtype)
        if not isinstance(index, Index):
            raise ArgumentError(f"index must have fit(keys), as KMeansLists has; got {index!r}")
        if most_fresh is not None and most_fresh < 0:
            raise ArgumentError(f"most_fresh must be at least 0, or None; got {most_fresh}")
        self.index, self.most_fresh = index, most_fresh
        self.register_buffer("list_of", torch.empty(0, dtype=torch.int64, device=device))
        self._summary: Summary | None = None
        self._by_id: tuple[Tensor, Tensor, Tensor] | None = None

    @property
    def fresh(self) -> int:
        """How many slots are in no list; the others come first."""
        summary = self._known()
        return len(self) if summary is None else len(self) - summary.slots

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Store slots as `StoredSlots.write` does: they are fresh, and read exactly."""
        ids = super().write(keys, values, evidence=evidence)
        self.list_of = torch.cat((self.list_of, torch.full_like(ids, _FRESH)))
        if self.most_fresh is not None and self.fresh > self.most_fresh:
            self.build_index()
        return ids

    def take(self, ids: Tensor, keys: Tensor, values: Tensor | None, *, evidence: Tensor | None = None) -> None:
        """Store slots under ids of their own, (m,) int64, all above those that are there; they are fresh."""
        rows = self._checked(keys, values, evidence)
        if len(ids) and (bool((ids.diff() <= 0).any()) or (len(self) and int(ids[0]) <= int(self.ids.amax()))):
            raise ArgumentError("ids must rise, above all that are there")
        self._append(rows, ids.to(self.ids.device))
        self.list_of = torch.cat((self.list_of, torch.full_like(self.ids[len(self.list_of) :], _FRESH)))
        self.next_id = self.next_id.new_tensor(max(int(self.next_id), int(ids[-1]) + 1 if len(ids) else 0))

    def take_lists(self, ids: Tensor, lists: Tensor) -> bool:
        """Put slots with these ids into these lists, as an index did before; False, and no change, if that is none.

        ids and lists are (m,) int64, with no id twice and no list below 0. Slots that are not named are fresh, ids that
        do not live are left out.
        """
        good = ids.dtype == lists.dtype == torch.int64 and ids.ndim == 1 and ids.shape == lists.shape
        if not good or len(torch.unique(ids)) < len(ids) or bool((lists < 0).any()):
            return False
        kept = torch.isin(ids, self.ids)
        ids, lists = ids[kept].to(self.ids.device), torch.unique(lists[kept], return_inverse=True)[1]
        list_of = torch.full_like(self.ids, _FRESH)
        list_of[self._places(ids)] = lists.to(list_of.device)
        order = torch.where(list_of == _FRESH, len(self), list_of).argsort(stable=True)
        self.list_of = list_of
        for name in self._stored():
            setattr(self, name, getattr(self, name)[order])
        self._summary = None
        return True

    def erase(self, ids: Tensor) -> None:
        """Forget the slots with these ids, of any shape; raises SlotError, and forgets none, if one is not alive."""
        super().erase(ids)
        self._summary = None

    def truth(self, horizon: float = 1.0) -> tuple[Tensor, Tensor]:
        """Give frequency and confidence as `StoredSlots.truth` does, by rising id: in the order of writing."""
        return truth_of(self.evidence[self.ids.argsort()], horizon)

    def build_index(self) -> None:
        """Put all slots into lists, learnt anew from their keys.

        Raises ShapeError or ArgumentError, and changes nothing, where the index gives no list for each key.
        """
        keys = self.keys.detach()
        fitted = self.index.fit(keys)
        lists = checked_lists(fitted.assign(keys), keys, fitted.lists)
        lists = torch.unique(lists, return_inverse=True)[1]  # empty lists are dropped
        order = lists.argsort(stable=True)
        self.list_of = lists
        for name in self._stored():
            setattr(self, name, getattr(self, name)[order])
        self._summary = None

    def _known(self) -> Summary | None:
        """Give the summary of the lists, made when first needed after a change; None where all slots are fresh."""
        if self._summary is None:
            lists = self.list_of[self.list_of != _FRESH]
            if not len(lists):
                return None
            here = slice(len(lists))
            self._summary = summarise(self.keys[here], self._values()[here], lists, int(lists[-1]) + 1)
        return self._summary

    def _values(self) -> Tensor:
        return self.keys if self.values is None else self.values

    def _places(self, ids: Tensor) -> Tensor:
        """Find the rows of slots, which building an index has put out of order: ids (...) -> (...)."""
        ids = torch.as_tensor(ids, device=self.ids.device)
        if self._by_id is None or self._by_id[0] is not self.ids:
            self._by_id = (self.ids, *self.ids.sort())
        _, rising, order = self._by_id
        found = torch.searchsorted(rising, ids.contiguous()).clamp(max=max(0, len(rising) - 1))
        alive = rising[found] == ids if len(rising) else torch.zeros_like(ids, dtype=torch.bool)
        check_alive(ids, alive)
        return order[found]

    def _stored(self) -> list[str]:
        return [*super()._stored(), "list_of"]

    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        self._summary = None  # it holds numbers as they were
        return super()._apply(fn, recurse)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        *_, errors = rest
        super()._load_from_state_dict(state_dict, prefix, *rest)
        self._summary = None
        ranks = torch.where(self.list_of == _FRESH, len(self), self.list_of)
        wrong = (ranks < 0) | (ranks > len(self))
        if bool(wrong.any()) or bool((ranks[1:] < ranks[:-1]).any()) or len(ranks) != len(self):
            errors.append(f"{prefix}list_of: must rise from 0 to less than {len(self)}, -1 for fresh slots at the end")
