"""Slots listed by the code of their key parts, so that an exact query finds its slots without scoring the others."""

import torch
from torch import Tensor

__all__ = ["InvertedIndex"]


class InvertedIndex:
    """Ranges of slots with a given entity and cue, in slot order; a code of -1 is a wildcard for the cue."""

    def __init__(self, entity: Tensor, cue: Tensor, *, cues: int) -> None:
        """Sort the slots by (entity, cue): both (n,) int64, cue codes below `cues`."""
        self.cues = cues
        self.keys, self.slots = (entity * cues + cue).sort(stable=True)

    def ranges(self, entity: Tensor, cue: Tensor) -> tuple[Tensor, Tensor]:
        """Give for each query the start and the length of its range in `slots`: (q,), (q,) -> (q,), (q,)."""
        any_cue = cue < 0
        low = entity * self.cues + torch.where(any_cue, 0, cue)
        high = torch.where(any_cue, low + self.cues, low + 1)
        start = torch.searchsorted(self.keys, low)
        return start, torch.searchsorted(self.keys, high) - start

    def first(self, start: Tensor, length: Tensor, *, top: int) -> Tensor:
        """Give the first `top` slots of each range, -1 where it is shorter: (q,) -> (q, top)."""
        place = torch.arange(top, device=start.device)
        inside = place < length[:, None]
        if not len(self.slots):
            return torch.full(inside.shape, -1, device=start.device)
        at = (start[:, None] + place).clamp_max(len(self.slots) - 1)
        return torch.where(inside, self.slots[at], -1)

    def members(self, start: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """List the slots of all ranges one after the other, (sum of lengths,), and where each range begins, (q,)."""
        begin = length.cumsum(0) - length
        row = torch.repeat_interleave(length)
        place = torch.arange(len(row), device=row.device) - begin[row]
        return self.slots[start[row] + place], begin
