"""Walking the facts of stories: softly, with gradients, or link by link, with every path on record."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from hybridattn.controller import Beam, Level, MultilevelAttention, QueryLink, Replace
from hybridattn.controller.beam import EXACT
from hybridattn.knowledge.rules.story import Link
from hybridattn.knowledge.vectors.facts import StoryFacts
from hybridattn.trace import Trace

__all__ = ["Arrived", "Onwards", "SoftWalk", "Way", "soft_walk", "walk_paths", "ways_of"]

TOP = 16  # facts that are followed from one person, at most
WIDTH = 64  # paths that are followed at once, at most


class Onwards(nn.Module):
    """Makes the next query of where a fact leads, by another link, and leaves its relation behind.

    Args:
        link: from the code of here and the code that was read to the next code (`Replace`, `Gated`, `Residual`).
        width: d, that of the codes.
    """

    def __init__(self, link: QueryLink, width: int) -> None:
        super().__init__()
        self.link, self.width = link, width

    def forward(self, query: Tensor, value: Tensor) -> Tensor:
        """(..., d + v), (..., d + v) -> (..., d + v)."""
        following = self.link(query[..., : self.width], value[..., : self.width])
        return torch.cat((following, torch.zeros_like(query[..., self.width :])), -1)


class Arrived:
    """Halts a question whose value leads to its goal (b, d), whatever the relation."""

    def __init__(self, goal: Tensor) -> None:
        self.goal = goal

    def __call__(self, query: Tensor, following: Tensor, value: Tensor, question: Tensor) -> Tensor:
        """See `Halt`."""
        return torch.ge(cosine_similarity(value[:, : self.goal.shape[1]], self.goal[question], dim=-1), EXACT)


class SoftWalk(NamedTuple):
    """What a soft walk of n hops read."""

    said: Tensor
    """(b, n, v): the mixture of the vectors of relations at each hop."""
    length: Tensor
    """(b, n): the share of walks that arrive with hop 1, ..., n; they sum to at most 1."""


def soft_walk(facts: StoryFacts, *, hops: int, link: QueryLink | None = None) -> SoftWalk:
    """Walk all stories by mixtures; gradients reach the vectors, beta and the link.

    A walk ends where it arrives: with a_t the product of goal and code at hop t, in [0, 1], the share of length t is
    a_t prod_(s < t) (1 - a_s), so that the first arrival counts most (the halting of Banino et al. 2021).
    """
    controller = MultilevelAttention([_level(facts, link)], hops=1)
    query, said, length = facts.queries, [], []
    still = torch.ones_like(query[:, 0])
    for _ in range(hops):
        value, query, *_ = controller(query)
        arrived = (value[:, : facts.width] * facts.goal).sum(1).clamp(0.0, 1.0)
        said.append(value[:, facts.width :])
        length.append(still * arrived)
        still = still * (1 - arrived)
    return SoftWalk(torch.stack(said, 1), torch.stack(length, 1))


def walk_paths(facts: StoryFacts, *, hops: int, link: QueryLink | None = None) -> tuple[Trace, ...]:
    """Walk all stories link by link until each arrives: a trace for each story."""
    controller = MultilevelAttention(
        [_level(facts, link)], hops=hops, top=TOP, halt=Arrived(facts.goal), mode=Beam(WIDTH)
    )
    trace = controller(facts.queries, trace=True).trace
    assert isinstance(trace, Trace)
    return trace.split()


def _level(facts: StoryFacts, link: QueryLink | None) -> Level:
    return Level(facts.memory, Onwards(Replace() if link is None else link, facts.width))


class Way(NamedTuple):
    """A path from the source to the target, and the attention that it had: the product of the shares of its links."""

    slots: tuple[int, ...]
    links: tuple[Link, ...]
    budget: float


def ways_of(facts: StoryFacts, row: int, trace: Trace) -> Iterator[Way]:
    """List the paths of one story that arrive, shortest first."""
    for number, hop in enumerate(trace.hops):
        for place, link in enumerate(hop.links):
            if facts.slots[link.slot].end == facts.stories[row].goal:
                yield _way(facts, trace, number, place)


def _way(facts: StoryFacts, trace: Trace, number: int, place: int) -> Way:
    """Follow a link of a hop back to where its walk began."""
    slots, budget = [], 1.0
    while place >= 0:
        link = trace.hops[number].links[place]
        slots.append(link.slot)
        budget *= link.share
        number, place = number - 1, link.parent
    slots.reverse()
    return Way(tuple(slots), tuple(facts.slots[slot].link for slot in slots), budget)
