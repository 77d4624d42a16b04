"""From the links of a walk to a conclusion: the surest path, revised by every further path that shares no evidence."""

import heapq
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import count
from typing import Literal, NamedTuple, TypeAlias

from hybridattn.reasoning import truth
from hybridattn.reasoning.derivation import Derivation, Premise, Proof
from hybridattn.reasoning.fact import Fact
from hybridattn.reasoning.judgement import Judgement
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

TRUTH: Mapping[str, Callable[[Truth, Truth], Truth]] = {
    "analogy": truth.analogy,
    "resemblance": truth.resemblance,
    "deduction": truth.deduction,
    "intersection": truth.intersection,
}


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
    edges: Edges, start: Node, goal: Node, *, table: Table = CHAIN, without: frozenset[int] = frozenset()
) -> tuple[Edge, ...]:
    """Find the path of the highest confidence, composed from the source outward, that rests on nothing in `without`.

    Extending a path never raises its frequency or confidence, and both truth functions are monotone, so best first
    search over the Pareto front of (f, c) at each node finds the best path (deduction is not associative: a path that
    is worse now but has the higher frequency may win later). Of equally sure paths the one with the higher frequency,
    then the shorter, then the one with the earlier facts. Empty if there is none.
    """
    ticket = count()
    waiting: list[
        tuple[float, float, int, tuple[int, ...], int, Node, Kind | None, Truth | None, tuple[Edge, ...]]
    ] = []
    heapq.heappush(waiting, (0, 0, 0, (), next(ticket), start, None, None, ()))
    fronts: dict[tuple[Node, Kind | None], list[Truth]] = {}
    while waiting:
        *_, node, kind, so_far, path = heapq.heappop(waiting)
        if node == goal and path:
            return path
        if so_far is not None and not _extends(fronts.setdefault((node, kind), []), so_far):
            continue
        for edge in edges.get(node, ()):
            step = _composed(table, kind, so_far, edge)
            if step is None or edge.head == start or not without.isdisjoint(edge.judgement.stamp):
                continue
            after, result = step
            if result.confidence <= 0 and path:
                continue
            along = (*path, edge)
            order = tuple(-1 if not isinstance(e.premise, Fact) else e.premise.id for e in along)
            rank = (-result.confidence, -result.frequency, len(along), order, next(ticket))
            heapq.heappush(waiting, (*rank, edge.head, after, result, along))
    return ()


def _composed(table: Table, kind: Kind | None, so_far: Truth | None, edge: Edge) -> tuple[Kind, Truth] | None:
    if so_far is None or kind is None:
        return edge.kind, edge.judgement.truth
    entry = table.get((kind, edge.kind))
    if entry is None:
        return None
    rule, new_first, after = entry
    pair = (edge.judgement.truth, so_far) if new_first else (so_far, edge.judgement.truth)
    return after, TRUTH[rule](*pair)


def _extends(front: list[Truth], new: Truth) -> bool:
    """Put `new` in the Pareto front, unless something there is at least as good in both."""
    if any(old.frequency >= new.frequency and old.confidence >= new.confidence for old in front):
        return False
    front.append(new)
    return True


def conclude(edges: Edges, start: Node, goal: Node, *, table: Table = CHAIN) -> Derivation | None:
    """Derive what the paths from `start` to `goal` say together: surest first, revised while evidence stays separate.

    A path that shares an observation with those before it adds nothing: choice keeps the surer one (see `runner_up`).
    """
    proof, total = Proof(), ""
    for path in _separate(edges, start, goal, table):
        name = _prove(proof, path, table)
        total = proof.infer("revision", total, name) if total else name
    return proof.finish() if total else None


def runner_up(edges: Edges, start: Node, goal: Node, *, table: Table = CHAIN) -> Derivation | None:
    """Derive the surest path that choice left out, because it shares evidence with a path that was counted."""
    counted = list(_separate(edges, start, goal, table))
    used = set(counted)
    best: Derivation | None = None
    for edge in {edge for path in counted for edge in path}:
        path = surest_path(edges, start, goal, table=table, without=edge.judgement.stamp)
        if not path or path in used:
            continue
        proof = Proof()
        _prove(proof, path, table)
        found = proof.finish()
        if best is None or _rank(found) < _rank(best):
            best = found
    return best


def _rank(derivation: Derivation) -> tuple[float, int, list[int]]:
    return -derivation.conclusion.truth.confidence, len(derivation.facts), [fact.id for fact in derivation.facts]


def _separate(edges: Edges, start: Node, goal: Node, table: Table) -> Iterable[tuple[Edge, ...]]:
    used: frozenset[int] = frozenset()
    while path := surest_path(edges, start, goal, table=table, without=used):
        yield path
        used = used.union(*(edge.judgement.stamp for edge in path))


def _prove(proof: Proof, path: Sequence[Edge], table: Table) -> str:
    """Write the steps of one path and name the last conclusion."""
    kind, name = path[0].kind, proof.cite(path[0].premise)
    for edge in path[1:]:
        rule, new_first, kind = table[kind, edge.kind]
        new = proof.cite(edge.premise)
        name = proof.infer(rule, *((new, name) if new_first else (name, new)))
    return name
