"""The facts of many stories as one memory of vectors: a slot leads from where it holds to where it leads."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hybridattn.attention import Separation
from hybridattn.knowledge.encoder import Encoder
from hybridattn.knowledge.rules.story import Link, Story, walk_of
from hybridattn.memory import SlotMemory

__all__ = ["Slot", "StoryFacts", "Told", "told"]


class Slot(NamedTuple):
    """What a slot of the memory holds."""

    row: int
    """The number of its story."""
    link: Link
    end: str
    """The name, in its story, of where the fact leads to."""


class Told(NamedTuple):
    """What of a story is remembered: its facts, the names of where each leads from and to, and both ends."""

    links: tuple[Link, ...]
    ends: tuple[tuple[str, str], ...]
    start: str
    goal: str


def told(story: Story, *, ordered: bool) -> Told:
    """Give the facts as a graph of people; ordered, as the walk that they are, whose places are numbered.

    A person who is met twice on a walk is two places; what is told after the walk is left out.
    """
    if not ordered:
        links = tuple(Link(fact) for fact in story.facts)
        ends = tuple((str(link.ends[0]), str(link.ends[1])) for link in links)
        return Told(links, ends, str(story.source), str(story.target))
    links = next(iter(walk_of(story).found), ())
    places = tuple((str(place), str(place + 1)) for place in range(len(links)))
    return Told(links, places, "0", str(len(links) or -1))


class StoryFacts:
    """A batch of stories in one slot memory, apart because nobody of one story has the code of somebody of another.

    A fact is a slot with the key [code of where it leads from; 0] and the value [code of where it leads to; vector of
    its relation].

    Args:
        stories: what is told.
        codes: makes the codes (width d) of people.
        relations: the names of relations, R.
        vectors: (R, v) one for each; a fact with another relation has the vector 0.
        separation, beta: parts of the read.
    """

    def __init__(
        self,
        stories: Sequence[Told],
        codes: Encoder,
        relations: Sequence[str],
        vectors: Tensor,
        *,
        separation: Separation,
        beta: nn.Parameter,
    ) -> None:
        self.stories, self.width = stories, codes.dim
        self.slots = [
            Slot(row, link, end)
            for row, one in enumerate(stories)
            for link, (_, end) in zip(one.links, one.ends, strict=True)
        ]
        ends = [(f"{row} {a}", f"{row} {b}") for row, one in enumerate(stories) for a, b in one.ends]
        asked = [(f"{row} {one.start}", f"{row} {one.goal}") for row, one in enumerate(stories)]
        number = {name: place for place, name in enumerate(dict.fromkeys(n for pair in ends + asked for n in pair))}
        all_codes = codes.encode(list(number)).to(vectors)
        at = torch.tensor([[number[a], number[b]] for a, b in ends + asked]).reshape(-1, 2)
        here, there = all_codes[at[: len(ends)]].unbind(1)
        self.start, self.goal = all_codes[at[len(ends) :]].unbind(1)
        """(b, d) codes of both ends of every story."""
        self.memory = SlotMemory(
            codes.dim + vectors.shape[1], codes.dim + vectors.shape[1], separation=separation, beta=beta
        )
        known = torch.cat((vectors, torch.zeros_like(vectors[:1])))
        place = {name: row for row, name in enumerate(relations)}
        says = known[[place.get(link.fact.relation, len(relations)) for _, link, _ in self.slots]]
        if len(ends):
            self.memory.write(torch.cat((here, torch.zeros_like(says)), 1), torch.cat((there, says), 1))

    @property
    def queries(self) -> Tensor:
        """(b, d + v): where each story starts."""
        blank = self.start.new_zeros(len(self.start), self.memory.key_dim - self.width)
        return torch.cat((self.start, blank), 1)
