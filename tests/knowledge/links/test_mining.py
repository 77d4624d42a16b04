"""Evidence of rules: counted by hand, and by the slow and obvious search on random graphs."""

import pytest
import torch
from hypothesis import given, settings
from knowledge.links.small import TRIPLES, bodies, edges, paths

from hybridattn import ArgumentError
from hybridattn.knowledge.links import Mining, PathRule, TripleGraph
from hybridattn.knowledge.links.constants import constant_rules
from hybridattn.knowledge.links.mining import path_rules
from hybridattn.knowledge.links.rules import ConstantRule

ALL = Mining(least=1, kept=10**6, weakest=1e-9)


def seed() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_evidence_counted_by_hand() -> None:
    """Four pairs are grandparents by two steps (ac, bd, ce, df), three of them are known to be."""
    family = [(a, "parent", b) for a, b in ("ab", "bc", "cd", "de", "ef")]
    graph = TripleGraph.of(family + [(a, "grandparent", b) for a, b in ("ac", "bd", "ce")])
    grandparent, parent = graph.relation("grandparent"), graph.relation("parent")
    rules = {(rule.relation, rule.body): rule for rule in path_rules(graph, ALL, generator=seed())}
    assert rules[grandparent, (parent, parent)] == PathRule(grandparent, (parent, parent), 3.0, 4.0)
    # parent(X, Y) <- grandparent(X, A), parent^-1(A, Y): ac, bd, ce step back to ab, bc, cd
    assert rules[parent, (grandparent, parent + 2)] == PathRule(parent, (grandparent, parent + 2), 3.0, 3.0)
    assert (parent, (parent,)) not in rules


def test_a_triple_is_no_evidence_for_a_rule_by_way_of_itself() -> None:
    """r(a, b) is seen to follow from r, s and s^-1, but only over r(a, b) itself."""
    graph = TripleGraph.of([("a", "r", "b"), ("b", "s", "c"), ("d", "r", "e"), ("e", "s", "c")])
    r, s = graph.relation("r"), graph.relation("s")
    rules = {(rule.relation, rule.body): (rule.w_plus, rule.w) for rule in path_rules(graph, ALL, generator=seed())}
    assert (r, (r, s, s + 2)) not in rules
    assert all(body != (relation,) for relation, body in rules)


@given(TRIPLES)
@settings(max_examples=25)
def test_path_evidence_is_that_of_the_slow_count(triples: list[tuple[str, str, str]]) -> None:
    graph = TripleGraph.of(triples)
    known, wanted = edges(graph), {}
    for length in (1, 2, 3):
        for body in bodies(graph, length):
            pairs = {(x, path[-1]) for x in range(graph.size) for path in paths(graph, x, body)}
            for relation in range(len(graph.relations)):
                w_plus = sum((x, relation, y) in known for x, y in pairs)
                if w_plus and body != (relation,):
                    wanted[relation, body] = (float(w_plus), float(len(pairs)))
    found = path_rules(graph, ALL, generator=seed())
    assert {(rule.relation, rule.body): (rule.w_plus, rule.w) for rule in found} == wanted


@given(TRIPLES)
@settings(max_examples=25)
def test_constant_evidence_is_that_of_the_slow_count(triples: list[tuple[str, str, str]]) -> None:
    graph, wanted = TripleGraph.of(triples), set()
    every = edges(graph)
    properties = {(s, value) for _, s, value in every} | {(s, None) for _, s, _ in every}

    def has(entity: int, s: int, value: int | None, without: tuple[int, int, int] | None = None) -> bool:
        hidden = set() if without is None else {without, inverse(without)}
        return any(t == entity and r == s and value in (None, h) for t, r, h in every - hidden)

    def inverse(edge: tuple[int, int, int]) -> tuple[int, int, int]:
        return edge[2], int(graph.inverse(edge[1])), edge[0]

    for s, value in properties:
        w = sum(has(x, s, value) for x in range(graph.size))
        for relation, constant in {(r, c) for _, r, c in every}:
            known = [x for x in range(graph.size) if (x, relation, constant) in every]
            w_plus = sum(has(x, s, value, without=(x, relation, constant)) for x in known)
            if w_plus:
                wanted.add(ConstantRule(relation, constant, s, value, float(w_plus), float(w)))
    rules = constant_rules(graph, ALL)
    assert {rules.rule(number) for number in range(len(rules))} == wanted


def test_few_strong_rules_are_kept() -> None:
    triples = [(f"x{i}", r, f"y{i}") for i in range(6) for r in ("r", "s", "t") if r != "t" or i < 3]
    graph = TripleGraph.of(triples)
    kept = path_rules(graph, Mining(kept=1), generator=seed())
    of_r = [rule for rule in kept if rule.relation == graph.relation("r") and len(rule.body) == 1]
    assert of_r == [PathRule(graph.relation("r"), (graph.relation("s"),), 6.0, 6.0)]
    assert not path_rules(graph, Mining(least=7), generator=seed())


@pytest.mark.parametrize("name", ["least", "kept", "drawn", "doubt", "weakest"])
def test_numbers_must_be_positive(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"{name} must be positive; got 0"):
        Mining(**{name: 0})
