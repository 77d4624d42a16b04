"""Triples as an indexed graph whose edges can be walked both ways."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hybridattn.errors import ArgumentError, UnknownTermError

__all__ = ["Ints", "Triple", "TripleGraph", "joined"]

Triple: TypeAlias = tuple[str, str, str]
"""Head, relation, tail."""

Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TripleGraph:
    """Entities, relations, and the distinct triples over them.

    A relation number below m is a relation, and number + m its inverse; so every triple has two edges.

    >>> graph = TripleGraph.of([("ann", "parent", "bob"), ("bob", "parent", "cid")])
    >>> graph.entities, graph.relations, len(graph)
    (('ann', 'bob', 'cid'), ('parent',), 2)
    >>> graph.has(np.array([1]), np.array([1]), np.array([0]))  # bob, inverse of parent, ann
    array([ True])
    """

    entities: tuple[str, ...]
    relations: tuple[str, ...]
    triples: Ints
    """(t, 3) head, relation, tail; sorted, each once."""

    @classmethod
    def of(cls, triples: Iterable[Sequence[str]], *, more: Iterable[Sequence[str]] = ()) -> "TripleGraph":
        """Make the graph of `triples`; entities and relations of `more` are known too, but its triples are not stored.

        Raises:
            ArgumentError: there is no triple, or one is not three names.
        """
        stored, others = [_checked(t) for t in triples], [_checked(t) for t in more]
        if not stored:
            raise ArgumentError("triples must hold at least one triple; got none")
        entities = tuple(sorted({name for h, _, t in stored + others for name in (h, t)}))
        relations = tuple(sorted({r for _, r, _ in stored + others}))
        blank = cls(entities, relations, np.zeros((0, 3), np.int64))
        return cls(entities, relations, np.unique(blank.numbers(stored), axis=0))

    def numbers(self, triples: Iterable[Sequence[str]]) -> Ints:
        """Give triples (t, 3) as numbers; raises UnknownTermError for a name that the graph lacks."""
        rows = [(self.entity(h), self.relation(r), self.entity(t)) for h, r, t in triples]
        return np.array(rows, np.int64).reshape(-1, 3)

    def entity(self, name: str) -> int:
        """Number an entity; raises UnknownTermError."""
        return _number(self._entity_numbers, name, "entity")

    def relation(self, name: str) -> int:
        """Number a relation; raises UnknownTermError."""
        return _number(self._relation_numbers, name, "relation")

    def __len__(self) -> int:
        """Count the triples."""
        return len(self.triples)

    @property
    def size(self) -> int:
        """The number of entities."""
        return len(self.entities)

    @property
    def directed(self) -> int:
        """The number of relations and inverses, 2m."""
        return 2 * len(self.relations)

    def inverse(self, relation: Any) -> Any:
        """Give the number of the inverse of a relation, or of many."""
        return (relation + len(self.relations)) % self.directed

    @cached_property
    def _entity_numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.entities)}

    @cached_property
    def _relation_numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.relations)}

    @cached_property
    def _edges(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        (head, relation, tail), m = self.triples.T, len(self.relations)
        tails, heads = np.r_[head, tail], np.r_[tail, head]
        relations, triple = np.r_[relation, relation + m], np.tile(np.arange(len(self)), 2)
        order = np.lexsort((heads, relations, tails))
        starts = np.searchsorted(tails[order], np.arange(self.size + 1))
        return tails[order], relations[order], heads[order], triple[order], starts

    @property
    def tails(self) -> Ints:
        """(e,) the entity that each edge leaves; edges are sorted by it, then by relation, then by where they lead."""
        return self._edges[0]

    @property
    def edge_relations(self) -> Ints:
        """(e,) the directed relation of each edge."""
        return self._edges[1]

    @property
    def heads(self) -> Ints:
        """(e,) the entity that each edge leads to."""
        return self._edges[2]

    @property
    def edge_triples(self) -> Ints:
        """(e,) the row of `triples` that each edge is."""
        return self._edges[3]

    @property
    def starts(self) -> Ints:
        """(n + 1,) where the edges of each entity begin."""
        return self._edges[4]

    @cached_property
    def edge_keys(self) -> Ints:
        """(e,) one sorted number an edge: (tail 2m + relation) n + head."""
        return (self.tails * self.directed + self.edge_relations) * self.size + self.heads

    def has(self, tails: Ints, relations: Any, heads: Ints) -> NDArray[np.bool_]:
        """Tell which edges there are."""
        return among((tails * self.directed + relations) * self.size + heads, self.edge_keys)


def among(wanted: Ints, keys: Ints) -> NDArray[np.bool_]:
    """Tell which numbers are among sorted `keys`."""
    if not len(keys):
        return np.zeros(len(wanted), bool)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.asarray(keys[place] == wanted)


def joined(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """List the whole ranges low[i]..high[i] one after the other: which i, and which number in its range.

    >>> joined(np.array([0, 5, 7]), np.array([2, 5, 8]))
    (array([0, 0, 2]), array([0, 1, 7]))
    """
    counts = high - low
    rows = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, within + low[rows]


def _checked(triple: Sequence[str]) -> Triple:
    if len(triple) != 3 or not all(isinstance(name, str) and name for name in triple):
        raise ArgumentError(f"a triple must be three names (head, relation, tail); got {tuple(triple)!r}")
    return triple[0], triple[1], triple[2]


def _number(numbers: dict[str, int], name: str, what: str) -> int:
    if name not in numbers:
        raise UnknownTermError(name, get_close_matches(name, numbers, n=3), what=what)
    return numbers[name]
