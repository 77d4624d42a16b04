"""What happened at every hop, as plain data: the one wire between tensors and logic.

A `Trace` holds Python numbers only, so that the rooms behind it never load torch. It costs the kept links, never the
store.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from hybridattn.display import Displayed

__all__ = ["Hop", "Link", "Trace"]


class Link(NamedTuple):
    """One kept link of one hop: which slot a query attended to, and how strongly."""

    question: int
    """Row of the batch of queries that the link belongs to."""
    parent: int
    """Index, in the hop before, of the link that led here; -1 where the query itself or a mixture did."""
    slot: int
    """Id of the slot that was read."""
    share: float
    """Attention share of the slot in its read, in [0, 1]: budget, not truth."""
    similarity: float
    """Cosine of query and key over the part of the key that what is read replaces, in [-1, 1]."""
    missing: float = 0.0
    """Share of the attention of its read that is due to slots that were not looked at, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Hop:
    """The kept links of one hop of all the questions of a batch."""

    level: int
    """Index of the level of the controller that was read."""
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Trace(Displayed):
    """The hops of a batch of questions, in order, and which of the searches were cut short."""

    hops: tuple[Hop, ...]
    cut: tuple[str, ...]
    """For each question why its search ended early ("beam", "hops"), or the empty text if nothing was left out."""

    def split(self) -> tuple["Trace", ...]:
        """Give each question a trace of its own: row 0, parents renumbered."""
        kept: list[list[Hop]] = [[] for _ in self.cut]
        places: list[int] = []
        for hop in self.hops:
            rows: list[list[Link]] = [[] for _ in self.cut]
            now: list[int] = []
            for link in hop.links:
                parent = places[link.parent] if link.parent >= 0 else -1
                now.append(len(rows[link.question]))
                rows[link.question].append(link._replace(question=0, parent=parent))
            places = now
            for row, hops in zip(rows, kept, strict=True):
                if row:
                    hops.append(Hop(hop.level, tuple(row)))
        return tuple(Trace(tuple(hops), (cut,)) for hops, cut in zip(kept, self.cut, strict=True))

    def links(self) -> Iterator[tuple[int, Link]]:
        """Iterate over all links with the number of their hop, counted from 1."""
        return ((number, link) for number, hop in enumerate(self.hops, 1) for link in hop.links)
