"""Small proofs to look into."""

import random
from collections.abc import Sequence

from hybridattn.reasoning import Atom, Derivation, Fact, Judgement, Statement, Truth, inheritance
from hybridattn.reasoning.derivation import Proof
from hybridattn.reasoning.paths import Edge, conclude, edges_from


def fact(number: int, source: str, target: str, f: float = 1.0, c: float = 0.9) -> Fact:
    judgement = Judgement(inheritance(Atom(source), Atom(target)), Truth(f, c), frozenset({number}))
    return Fact(number, Atom(source), "is_a", Atom(target), judgement)


def match(query: str, key: str, f: float, c: float) -> Judgement:
    return Judgement(Statement("<->", Atom(query), Atom(key)), Truth(f, c), frozenset({-1}))


def concluded(facts: Sequence[Fact], source: str, target: str) -> Derivation:
    edges = edges_from(Edge(one.source, one.target, "-->", one) for one in facts)
    derivation = conclude(edges, Atom(source), Atom(target))
    assert derivation is not None
    return derivation


def chain(values: Sequence[tuple[float, float]]) -> Derivation:
    """Facts 1, 2, ... in a row, from n0 outward."""
    facts = [fact(place, f"n{place - 1}", f"n{place}", f, c) for place, (f, c) in enumerate(values, 1)]
    return concluded(facts, "n0", f"n{len(values)}")


def diamond(*, f: float = 1.0) -> Derivation:
    """Two ways from a to d that share the last fact but one observation each: 1-2 and 3-4 are separate."""
    facts = [fact(1, "a", "b"), fact(2, "b", "d"), fact(3, "a", "c", f), fact(4, "c", "d", 0.9, 0.8)]
    return concluded(facts, "a", "d")


def matched() -> Derivation:
    """A soft match, then a fact: analogy."""
    proof = Proof()
    proof.infer(
        "analogy", proof.cite(fact(1, "bird", "animal", 0.9, 0.9)), proof.cite(match("robbin", "bird", 0.8, 0.9))
    )
    return proof.finish()


def random_proof(seed: int) -> Derivation:
    """A random graph of two-digit truths; all separate paths between two of its nodes, revised."""
    generator = random.Random(seed)
    while True:
        facts = [
            fact(number, *(f"n{node}" for node in generator.sample(range(5), 2)), *_truth(generator))
            for number in range(1, 9)
        ]
        edges = edges_from(Edge(one.source, one.target, "-->", one) for one in facts)
        derivation = conclude(edges, Atom("n0"), Atom("n4"))
        if derivation is not None:
            return derivation


def _truth(generator: random.Random) -> tuple[float, float]:
    return generator.randint(30, 100) / 100, generator.randint(30, 95) / 100
