"""From the links of a walk to a conclusion: the surest path, revised by every further path that shares no evidence."""

import heapq
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import count
from math import inf
from typing import Literal, NamedTuple, TypeAlias

from hybridattn.reasoning.derivation import Derivation, Premise, Proof
from hybridattn.reasoning.fact import Fact
from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.rules import TRUTH, same_statement
from hybridattn.reasoning.term import Compound, Statement, Term
from hybridattn.reasoning.truth import Truth

__all__ = ["CHAIN", "WITNESSED", "Edge", "Edges", "conclude", "edges_from", "runner_up", "surest_path"]

Kind: TypeAlias = Literal["match", "-->", "<->", "*", "&&"]
Node: TypeAlias = Hashable
Table: TypeAlias = Mapping[tuple[Kind, Kind], tuple[str, bool, Kind]]


class Edge(NamedTuple):
    """A premise that leads from one node to another."""

    tail: Node
    head: Node
    kind: Kind
    premise: Premise

    @property
    def judgement(self) -> Judgement:
        """The statement, truth and evidence of the premise."""
        return self.premise.judgement if isinstance(self.premise, Fact) else self.premise


Edges: TypeAlias = Mapping[Node, Sequence[Edge]]
"""The edges that leave each node."""

CHAIN: Table = {
    ("match", "-->"): ("analogy", True, "-->"),
    ("match", "<->"): ("resemblance", True, "<->"),
    ("match", "*"): ("analogy", True, "*"),
    ("-->", "match"): ("analogy", False, "-->"),
    ("<->", "match"): ("resemblance", False, "<->"),
    ("*", "match"): ("analogy", False, "*"),
    ("-->", "-->"): ("deduction", True, "-->"),
    ("<->", "<->"): ("resemblance", True, "<->"),
}
"""What may follow what along one relation: the rule, whether the new premise comes first in it, what is concluded."""

STATED: tuple[Kind, ...] = ("-->", "<->", "*")
WITNESSED: Table = {
    **{pair: entry for pair, entry in CHAIN.items() if "match" in pair},
    **{(one, other): ("intersection", False, "&&") for one in (*STATED, "&&") for other in STATED},
    ("&&", "match"): ("analogy", False, "&&"),
}
"""The same along a path of several relations, whose middle terms the conclusion leaves open."""

LOOKS = 256
"""Candidates that the search for a path that was left out looks at, at most."""


def kind_of(term: Term) -> Kind:
    """Tell inheritance, similarity and relations of a product apart."""
    assert isinstance(term, Statement)
    if term.copula == "<->":
        return "<->"
    return "*" if isinstance(term.subject, Compound) and term.subject.connector == "*" else "-->"


def edges_from(edges: Iterable[Edge]) -> dict[Node, list[Edge]]:
    """Sort edges by the node that they leave."""
    out: dict[Node, list[Edge]] = {}
    for edge in edges:
        out.setdefault(edge.tail, []).append(edge)
    return out


def surest_path(
    edges: Edges,
    start: Node,
    goal: Node,
    *,
    table: Table = CHAIN,
    hops: float = inf,
    without: frozenset[int] = frozenset(),
) -> tuple[Edge, ...]:
    """Find the path of the highest confidence, composed from the source outward, of at most `hops` facts.

    It rests on no observation in `without`. Extending a path never raises its frequency or confidence, and the truth
    functions are monotone, so that best first search over the Pareto front of frequency, confidence and length at
    each node is exact (deduction is not associative: a path that is less sure so far, but of a higher frequency, may
    win). Of equally sure paths the one with the higher frequency, then the shorter, then the one with the earlier
    facts. Empty if there is none.
    """
    waiting: list[_Partial] = [_Partial(0.0, 0.0, 0, (), 0, start, None, None, ())]
    fronts: dict[tuple[Node, Kind | None], list[tuple[Truth, int]]] = {}
    tickets = count(1)
    while waiting:
        here = heapq.heappop(waiting)
        if here.node == goal and here.path and here.kind != "match":
            return here.path
        if here.truth is not None and not _extends(
            fronts.setdefault((here.node, here.kind), []), here.truth, here.facts
        ):
            continue
        for edge in edges.get(here.node, ()):
            if edge.head == start or not without.isdisjoint(edge.judgement.stamp):
                continue
            longer = _extended(here, edge, table, next(tickets))
            if longer is not None and longer.facts <= hops:
                heapq.heappush(waiting, longer)
    return ()


class _Partial(NamedTuple):
    """A path so far; smaller is better."""

    doubt: float
    falsity: float
    facts: int
    order: tuple[int, ...]
    ticket: int
    node: Node
    kind: Kind | None
    truth: Truth | None
    path: tuple[Edge, ...]


def _extended(here: _Partial, edge: Edge, table: Table, ticket: int) -> _Partial | None:
    """Compose one more premise, unless the table does not say how, or nothing is left of the confidence."""
    kind, result = edge.kind, edge.judgement.truth
    if here.kind is not None and here.truth is not None:
        entry = table.get((here.kind, edge.kind))
        if entry is None:
            return None
        rule, new_first, kind = entry
        result = TRUTH[rule](*((result, here.truth) if new_first else (here.truth, result)))
    if result.confidence <= 0:
        return None
    premise = edge.premise
    facts, name = (here.facts + 1, premise.id) if isinstance(premise, Fact) else (here.facts, -1)
    rank = (-result.confidence, -result.frequency, facts, (*here.order, name), ticket)
    return _Partial(*rank, edge.head, kind, result, (*here.path, edge))


def _extends(front: list[tuple[Truth, int]], new: Truth, facts: int) -> bool:
    """Put `new` in the Pareto front, unless something there is at least as good in everything."""
    for old, length in front:
        if old.frequency >= new.frequency and old.confidence >= new.confidence and length <= facts:
            return False
    front.append((new, facts))
    return True


def conclude(edges: Edges, start: Node, goal: Node, *, table: Table = CHAIN, hops: float = inf) -> Derivation | None:
    """Derive what the paths from `start` to `goal` say together: surest first, revised while evidence stays separate.

    A path that shares an observation with those before it adds nothing: choice keeps the surer one (see `runner_up`).
    One that states something else than the surest says nothing about it, and is left out.
    """
    proof, total = Proof(), ""
    for path in _separate(edges, start, goal, table, hops):
        if total and not same_statement(proof.known(total).term, _alone(path, table).conclusion.term):
            continue
        name = _prove(proof, path, table)
        total = proof.infer("revision", total, name) if total else name
    return proof.finish() if total else None


def runner_up(edges: Edges, start: Node, goal: Node, *, table: Table = CHAIN, hops: float = inf) -> Derivation | None:
    """Derive the surest path that choice left out, because it shares evidence with a path that was counted.

    The search for it looks at `LOOKS` candidates at most.
    """
    counted = frozenset(_separate(edges, start, goal, table, hops))
    search = _Search(start, goal, table, hops)
    path = search.first(edges, unwanted=counted) if counted else ()
    return _alone(path, table) if path else None


def _separate(edges: Edges, start: Node, goal: Node, table: Table, hops: float) -> Iterable[tuple[Edge, ...]]:
    search = _Search(start, goal, table, hops)
    while path := search.first(edges):
        yield path
        used = frozenset[int]().union(*(edge.judgement.stamp for edge in path))
        if not used:
            return
        edges = {node: [e for e in some if used.isdisjoint(e.judgement.stamp)] for node, some in edges.items()}


class _Search(NamedTuple):
    """What is looked for: the surest path that rests on no observation twice."""

    start: Node
    goal: Node
    table: Table
    hops: float

    def first(self, edges: Edges, *, unwanted: frozenset[tuple[Edge, ...]] = frozenset()) -> tuple[Edge, ...]:
        """Find the surest path that will do and is not unwanted.

        Any other path lacks some edge of one that will not do, so the search goes on without each of them in turn
        (Lawler 1972), best first.
        """
        waiting: list[tuple[_Partial, frozenset[Edge]]] = []
        seen: set[frozenset[Edge]] = set()

        def look(barred: frozenset[Edge]) -> None:
            left = {node: [e for e in some if e not in barred] for node, some in edges.items()} if barred else edges
            path = surest_path(left, self.start, self.goal, table=self.table, hops=self.hops)
            if path and barred not in seen:
                heapq.heappush(waiting, (self._ranked(path, len(seen)), barred))
            seen.add(barred)

        look(frozenset())
        while waiting and (not unwanted or len(seen) < LOOKS):
            ranked, barred = heapq.heappop(waiting)
            culprits = _twice(ranked.path) or (ranked.path if ranked.path in unwanted else ())
            if not culprits:
                return ranked.path
            for edge in culprits:
                if barred | {edge} not in seen:
                    look(barred | {edge})
        return ()

    def _ranked(self, path: Sequence[Edge], ticket: int) -> _Partial:
        here: _Partial | None = _Partial(0.0, 0.0, 0, (), 0, self.start, None, None, ())
        for edge in path:
            assert here is not None
            here = _extended(here, edge, self.table, ticket)
        assert here is not None
        return here


def _twice(path: Sequence[Edge]) -> tuple[Edge, ...]:
    """Give two edges of a path that rest on one observation, if there are such."""
    owner: dict[int, Edge] = {}
    for edge in path:
        for number in edge.judgement.stamp:
            if number in owner:
                return owner[number], edge
        owner.update(dict.fromkeys(edge.judgement.stamp, edge))
    return ()


def _alone(path: Sequence[Edge], table: Table) -> Derivation:
    proof = Proof()
    _prove(proof, path, table)
    return proof.finish()


def _prove(proof: Proof, path: Sequence[Edge], table: Table) -> str:
    """Write the steps of one path and name the last conclusion."""
    kind, name = path[0].kind, proof.cite(path[0].premise)
    for edge in path[1:]:
        rule, new_first, kind = table[kind, edge.kind]
        new = proof.cite(edge.premise)
        name = proof.infer(rule, *((new, name) if new_first else (name, new)))
    return name
