"""Multilevel attention: memories queried hop after hop, where the value that is read becomes the next query."""

from collections.abc import Sequence

from torch import Tensor, nn

from hybridattn.controller.halting import Halt
from hybridattn.controller.mixture import Mixture
from hybridattn.controller.walk import Level, Mode, Plan, Walk
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["MultilevelAttention"]


class MultilevelAttention(nn.Module):
    """Reads the levels in turn, hop after hop; all that passes on is the query.

    Hop t reads level t mod L: `r = read(q_t)`, `q_(t+1) = link(q_t, r)`. There is no hidden state, so it is no
    recurrent
    network: two walks that hold the same query at the same level go on alike.

    Args:
        levels: the levels, at least one.
        hops: largest number of hops, at least 1.
        top: links kept of each read, in the trace and by a beam, at least 1.
        halt: stops single questions earlier (`Converged`, `Reached`); without it all hops are made.
        mode: `Mixture()` passes the mixture on (soft, differentiable), `Beam(width)` the best links (discrete).

    Raises:
        ArgumentError: no level, or hops or top below 1.
    """

    def __init__(
        self,
        levels: Sequence[Level],
        *,
        hops: int,
        top: int = 8,
        halt: Halt | None = None,
        mode: Mode | None = None,
    ) -> None:
        super().__init__()
        if not levels:
            raise ArgumentError("levels must hold at least one level; got none")
        for name, number in (("hops", hops), ("top", top)):
            if number < 1:
                raise ArgumentError(f"{name} must be at least 1; got {number}")
        self.levels = nn.ModuleList(levels)
        self.hops, self.top, self.halt = hops, top, halt
        self.mode: Mode = Mixture() if mode is None else mode

    def forward(self, query: Tensor, trace: bool = False) -> Walk:
        """Walk from each query (..., d); with `trace` every kept link is recorded, at the cost of the kept links alone.

        Raises:
            ShapeError: the query has no last axis, or a memory cannot read a query of that width.
        """
        if query.ndim < 1:
            raise ShapeError(f"query must have shape (..., d); got shape {tuple(query.shape)}")
        levels = [level for level in self.levels if isinstance(level, Level)]
        return self.mode.walk(Plan(levels, self.hops, self.top, self.halt), query, trace=trace)

    def extra_repr(self) -> str:
        """Describe the walk for `repr`."""
        return f"hops={self.hops}, top={self.top}, halt={self.halt}, mode={self.mode}"
