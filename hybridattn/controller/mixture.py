"""The soft mode: the whole mixture that was read passes on, differentiable from end to end."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from hybridattn.attention import Read
from hybridattn.controller.walk import Level, Plan, Walk, looked_up
from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory import Addressable
from hybridattn.trace import Hop, Link, Trace

__all__ = ["Mixture"]


@dataclass(frozen=True)
class Mixture:
    """The value of a read, a mixture of all slots, becomes the next query.

    A question that halts keeps its value and query; the others walk on. Gradients reach the memories and links of every
    hop and the first query. Without a `halt`, a walk never waits for the device.
    """

    def walk(self, plan: Plan, query: Tensor, *, trace: bool) -> Walk:
        """Walk from each query (..., d) at once."""
        lead = query.shape[:-1]
        query = query.reshape(-1, query.shape[-1])
        question = torch.arange(len(query), device=query.device)
        walking = torch.ones_like(question, dtype=torch.bool)
        made = torch.zeros_like(question)
        value: Tensor | None = None
        kept: list[_Kept] = []
        for hop in range(plan.hops):
            index = hop % len(plan.levels)
            level = plan.levels[index]
            asked = level.settled(query)
            if trace:
                read, missing = looked_up(level.memory, asked, top=plan.top)
                kept.append(_Kept(index, level, asked, read, missing, walking))
            else:
                read = level.memory.read(asked)
            following = level.link(asked, read.value)
            made = made + walking
            if plan.halt is None or value is None:
                value, query = read.value, following
            else:
                value, query = _where(walking, read.value, value), _where(walking, following, query)
            if plan.halt is not None:
                walking = walking & ~plan.halt(asked, following, read.value, question)
                if not bool(walking.any()):
                    break
        assert value is not None
        log = Trace(tuple(map(_hop, kept)), ("",) * len(query)) if trace else None
        value, query, made = (part.reshape(lead + part.shape[1:]) for part in (value, query, made))
        return Walk(value, query, made, log)


class _Kept(NamedTuple):
    """One hop as tensors: nothing is moved to the host before the walk has ended."""

    number: int
    level: Level
    asked: Tensor
    read: Read
    missing: Tensor
    walking: Tensor


@torch.no_grad()
def _hop(kept: _Kept) -> Hop:
    memory, read = kept.level.memory, kept.read
    if not isinstance(memory, Addressable):
        raise ArgumentError(f"a trace needs a memory with keys_of() and values_of(); {type(memory).__name__} has none")
    assert read.slots is not None
    assert read.shares is not None
    question, column = ((read.slots >= 0) & kept.walking[:, None]).nonzero(as_tuple=True)
    slot, share = read.slots[question, column], read.shares[question, column]
    width = read.value.shape[-1]
    cosine = cosine_similarity(kept.asked[question, :width], memory.keys_of(slot)[:, :width], dim=-1)
    columns = question, slot, share, cosine, kept.missing[question]
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return Hop(kept.number, tuple(Link(row, -1, *rest) for row, *rest in rows))


def _where(walking: Tensor, new: Tensor, old: Tensor) -> Tensor:
    if new.shape != old.shape:
        raise ShapeError(
            f"questions that halt singly need levels of one width; got {old.shape[-1]} and {new.shape[-1]}"
        )
    return torch.where(walking[:, None], new, old)
