"""Long chains, exact against Fractions: by the engine, by the batched closure and merge, alone and among many others.

Alone, every length is derived by the engine. Among 10,000 others the engine derives 20 hops; its chains grow from
their source only (`stated`), and what follows from the others is derived too.
`closure` and `merge` are asked for every length.
"""

import random
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import pytest

from hybridattn.reasoning import Atom, Judgement, Truth, inheritance, replay
from hybridattn.reasoning.batched import Statements, closure, from_judgements, merge
from hybridattn.reasoning.inspection import as_derivation, exact
from hybridattn.reasoning.nal import derive, read_rules, replayed

LENGTHS = (3, 6, 10, 20, 100)
OUTWARD = read_rules(["1  deduction  <$M --> $P>.  <$S --> $M>.  |-  <$S --> $P>.  stated"])
DEDUCTION = read_rules(["1  deduction  <$M --> $P>.  <$S --> $M>.  |-  <$S --> $P>."])
OTHERS = 10_000

Values = tuple[tuple[Fraction, Fraction], ...]


def sure(hops: int) -> Values:
    return ((Fraction(1), Fraction(9, 10)),) * hops


def mixed(hops: int) -> Values:
    """Frequencies high enough for a hundred hops: the confidence takes each in up to a hundred times."""
    generator = random.Random(hops)
    return tuple(
        (Fraction(generator.choice([97, 98, 99, 100]), 100), Fraction(generator.choice([80, 90, 95]), 100))
        for _ in range(hops)
    )


def by_hand(values: Values) -> tuple[Fraction, Fraction]:
    """From the source outward: f = f1 f2, c = c1 c2 f1 f2."""
    f, c = values[0]
    for next_f, next_c in values[1:]:
        f = next_f * f
        c = next_c * c * f
    return f, c


def node(place: int) -> Atom:
    return Atom(f"n{place}")


def facts(values: Values) -> list[Judgement]:
    return [
        Judgement(inheritance(node(at), node(at + 1)), Truth(float(f), float(c)), frozenset({at + 1}))
        for at, (f, c) in enumerate(values)
    ]


@cache
def among_others(values: Values) -> tuple[Judgement, ...]:
    """Shuffled into random statements: some lead into the chain, some out of it, none from one part to another."""
    generator = random.Random(len(values))
    others = []
    for number in range(OTHERS):
        below, above = (Atom(f"{side}{generator.randrange(OTHERS)}") for side in ("below", "above"))
        on = node(generator.randrange(len(values) + 1))
        ends = {0: (below, on), 1: (on, above)}.get(number % 100, (below, above))
        truth = Truth(generator.choice([0.5, 0.9, 1.0]), generator.choice([0.5, 0.9]))
        others.append(Judgement(inheritance(*ends), truth, frozenset({1_000 + number})))
    whole = [*facts(values), *others]
    generator.shuffle(whole)
    return tuple(whole)


def check(said: Truth, values: Values) -> None:
    frequency, confidence = by_hand(values)
    assert said.frequency == pytest.approx(float(frequency), rel=1e-12)
    assert said.confidence == pytest.approx(float(confidence), rel=1e-12)
    assert said.confidence > 0


KINDS = [pytest.param(sure, id="sure"), pytest.param(mixed, id="mixed")]


def check_engine(given: Sequence[Judgement], values: Values) -> None:
    hops = len(values)
    found = derive(given, rules=OUTWARD, floor=0, limit=100_000)
    assert found.cut == ""
    [best] = found.about(inheritance(node(0), node(hops)))
    check(best.judgement.truth, values)
    assert best.stamp == frozenset(range(1, hops + 1))
    again = replayed(found.proof(best))
    assert (again.term, again.stamp) == (best.term, best.stamp)
    derivation, functions = as_derivation(found.proof(best))
    last = list(exact(derivation, functions=functions).values())[-1]
    assert (last.frequency, last.confidence) == by_hand(values)


@pytest.mark.parametrize("hops", LENGTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_alone_by_the_engine(kind: object, hops: int) -> None:
    assert callable(kind)
    values = kind(hops)
    check_engine(facts(values), values)


@pytest.mark.parametrize("hops", [3, 6, 10])
def test_any_grouping_agrees_where_all_is_sure(hops: int) -> None:
    found = derive(facts(sure(hops)), rules=DEDUCTION, floor=0)
    for one in found.about(inheritance(node(0), node(hops))):
        check(one.judgement.truth, sure(hops))


@pytest.mark.parametrize("kind", KINDS)
def test_among_others_by_the_engine(kind: object) -> None:
    assert callable(kind)
    values = kind(20)
    check_engine(among_others(values), values)


def check_batched(statements: Statements, values: Values) -> None:
    ends = node(0), node(len(values))
    closed = closure(statements, sources=[ends[0]], targets=[ends[1]])
    assert closed.cut == ""
    assert bool(closed.exact.all())
    said, derivation = closed.judgement(*ends), closed.proof(*ends)
    assert said is not None
    assert derivation is not None
    check(said.truth, values)
    assert said.stamp == frozenset(range(1, len(values) + 1))
    check(replay(derivation).truth, values)
    last = list(exact(derivation).values())[-1]
    assert (last.frequency, last.confidence) == by_hand(values)
    merged = merge(statements, [ends])
    check(Truth(float(merged.frequency[0]), float(merged.confidence[0])), values)
    assert len(merged.paths[0]) == 1


@pytest.mark.parametrize("hops", LENGTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_alone_batched(kind: object, hops: int) -> None:
    assert callable(kind)
    values = kind(hops)
    check_batched(from_judgements(facts(values)), values)


@pytest.mark.parametrize("hops", LENGTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_among_others_batched(kind: object, hops: int) -> None:
    assert callable(kind)
    values = kind(hops)
    check_batched(from_judgements(among_others(values)), values)
