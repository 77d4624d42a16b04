"""Slots with ids that last: handed out in order, kept through erasing, saved and loaded in any number."""

from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.errors import SlotError

__all__ = ["NumberedSlots", "check_alive", "no_slot"]


def no_slot(ids: Tensor) -> SlotError:
    """Make the error for ids that name no living slot."""
    unknown = ids.flatten().tolist()
    more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
    return SlotError(f"no slot has id {unknown[0]}{more}")


class NumberedSlots(nn.Module):
    """A module whose buffers hold a row a slot; the buffer `ids` (n,) rises, and no id is ever used again."""

    ids: Tensor
    """(n,) int64, rising: the id of each slot."""
    next_id: Tensor
    """() int64: the id that the next slot will get."""

    def __init__(self, slots: int = 0, *, device: torch.device | str | None = None) -> None:
        """Number the first `slots` slots."""
        super().__init__()
        self.register_buffer("ids", torch.arange(slots, device=device))
        self.register_buffer("next_id", torch.tensor(slots, device=device))

    def __len__(self) -> int:
        """Count the living slots."""
        return self.ids.shape[0]

    def _stored(self) -> list[str]:
        """Name the buffers that hold a row a slot, `ids` among them."""
        raise NotImplementedError

    def _sized(self) -> list[str]:
        """Name the buffers of which a state may hold another number of rows."""
        return self._stored()

    def _drop(self, ids: Tensor) -> None:
        """Drop the slots with these ids, of any shape; raises SlotError, and drops none, if one is not alive."""
        kept = torch.ones_like(self.ids, dtype=torch.bool)
        kept[self._places(ids).flatten()] = False
        for name in self._stored():
            setattr(self, name, getattr(self, name)[kept])

    def _places(self, ids: Tensor) -> Tensor:
        """Find the rows of slots: ids (...) -> (...). Ids rise from row to row, and erasing keeps the order."""
        ids = torch.as_tensor(ids, device=self.ids.device)
        places = torch.searchsorted(self.ids, ids.contiguous())
        alive = torch.cat((self.ids, self.ids.new_full((1,), -1)))[places] == ids
        check_alive(ids, alive)
        return places

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        for name in self._sized():
            mine, theirs = getattr(self, name), state_dict.get(prefix + name)
            if theirs is not None and theirs.shape[1:] == mine.shape[1:]:
                setattr(self, name, mine.detach().new_empty(theirs.shape))
        super()._load_from_state_dict(state_dict, prefix, *rest)


def check_alive(ids: Tensor, alive: Tensor) -> None:
    """Raise SlotError where an id (...) names no living slot."""
    if not alive.all():
        raise no_slot(ids[~alive])
