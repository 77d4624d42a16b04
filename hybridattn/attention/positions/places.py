"""Where rows and slots stand, and what that changes."""

from dataclasses import dataclass
from typing import TypedDict

import torch
from torch import Tensor

from hybridattn.attention.positions.masks.protocol import PositionMask, whole
from hybridattn.attention.positions.priors.protocol import PositionPrior
from hybridattn.attention.separation import Separation
from hybridattn.attention.similarity import Similarity
from hybridattn.errors import ShapeError

__all__ = ["Parts", "Places"]


class Parts(TypedDict, total=False):
    """What `read` takes by name, but for its prior."""

    similarity: Similarity
    separation: Separation
    beta: float | Tensor
    mask: Tensor | None
    top: int | None
    log_mass: bool


@dataclass(frozen=True)
class Places:
    """Row i stands at position start + i, slot j at position j; mask and prior follow from that.

    With q rows that continue what n slots hold, as when a text grows, start is n - q: the last row then reads all slots
    of a causal mask. With the default 0 both begin together, as `is_causal` of torch has it.

    Args:
        mask: who may read whom; None: all.
        prior: what is added to the scores; None: nothing.
        start: the position of the first row, at least 0.
        block: so many rows are read at a time, with the slots that one of them reaches; at least 1.
    """

    mask: PositionMask | None = None
    prior: PositionPrior | None = None
    start: int = 0
    block: int = 128

    def __post_init__(self) -> None:
        whole("start", self.start, 0)
        whole("block", self.block, 1)

    def check_heads(self, query: Tensor) -> None:
        """Raise ShapeError where the prior is of heads that the query (..., h, q, d) does not have."""
        heads = None if self.prior is None else self.prior.heads
        if heads is not None and (query.ndim < 3 or query.shape[-3] != heads):
            raise ShapeError(f"query must have heads={heads} as axis -3 for this prior; got shape {tuple(query.shape)}")

    def reach(self, rows: slice, n: int) -> list[int]:
        """Give the blocks of slots that some of these rows may read, rising."""
        first, last = self.start + rows.start, self.start + rows.stop - 1
        intervals = [(0, n)] if self.mask is None else self.mask.reach(first, last, n)
        wanted = [range(begin // self.block, -(-stop // self.block)) for begin, stop in intervals if begin < stop]
        return sorted({block for blocks in wanted for block in blocks})

    def tile(self, rows: Tensor, slots: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Give the mask (r, s) and the prior, (r, s) or (h, r, s), of the rows and slots of these numbers."""
        along = self.start + rows.unsqueeze(-1)
        mask = None if self.mask is None else self.mask.allows(along, slots)
        if self.prior is None:
            return mask, None
        heads = self.prior.heads
        head = torch.arange(heads or 1, device=slots.device)
        return mask, self.prior.bias(head[0] if heads is None else head[:, None, None], along, slots)

    def whole(self, q: int, n: int, device: torch.device) -> tuple[Tensor | None, Tensor | None]:
        """Give mask and prior of all q rows and n slots."""
        return self.tile(torch.arange(q, device=device), torch.arange(n, device=device))
