"""Walks of up to three edges from many entities at once, with the body that each has followed."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from hybridattn.knowledge.links.graph import Ints, TripleGraph, joined

__all__ = ["LENGTHS", "Body", "Codes", "Trie", "Walked", "walks"]

LENGTHS = (1, 2, 3)
"""How many edges a walk has."""

Body: TypeAlias = tuple[int, ...]
"""The directed relations along a path."""


class Walked(NamedTuple):
    """Walks that ended: row by row where each began, what it followed, where it is, and its middle entities."""

    length: int
    start: Ints
    """(w,) places in `sources`."""
    body: Ints
    """(w,) numbers of bodies."""
    end: Ints
    middle: tuple[Ints, ...]


class Bodies(Protocol):
    """What a walk may follow, as states that the relation of the next edge changes."""

    def after(self, state: Ints, relation: Ints) -> Ints:
        """Give the next state, -1 where there is none."""

    def ended(self, state: Ints) -> Ints:
        """Give the number of the body that a state is the end of, -1 for none."""

    def goes_on(self, state: Ints) -> NDArray[np.bool_]:
        """Tell from which states there is a next."""


class Codes:
    """All bodies; each is numbered by its relations as digits, counted from 1, in base 2m + 1.

    >>> codes = Codes(4)
    >>> codes.body(codes.after(codes.after(np.array([0]), np.array([3])), np.array([0]))[0])
    (3, 0)
    """

    def __init__(self, directed: int) -> None:
        self.base = directed + 1

    def after(self, state: Ints, relation: Ints) -> Ints:
        """Append a digit."""
        return state * self.base + relation + 1

    def ended(self, state: Ints) -> Ints:
        """Give the state itself: every one is a body."""
        return state

    def goes_on(self, state: Ints) -> NDArray[np.bool_]:
        """Say yes."""
        return np.ones(len(state), bool)

    def body(self, code: int) -> Body:
        """Give the relations of a body from its number."""
        digits: list[int] = []
        rest = int(code)
        while rest:
            rest, digit = divmod(rest, self.base)
            digits.insert(0, digit - 1)
        return tuple(digits)


class Trie:
    """Some bodies, by what they begin with, so that no walk goes where none of them leads."""

    def __init__(self, bodies: Sequence[Body], directed: int) -> None:
        nodes: dict[Body, int] = {(): 0}
        for body in bodies:
            for length in LENGTHS[: len(body)]:
                nodes.setdefault(body[:length], len(nodes))
        self._next = np.full((len(nodes), directed), -1, np.int64)
        self._body = np.full(len(nodes), -1, np.int64)
        for begun, node in nodes.items():
            if begun:
                self._next[nodes[begun[:-1]], begun[-1]] = node
        for number, body in enumerate(bodies):
            self._body[nodes[body]] = number
        self._deep = np.asarray((self._next >= 0).any(1))

    def after(self, state: Ints, relation: Ints) -> Ints:
        """Go down one node."""
        return self._next[state, relation]

    def ended(self, state: Ints) -> Ints:
        """Give the place in `bodies` of what a node is the end of."""
        return self._body[state]

    def goes_on(self, state: Ints) -> NDArray[np.bool_]:
        """Tell which nodes have children."""
        return self._deep[state]


def walks(
    graph: TripleGraph,
    sources: Ints,
    bodies: Bodies,
    *,
    most: int | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[Walked]:
    """Yield all walks of each length that follow one of `bodies`.

    The entities along a walk differ, but that it may end where it began, over another triple than it left by (object
    identity, Meilicke et al. 2019). So no walk of two edges or more from x to y goes over an edge between x and y.

    Args:
        graph: the edges.
        sources: (q,) entities to start at.
        bodies: what to follow.
        most: how many of the walks of the greatest length to draw, with replacement, where there are more.
        generator: draws them.
    """
    start, seen = np.arange(len(sources)), [sources]
    state, crossed = np.zeros(len(sources), np.int64), np.full(len(sources), -1)
    for length in LENGTHS:
        low, high = graph.starts[seen[-1]], graph.starts[seen[-1] + 1]
        if length == LENGTHS[-1] and most is not None and generator is not None and (high - low).sum() > most:
            rows, edges = _drawn(low, high, most, generator)
        else:
            rows, edges = joined(low, high)
        following = bodies.after(state[rows], graph.edge_relations[edges])
        triples = graph.edge_triples[edges]
        keep = (following >= 0) & (triples != crossed[rows])
        for place, entity in enumerate(seen):
            if place or length == 1:
                keep &= entity[rows] != graph.heads[edges]
        kept = np.flatnonzero(keep)
        rows, state, end, crossed = rows[kept], following[kept], graph.heads[edges[kept]], triples[kept]
        start, seen = start[rows], [*(entity[rows] for entity in seen), end]
        body = bodies.ended(state)
        done = body >= 0
        yield Walked(length, start[done], body[done], end[done], tuple(entity[done] for entity in seen[1:-1]))
        on = bodies.goes_on(state) & (end != seen[0])
        start, state, crossed, seen = start[on], state[on], crossed[on], [entity[on] for entity in seen]


def _drawn(low: Ints, high: Ints, most: int, generator: torch.Generator) -> tuple[Ints, Ints]:
    """Draw `most` of the pairs that `joined` lists, each as likely as any other."""
    total = np.cumsum(high - low)
    numbers = torch.randint(int(total[-1]), (most,), generator=generator).sort().values.numpy()
    rows = np.searchsorted(total, numbers, side="right")
    return rows, numbers - total[rows] + high[rows]
