"""What a walk over memories returns, and the two ways to walk as one promise."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from torch import Tensor, nn

from hybridattn.attention import Read
from hybridattn.controller.halting import Halt
from hybridattn.controller.links import QueryLink, Replace
from hybridattn.errors import ArgumentError
from hybridattn.memory import Estimating, Memory, Settling
from hybridattn.trace import Trace

__all__ = ["Level", "Mode", "Plan", "Walk", "looked_up"]


class Walk(NamedTuple):
    """Where the walks ended."""

    value: Tensor
    """(..., v) the value that was read last; for a beam that of the link with the most attention in its last hop."""
    query: Tensor
    """(..., d) the query that passed on at the end."""
    hops: Tensor
    """(...,) int64 number of hops that each question made."""
    trace: Trace | None
    """Every kept link, if it was asked for; its questions are the rows of the flattened batch."""


class Level(nn.Module):
    """One level of multilevel attention: a memory, how its values become queries, and how often a query settles first.

    Args:
        memory: what is read.
        link: how what was read becomes the next query; by default it replaces it.
        steps: settling steps (Hopfield updates in the memory's key space) before each read.

    Raises:
        ArgumentError: steps is negative, or the memory cannot settle.
    """

    def __init__(self, memory: Memory, link: QueryLink | None = None, steps: int = 0) -> None:
        super().__init__()
        if steps < 0:
            raise ArgumentError(f"steps must be at least 0; got {steps}")
        if steps and not isinstance(memory, Settling):
            raise ArgumentError(f"steps={steps} needs a memory that settles; {type(memory).__name__} has no settle()")
        self.memory = memory
        self.link: QueryLink = Replace() if link is None else link
        self.steps = steps

    def settled(self, query: Tensor) -> Tensor:
        """Clean the query up: (..., d) -> (..., d), `steps` updates towards the stored keys."""
        if not self.steps:
            return query
        assert isinstance(self.memory, Settling)
        return self.memory.settle(query, steps=self.steps).state


def looked_up(memory: Memory, query: Tensor, *, top: int) -> tuple[Read, Tensor]:
    """Read with queries (q, d) and name the k best slots: what was read, and how much attention is missing, (q,)."""
    if not isinstance(memory, Estimating):
        return memory.read(query, top=top), query.new_zeros(len(query))
    found = memory.estimate(query, top=top)
    return found.read, found.missing.detach()


class Plan(NamedTuple):
    """What to walk: the levels in turn, for so many hops, keeping so many links a read."""

    levels: Sequence[Level]
    hops: int
    top: int
    halt: Halt | None


class Mode(Protocol):
    """A way to walk: what passes on from hop to hop."""

    def walk(self, plan: Plan, query: Tensor, *, trace: bool) -> Walk:
        """Walk from each query: (..., d)."""
        ...
