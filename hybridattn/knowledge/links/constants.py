"""Rules with constants: who has one property has another, r(X, c) <- s(X, c') and r(X, c) <- s(X, _)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hybridattn.knowledge.links.counting import Tally
from hybridattn.knowledge.links.graph import Ints, TripleGraph, joined
from hybridattn.knowledge.links.mining import Mining
from hybridattn.knowledge.links.rules import ConstantRule

__all__ = ["ConstantRules", "Properties", "constant_rules"]

PORTION = 4_000_000  # pairs of properties at once


class Properties:
    """What entities have: (s, c') for an edge s to c', and (s, _) for any edge s; s may be inverse."""

    def __init__(self, graph: TripleGraph) -> None:
        width, relations = graph.size + 1, graph.edge_relations
        pair, first = np.unique(graph.tails * graph.directed + relations, return_index=True)
        alone = np.diff(np.r_[first, len(relations)]) == 1
        code = np.r_[relations * width + graph.heads, relations[first] * width + graph.size]
        only = np.where(alone, graph.edge_triples[first], -1)
        self.codes, number = np.unique(code, return_inverse=True)
        """(p,) relation (n + 1) + c', where c' = n stands for any."""
        entity = np.r_[graph.tails, pair // graph.directed]
        triple = np.r_[graph.edge_triples, only]
        order = np.lexsort((number, entity))
        self.entity, self.number, self.triple = entity[order], number[order], triple[order]
        """Who has which property, and the one triple that says so, -1 where several do; sorted by entity."""
        self.starts = np.searchsorted(self.entity, np.arange(graph.size + 1))
        self._by_number = np.argsort(self.number, kind="stable")
        self._number_starts = np.searchsorted(self.number[self._by_number], np.arange(len(self.codes) + 1))

    def holders(self, number: Ints) -> tuple[Ints, Ints]:
        """List who has each property: rows of `number`, and entities."""
        rows, places = joined(self._number_starts[number], self._number_starts[number + 1])
        return rows, self.entity[self._by_number[places]]

    @property
    def extent(self) -> Ints:
        """(p,) how many have each property."""
        return np.diff(self._number_starts)


@dataclass(frozen=True, eq=False)
class ConstantRules:
    """Many constant rules, column by column; sorted by the property and then the relation that they imply."""

    size: int
    directed: int
    properties: Properties
    property: Ints
    relation: Ints
    constant: Ints
    w_plus: NDArray[np.float64]
    w: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the rules."""
        return len(self.relation)

    def rule(self, number: int) -> ConstantRule:
        """Give one of them."""
        relation, value = divmod(int(self.properties.codes[self.property[number]]), self.size + 1)
        return ConstantRule(
            int(self.relation[number]),
            int(self.constant[number]),
            relation,
            None if value == self.size else value,
            float(self.w_plus[number]),
            float(self.w[number]),
        )

    def answers(self, relation: int, sources: Ints) -> tuple[Ints, Ints, Ints]:
        """Fire r(X, c) <- s(X, c') for (x, r, ?): rows of `sources`, answers, numbers of rules."""
        rows, places = joined(self.properties.starts[sources], self.properties.starts[sources + 1])
        wanted = self.properties.number[places] * self.directed + relation
        low, high = _range(self._premises, wanted)
        again, numbers = joined(low, high)
        return rows[again], self.constant[numbers], numbers

    def questions(self, relation: int, sources: Ints) -> tuple[Ints, Ints, Ints]:
        """Fire r(c, Y) <- s(Y, c') for (c, r, ?), where c is the entity that is asked about."""
        inverse = (relation + self.directed // 2) % self.directed
        low, high = _range(self._conclusions[0], inverse * self.size + sources)
        rows, places = joined(low, high)
        numbers = self._conclusions[1][places]
        again, answers = self.properties.holders(self.property[numbers])
        return rows[again], answers, numbers[again]

    @cached_property
    def _premises(self) -> Ints:
        return self.property * self.directed + self.relation

    @cached_property
    def _conclusions(self) -> tuple[Ints, Ints]:
        keys = self.relation * self.size + self.constant
        order = np.argsort(keys, kind="stable")
        return keys[order], order


def constant_rules(graph: TripleGraph, mining: Mining) -> ConstantRules:
    """Find all rules r(X, c) <- s(X, c') and r(X, c) <- s(X, _) that are strong enough and have enough support.

    An entity x with the property is one piece of evidence, positive if r(x, c) is a triple. That triple is left out
    when it is asked whether x has the property, so that it never supports a rule by itself.
    """
    properties, found = Properties(graph), Tally()
    edges, edge = np.unique(graph.edge_relations * graph.size + graph.heads, return_inverse=True)
    low, high = properties.starts[graph.tails], properties.starts[graph.tails + 1]
    for part in np.split(np.arange(len(edge)), np.flatnonzero(np.diff(np.cumsum(high - low) // PORTION)) + 1):
        rows, places = joined(low[part], high[part])
        other = properties.triple[places] != graph.edge_triples[part[rows]]
        found.add((properties.number[places] * len(edges) + edge[part[rows]])[other])
    enough = found.counts >= mining.least
    number, conclusion = np.divmod(found.numbers[enough], len(edges))
    relation, constant = np.divmod(edges[conclusion], graph.size)
    w = properties.extent[number].astype(float)
    w_plus = found.counts[enough].astype(float)
    strong = mining.strength(w_plus, w) >= mining.weakest
    number, relation, constant = number[strong], relation[strong], constant[strong]
    return ConstantRules(graph.size, graph.directed, properties, number, relation, constant, w_plus[strong], w[strong])


def _range(keys: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    return np.searchsorted(keys, wanted), np.searchsorted(keys, wanted, side="right")
