"""From what a walk attended to, to what follows from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TypeAlias

from hybridattn.controller.beam import EXACT
from hybridattn.knowledge.answers.answer import Answer
from hybridattn.knowledge.answers.question import Question
from hybridattn.knowledge.table import FactTable
from hybridattn.reasoning import Fact, Judgement, Statement, Term, Truth
from hybridattn.reasoning.graph import Graph, Stored, add_match, from_trace, mark
from hybridattn.reasoning.paths import CHAIN, WITNESSED, Edge, Kind, conclude, edges_from, kind_of, runner_up
from hybridattn.reasoning.truth import w2c
from hybridattn.trace import Link, Trace

__all__ = ["Evidence"]

QUERY = -1  # symbol of a start that no fact mentions
GOAL = -2  # symbol of a goal that no fact mentions
FAR = 1 << 32  # from here on, matches with the goal are numbered
Node: TypeAlias = tuple[int, int, int]
"""Place on the path (0 throughout where one relation is followed), symbol, and relation where any is asked for."""
End: TypeAlias = tuple[int, int]
"""A symbol that may be an answer, and its relation where any is asked for."""
ANY = -1  # stands for the relation where it is known


@dataclass(frozen=True)
class Evidence:
    """The links of one question, read as premises: stored facts, and matches where a query was not exactly a key.

    A read that did not look everywhere may have missed what speaks against what it found. So a fact counts with the
    part of its evidence that was seen: where a share m of the attention was missing, w' = w (1 - m) at the same
    frequency; the largest m of all reads that found it. The derivation cites it so, and replays.
    """

    question: Question
    trace: Trace
    table: FactTable
    start: int
    """Symbol at which the walk began."""
    goal: int | None
    """Symbol that is asked for, if it is known which."""
    goal_matches: Mapping[int, float]
    """Cosine with the goal of every symbol that is like it, where the goal is `GOAL`."""
    match_evidence: float
    hops: int
    """Most facts on a path."""

    def answers(self) -> list[Answer]:
        """Derive every answer, surest first."""
        table = CHAIN if self._length <= 1 else WITNESSED
        edges = edges_from(self._edges)
        found = []
        for end, hop in self._candidates().items():
            start, goal = self._ends(end)
            derivation = conclude(edges, start, goal, table=table, hops=self.hops)
            if derivation is not None:
                alternative = partial(runner_up, edges, start, goal, table=table, hops=self.hops)
                term = self._oriented(derivation.conclusion.term, end)
                found.append(Answer(term, derivation, self._term(end[0]), hop, alternative))
        return sorted(found, key=_rank)

    def graph(self, answers: Sequence[Answer]) -> Graph:
        """Draw what was attended to, with the first answer's facts marked."""
        graph = from_trace(self.trace, self._stored)
        for edge in self._edges:
            if edge.kind == "match":
                tail, head = edge.tail[1], edge.head[1]  # type: ignore[index]
                add_match(graph, edge.judgement, self._term(tail), self._term(head))
        if answers:
            mark(graph, answers[0].derivation)
        roles = {str(answer.end): "answer" for answer in answers} | {str(self._term(self.start)): "source"}
        for term, role in roles.items():
            if term in graph:
                graph.nodes[term]["role"] = role
        return graph

    @property
    def _length(self) -> int:
        """Hops of a path of relations; 0 where one relation is followed for as long as it leads."""
        return 0 if self.question.transitive else len(self.question.path)

    def _ends(self, end: End) -> tuple[Node, Node]:
        """Give the nodes of source and target, where the walk led from the start to `end`."""
        here, there = (0, self._length) if not self.question.inverse else (self._length, 0)
        start, goal = (here, self.start, ANY), (there, *end)
        return (goal, start) if self.question.inverse else (start, goal)

    def _oriented(self, concluded: Term, end: End) -> Term:
        """Write a similarity in the direction of the question."""
        if isinstance(concluded, Statement) and concluded.copula == "<->":
            source, target = self._ends(end)
            return Statement("<->", self._term(source[1]), self._term(target[1]))
        return concluded

    def _term(self, symbol: int) -> Term:
        here, there = self.question.ends
        return here if symbol == QUERY else there if symbol == GOAL else self.table.terms[symbol]

    def _stored(self, slot: int) -> Stored:
        return Stored(self._recalled(slot // 2), inverse=bool(slot % 2))

    def _recalled(self, place: int) -> Fact:
        """Give the fact at a place of the table, on the evidence that was seen of it."""
        fact, missing = self.table.fact(place), self._missing[place]
        if not missing:
            return fact
        return replace(fact, judgement=replace(fact.judgement, truth=fact.judgement.truth.without(missing)))

    @cached_property
    def _missing(self) -> dict[int, float]:
        """Give the largest share of attention that was missing where each fact was read."""
        most: dict[int, float] = {}
        for _, link in self.trace.links():
            most[link.slot // 2] = max(link.missing, most.get(link.slot // 2, 0.0))
        return most

    def _near_far(self, slot: int) -> tuple[int, int]:
        source, _, target = self.table.codes[slot // 2]
        return (target, source) if slot % 2 else (source, target)

    def _candidates(self) -> dict[End, int]:
        """Give the possible answers, with the hop at which each was reached first."""
        if self.goal is None:
            return self._reached
        found: dict[End, int] = {}
        for (symbol, relation), hop in self._reached.items():
            if symbol == self.goal or symbol in self.goal_matches:
                found.setdefault((self.goal, relation), hop)
        return found

    @cached_property
    def _reached(self) -> dict[End, int]:
        """Give the hop at which each possible answer was reached first."""
        reached: dict[End, int] = {}
        for hop, link in self.trace.links():
            far = self._near_far(link.slot)[1]
            if self._asked(link) and hop >= self._length and not (self.question.transitive and far == self.start):
                reached.setdefault((far, self._relation(link)), hop)
        return reached

    def _asked(self, link: Link) -> bool:
        """Tell whether a link is what was asked: "any relation" is any of a pair, read as the question does."""
        if self.question.path != (None,):
            return True
        stored = self._stored(link.slot)
        return stored.inverse == self.question.inverse and kind_of(stored.fact.judgement.term) == "*"

    @cached_property
    def _edges(self) -> list[Edge]:
        return [*self._walked(), *self._to_goal()]

    def _walked(self) -> Iterator[Edge]:
        before: Sequence[Link] = ()
        matches: dict[tuple[Node, Node], Judgement] = {}
        for hop, links in enumerate(self.trace.hops, 1):
            step = 0 if not self._length else hop
            for link in filter(self._asked, links.links):
                near, far = self._near_far(link.slot)
                walker = self._near_far(before[link.parent].slot)[1] if link.parent >= 0 else self.start
                at, to = self._places(step)
                fact = self._recalled(link.slot // 2)
                yield self._edge((at, near, ANY), (to, far, self._relation(link)), kind_of(fact.judgement.term), fact)
                pair = (at, walker, ANY), (at, near, ANY)
                if link.similarity < EXACT and pair not in matches:
                    matches[pair] = self._match(walker, near, link.similarity, len(matches))
                    yield self._edge(*pair, "match", matches[pair])
            before = links.links

    def _places(self, step: int) -> tuple[int, int]:
        """Give the places on the path between which hop `step` leads; 0 and 0 where one relation is followed."""
        at, to = max(0, step - 1), step
        return (self._length - at, self._length - to) if self.question.inverse else (at, to)

    def _to_goal(self) -> Iterator[Edge]:
        """Lead from what is like the goal to the goal; these matches are numbered from the far end."""
        for symbol, relation in self._reached:
            if symbol in self.goal_matches:
                match = self._match(symbol, GOAL, self.goal_matches[symbol], FAR + symbol)
                pair = (self._length, symbol, relation), (self._length, GOAL, relation)
                yield self._edge(*pair, "match", match)

    def _relation(self, link: Link) -> int:
        return self.table.codes[link.slot // 2][1] if self.question.path == (None,) else ANY

    def _edge(self, here: Node, there: Node, kind: Kind, premise: Fact | Judgement) -> Edge:
        """Point an edge from source to target, whichever way it was walked."""
        return Edge(there, here, kind, premise) if self.question.inverse else Edge(here, there, kind, premise)

    def _match(self, one: int, other: int, cosine: float, number: int) -> Judgement:
        """Give the premise `<query <-> key>`: f = max(0, cos), w as set; its one observation has a negative number."""
        truth = Truth(min(1.0, max(0.0, cosine)), w2c(self.match_evidence))
        return Judgement(Statement("<->", self._term(one), self._term(other)), truth, frozenset({-1 - number}))


def _rank(answer: Answer) -> tuple[float, float, int, str]:
    return -answer.expectation, -answer.truth.confidence, answer.hops, str(answer.term)
