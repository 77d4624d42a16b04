"""Slots listed by the code of their key parts, so that an exact query finds its slots without scoring the others."""

import torch
from torch import Tensor

__all__ = ["InvertedIndex"]


class InvertedIndex:
    """Ranges of slots with a given entity and cue, each in slot order; a cue of -1 is a wildcard."""

    def __init__(self, entity: Tensor, cue: Tensor, *, cues: int) -> None:
        """Sort the slots by entity and cue, and once more by entity alone: both (n,) int64, cue codes below `cues`."""
        self.cues = cues
        self.pairs, by_pair = (entity * cues + cue).sort(stable=True)
        self.entities, by_entity = entity.sort(stable=True)
        self.slots = torch.cat([by_pair, by_entity])

    def ranges(self, entity: Tensor, cue: Tensor) -> tuple[Tensor, Tensor]:
        """Give for each query the start and the length of its range in `slots`: (q,), (q,) -> (q,), (q,)."""
        any_cue, entity = cue < 0, entity.contiguous()
        pair = entity * self.cues + cue.clamp_min(0)
        start, stop = (
            torch.where(
                any_cue,
                len(self.pairs) + torch.searchsorted(self.entities, entity, right=right),
                torch.searchsorted(self.pairs, pair, right=right),
            )
            for right in (False, True)
        )
        return start, stop - start

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
