"""One derivation, four kinds of numbers: the engine's floats, the batched closure, Fractions and sympy agree."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridattn.reasoning import Atom, Derivation, Judgement, Truth, inheritance, replay
from hybridattn.reasoning.batched import Closure, closure, from_judgements
from hybridattn.reasoning.inspection import FUNCTIONS, as_derivation, exact, explain
from hybridattn.reasoning.inspection.evaluation import Functions
from hybridattn.reasoning.nal import Conclusions, derive, proof, read_rules, replayed

OUTWARD = read_rules(["1  deduction  <$M --> $P>.  <$S --> $M>.  |-  <$S --> $P>.  stated"])
HUNDREDTHS = st.integers(5, 100).map(lambda n: Fraction(n, 100))
FREQUENCIES = st.one_of(st.just(Fraction(1)), HUNDREDTHS)
CONFIDENCES = st.integers(5, 99).map(lambda n: Fraction(n, 100))
CHAINS = st.lists(st.tuples(FREQUENCIES, CONFIDENCES), min_size=1, max_size=8)
GRAPHS = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(lambda ends: ends[0] != ends[1]),
    st.tuples(FREQUENCIES, CONFIDENCES),
    min_size=1,
    max_size=9,
)

Pair = tuple[int, int]
Exact = tuple[Fraction, Fraction]
Links = dict[Pair, Exact]


def node(number: int) -> Atom:
    return Atom(f"n{number}")


def judgements(links: Links) -> list[Judgement]:
    return [
        Judgement(inheritance(node(one), node(other)), Truth(float(f), float(c)), frozenset({number}))
        for number, ((one, other), (f, c)) in enumerate(links.items(), 1)
    ]


def chains(links: Links, path: Sequence[int]) -> Iterator[tuple[int, Exact]]:
    """All simple paths onward, each with its end and its truth, composed from the source outward by hand."""

    def onward(path: Sequence[int], f: Fraction, c: Fraction) -> Iterator[tuple[int, Exact]]:
        for (tail, head), (next_f, next_c) in links.items():
            if tail == path[-1] and head not in path:
                new_f = f * next_f
                new_c = next_c if len(path) == 1 else c * next_c * new_f
                yield head, (new_f, new_c)
                yield from onward([*path, head], new_f, new_c)

    return onward(path, Fraction(1), Fraction(1))


def check_exact(derivation: Derivation, functions: Functions, wanted: Exact) -> None:
    last = list(exact(derivation, functions=functions).values())[-1]
    assert (last.frequency, last.confidence) == wanted


def check_formula(derivation: Derivation, functions: Functions, wanted: Exact) -> None:
    """With the numbers of the premises in their places the formula gives the wanted numbers to the last digit."""
    explained = explain(derivation, functions=functions)
    at = {
        symbol: sympy.Rational(str(value))
        for fact in derivation.facts
        for symbol, value in zip(
            explained.symbols[f"fact:{fact.id}"],
            (fact.judgement.truth.frequency, fact.judgement.truth.confidence),
            strict=True,
        )
    }
    for formula, value in zip((explained.frequency, explained.confidence), wanted, strict=True):
        assert formula.subs(at) == sympy.Rational(value.numerator, value.denominator)


def check_pair(engine: Conclusions, closed: Closure, pair: Pair, wanted: Exact, *, symbolic: bool) -> None:
    ends = node(pair[0]), node(pair[1])
    best = engine.best(inheritance(*ends))
    said, derivation = closed.judgement(*ends), closed.proof(*ends)
    assert best is not None
    assert said is not None
    assert derivation is not None
    steps = proof(best)
    for one in (best.judgement, said, replay(derivation), replayed(steps)):
        assert one.truth.frequency == pytest.approx(float(wanted[0]), rel=1e-12)
        assert one.truth.confidence == pytest.approx(float(wanted[1]), rel=1e-12)
    check_exact(derivation, FUNCTIONS, wanted)
    check_exact(*as_derivation(steps), wanted)
    if symbolic:
        check_formula(*as_derivation(steps), wanted)


def both(links: Links) -> tuple[Conclusions, Closure]:
    engine = derive(judgements(links), rules=OUTWARD, floor=0, limit=100_000)
    closed = closure(from_judgements(judgements(links)))
    assert (engine.cut, closed.cut, bool(closed.exact.all())) == ("", "", True)
    return engine, closed


@settings(max_examples=20, deadline=None)
@given(CHAINS)
def test_on_chains(values: list[Exact]) -> None:
    """The formula of four hops is tried in full: to simplify longer ones takes sympy seconds."""
    links = {(place, place + 1): value for place, value in enumerate(values)}
    engine, closed = both(links)
    for end, wanted in chains(links, [0]):
        check_pair(engine, closed, (0, end), wanted, symbolic=end == min(4, len(values)))


@settings(max_examples=50, deadline=None)
@given(GRAPHS)
def test_on_small_graphs(links: Links) -> None:
    """The surest chain of every pair, of equally sure ones the one with the higher frequency."""
    engine, closed = both(links)
    best: dict[Pair, Exact] = {}
    for source in range(5):
        for end, (f, c) in chains(links, [source]):
            old = best.get((source, end), (Fraction(0), Fraction(0)))
            best[source, end] = max((f, c), old, key=lambda truth: (truth[1], truth[0]))
    assert len(closed) == len(best)
    for place, (pair, wanted) in enumerate(sorted(best.items())):
        check_pair(engine, closed, pair, wanted, symbolic=place % 4 == 0)
