"""Proofs of links: a rule is detached from the facts of a path, and separate proofs are revised."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hybridattn.knowledge.links.answer import LinkAnswer
from hybridattn.knowledge.links.graph import TripleGraph
from hybridattn.knowledge.links.rules import ConstantRule, PathRule, Rule, link, rule_fact
from hybridattn.knowledge.links.walks import Trie, walks
from hybridattn.reasoning import Atom, Fact, Judgement
from hybridattn.reasoning.derivation import Proof
from hybridattn.reasoning.truth import DEFAULT

__all__ = ["Prover"]


class Step(NamedTuple):
    """An edge of a path: `relation` may be inverse."""

    tail: int
    relation: int
    head: int


class Prover:
    """Proves answers to one question (source, relation, ?)."""

    def __init__(self, graph: TripleGraph, source: int, relation: int) -> None:
        self._graph, self._source, self._relation = graph, source, relation

    def answer(self, answer: int, rules: Sequence[tuple[int, Rule]], score: float) -> LinkAnswer:
        """Prove an answer by some of its rules, given with their numbers, strongest first.

        Each rule is detached by deduction, {<(&&, A, B) ==> C>, A} |- <B ==> C>, from one fact after the other; its
        proof is revised with those before it if it rests on no fact of theirs, and otherwise left out (choice).
        """
        cited = [self._rule(number, rule) for number, rule in rules]
        paths = [self._path(rule, answer) for _, rule in rules]
        proof, total, used = Proof(), "", frozenset[int]()
        for rule, path in zip(cited, paths, strict=True):
            facts = [self._fact(step) for step in path]
            numbers = frozenset(fact.id for fact in (rule, *facts))
            if used & numbers:
                continue
            name, used = proof.cite(rule), used | numbers
            for fact in facts:
                name = proof.infer("deduction", name, proof.cite(fact))
            total = proof.infer("revision", total, name) if total else name
        entities = self._graph.entities
        walked = tuple(tuple(entities[i] for i in (path[0].tail, *(s.head for s in path))) for path in paths)
        return LinkAnswer(entities[answer], score, proof.finish(), tuple(cited), walked)

    def _rule(self, number: int, rule: Rule) -> Fact:
        """Give a rule as a premise; its number follows those of the triples."""
        return rule_fact(rule, len(self._graph) + number, self._graph.entities, self._graph.relations)

    def _path(self, rule: Rule, answer: int) -> tuple[Step, ...]:
        """Find the facts by which a rule fires, in the order of its condition."""
        asked = rule.relation == self._relation
        if isinstance(rule, ConstantRule):
            holder = self._source if asked and rule.constant == answer else answer
            value = (
                self._some_value(holder, rule.property, self._source + answer - holder)
                if rule.value is None
                else rule.value
            )
            return (Step(holder, rule.property, value),)
        start, end = (self._source, answer) if asked else (answer, self._source)
        return self._walk(rule, start, end)

    def _walk(self, rule: PathRule, start: int, end: int) -> tuple[Step, ...]:
        trie = Trie([rule.body], self._graph.directed)
        for walked in walks(self._graph, np.array([start]), trie):
            there = np.flatnonzero(walked.end == end)
            if len(there):
                nodes = [start, *(int(entity[there[0]]) for entity in walked.middle), end]
                return tuple(map(Step, nodes, rule.body, nodes[1:]))
        raise AssertionError("a rule that fired has a path")

    def _some_value(self, holder: int, relation: int, other: int) -> int:
        """Give the first entity that the property leads to, if it can be another than what is asked."""
        graph = self._graph
        low, high = graph.starts[holder], graph.starts[holder + 1]
        values = graph.heads[low:high][graph.edge_relations[low:high] == relation]
        return int(min(values, key=lambda value: (value == other, value)))

    def _fact(self, step: Step) -> Fact:
        """Give a stored triple as a premise; its row in the graph is its number."""
        forward = step.relation < len(self._graph.relations)
        relation = step.relation if forward else int(self._graph.inverse(step.relation))
        head, tail = (step.tail, step.head) if forward else (step.head, step.tail)
        number = int(
            np.searchsorted(self._keys, (head * len(self._graph.relations) + relation) * self._graph.size + tail)
        )
        names = Atom(self._graph.entities[head]), self._graph.relations[relation], Atom(self._graph.entities[tail])
        return Fact(number, *names, Judgement(link(*names), DEFAULT, frozenset({number})))

    @cached_property
    def _keys(self) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        head, relation, tail = self._graph.triples.T
        return np.asarray((head * len(self._graph.relations) + relation) * self._graph.size + tail)
