"""The closure against all simple paths in plain Python, against hand calculation, and against replay of its proofs."""

import lzma
import random
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import hybridattn
from hybridattn.errors import ArgumentError, ShapeError, UnknownTermError
from hybridattn.reasoning import Atom, Fact, Judgement, Truth, inheritance, parse_sentence, replay
from hybridattn.reasoning.batched import Closure, Statements, closure, from_arrays, from_judgements

from .oracle import Row, best

WORDNET = Path(hybridattn.__path__[0]) / "knowledge" / "sources" / "data" / "wordnet-nouns.tsv.xz"

VALUES = st.sampled_from([0.0, 0.25, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0])
ROW = st.tuples(st.integers(0, 5), st.integers(0, 5), VALUES, VALUES.map(lambda c: min(c, 0.95)))
GRAPHS = st.lists(ROW, min_size=1, max_size=14)


def rows(drawn: Sequence[tuple[int, int, float, float]]) -> list[Row]:
    return [Row(*row, frozenset({place})) for place, row in enumerate(drawn)]


def arrays(given: Sequence[Row], *, shared: bool = False) -> Statements:
    source, target = (torch.tensor([row[side] for row in given]) for side in (0, 1))
    frequency, confidence = (torch.tensor([row[side] for row in given], dtype=torch.float64) for side in (2, 3))
    seen = torch.tensor([next(iter(row.observations)) for row in given]) if shared else None
    return from_arrays(source, target, frequency, confidence, observation=seen)


def table(closed: Closure) -> dict[tuple[int, int], tuple[float, float]]:
    pairs = zip(closed.source.tolist(), closed.target.tolist(), strict=True)
    return dict(zip(pairs, zip(closed.frequency.tolist(), closed.confidence.tolist(), strict=True), strict=True))


def near(expected: dict[tuple[int, int], tuple[object, object]]) -> dict[tuple[int, int], object]:
    return {pair: pytest.approx(truth, rel=1e-12, abs=1e-15) for pair, truth in expected.items()}


def check_proofs(closed: Closure) -> None:
    for place, (source, target) in enumerate(table(closed)):
        proof = closed.proof(source, target)
        assert proof is not None
        again = replay(proof)
        assert again == closed.judgement(source, target)
        assert again.term == inheritance(Atom(str(source)), Atom(str(target)))
        assert again.truth.confidence == pytest.approx(float(closed.confidence[place]), rel=1e-12)
        assert sum(step.rule == "deduction" for step in proof.steps) == int(closed.hops[place]) - 1


# -- by hand


def test_the_order_of_a_chain_is_from_the_source_outward() -> None:
    """nars.md: .265 or .206 for f = .9, .8, .7 and c = .9, by the order of composition."""
    closed = closure(arrays(rows([(1, 2, 0.9, 0.9), (2, 3, 0.8, 0.9), (3, 4, 0.7, 0.9)])))
    judgement = closed.judgement(1, 4)
    assert judgement is not None
    assert judgement.truth.frequency == pytest.approx(0.9 * 0.8 * 0.7)
    assert judgement.truth.confidence == pytest.approx((0.9 * 0.9 * 0.72) * 0.9 * 0.504)  # .2645; inward .206
    assert judgement.stamp == {0, 1, 2}


def test_a_chain_that_is_less_sure_now_may_win_later() -> None:
    # To 2 either f = .5, c = .9, or over 9 f = 1, c = .64; a premise further, .5 * .9 * .9 = .405 against .576.
    drawn = [(1, 2, 0.5, 0.9), (1, 9, 1.0, 0.8), (9, 2, 1.0, 0.8), (2, 3, 1.0, 0.9)]
    closed = closure(arrays(rows(drawn)))
    assert table(closed)[1, 2] == pytest.approx((0.5, 0.9))
    assert table(closed)[1, 3] == pytest.approx((1.0, 0.576))
    assert bool(closed.exact.all())


def test_a_narrow_front_says_where_it_may_be_wrong() -> None:
    drawn = [(1, 2, 0.5, 0.9), (1, 9, 1.0, 0.8), (9, 2, 1.0, 0.8), (2, 3, 1.0, 0.9), (3, 4, 1.0, 0.9)]
    closed = closure(arrays(rows(drawn)), width=1)
    wrong = [pair for pair, exact in zip(table(closed), closed.exact.tolist(), strict=True) if not exact]
    assert table(closed)[1, 3] == pytest.approx((0.5, 0.405))
    assert wrong == [(1, 3), (1, 4)]
    assert closed.narrowed.tolist() == [[1, 2]]


def test_no_chain_visits_a_node_twice_even_if_the_front_was_too_narrow() -> None:
    # At t: first f = 1 but hardly sure; two surer chains push it out of a front of two; a third dominates those two,
    # just when the first comes back over b and would find room again.
    s, t, b, a1, a2, d1, d2 = range(7)
    drawn = [(s, t, 1.0, 0.05), (t, b, 1.0, 0.99), (b, t, 1.0, 0.99)]
    drawn += [(s, a1, 0.5, 0.9), (a1, t, 1.0, 0.9), (s, a2, 0.6, 0.7), (a2, t, 1.0, 0.7)]
    drawn += [(s, d1, 0.7, 0.99), (d1, d2, 1.0, 0.99), (d2, t, 1.0, 0.99)]
    closed = closure(arrays(rows(drawn)), width=2)
    assert [s, t] in closed.narrowed.tolist()
    chains, targets = closed.found.chains, closed.statements.target.tolist()
    for row in range(len(chains)):
        visited = [targets[premise] for premise in chains.premises(row)]
        assert len(set(visited)) == len(visited)


def test_duplicates_are_revised_first() -> None:
    # w = 9 and 9, all positive: c = 18/19.
    drawn = [(1, 2, 1.0, 0.9), (1, 2, 1.0, 0.9), (2, 3, 1.0, 0.9)]
    closed = closure(arrays(rows(drawn)))
    assert table(closed)[1, 2] == pytest.approx((1.0, 18 / 19))
    judgement = closed.judgement(1, 3)
    assert judgement is not None
    assert judgement.stamp == {0, 1, 2}
    check_proofs(closed)


def test_duplicates_of_one_observation_are_not_counted_twice() -> None:
    given = [Row(1, 2, 1.0, 0.8, frozenset({7})), Row(1, 2, 0.5, 0.9, frozenset({7}))]
    assert table(closure(arrays(given, shared=True))) == {(1, 2): pytest.approx((0.5, 0.9))}


def test_a_chain_never_uses_an_observation_twice() -> None:
    given = [Row(1, 2, 1.0, 0.9, frozenset({7})), Row(2, 3, 1.0, 0.9, frozenset({7}))]
    assert set(table(closure(arrays(given, shared=True)))) == {(1, 2), (2, 3)}


def test_a_separate_way_is_found_behind_a_surer_one_that_shares_evidence() -> None:
    # The surer way to 2 rests on observation 7, and so does the last premise: only the way over 9 may go on.
    given = [
        Row(1, 2, 1.0, 0.9, frozenset({7})),
        Row(1, 9, 1.0, 0.8, frozenset({8})),
        Row(9, 2, 1.0, 0.8, frozenset({9})),
        Row(2, 3, 1.0, 0.9, frozenset({7})),
    ]
    assert table(closure(arrays(given, shared=True)))[1, 3] == pytest.approx((1.0, 0.576))


def test_loops_and_the_way_back_are_left_out() -> None:
    closed = closure(arrays(rows([(1, 1, 1.0, 0.9), (1, 2, 1.0, 0.9), (2, 1, 1.0, 0.9)])))
    assert set(table(closed)) == {(1, 2), (2, 1)}


def test_what_has_no_confidence_is_given_back_but_concludes_nothing() -> None:
    closed = closure(arrays(rows([(1, 2, 0.0, 0.9), (2, 3, 1.0, 0.9), (3, 4, 1.0, 0.0)])))
    assert set(table(closed)) == {(1, 2), (2, 3), (3, 4)}


def test_an_unreached_pair_has_no_judgement_and_no_proof() -> None:
    closed = closure(arrays(rows([(1, 2, 1.0, 0.9)])))
    assert closed.judgement(2, 1) is None
    assert closed.proof(2, 1) is None
    with pytest.raises(UnknownTermError, match="no fact has the term '3'"):
        closed.find(1, 3)


def test_nothing_follows_from_nothing() -> None:
    nothing = torch.empty(0, dtype=torch.int64)
    assert len(closure(from_arrays(nothing, nothing))) == 0
    assert len(closure(from_judgements([]))) == 0


# -- against all simple paths


@settings(max_examples=150)
@given(GRAPHS)
def test_every_pair_has_its_best_chain(drawn: list[tuple[int, int, float, float]]) -> None:
    closed = closure(arrays(rows(drawn)), width=64)
    assert bool(closed.exact.all())
    assert table(closed) == near(best(rows(drawn)))
    check_proofs(closed)


@settings(max_examples=100)
@given(GRAPHS, st.lists(st.integers(0, 5), min_size=14, max_size=14))
def test_shared_observations_are_kept_apart(drawn: list[tuple[int, int, float, float]], seen: list[int]) -> None:
    given = [row._replace(observations=frozenset({seen[place]})) for place, row in enumerate(rows(drawn))]
    closed = closure(arrays(given, shared=True), width=64)
    assert table(closed) == near(best(given))
    check_proofs(closed)


@settings(max_examples=60)
@given(GRAPHS, st.integers(1, 3))
def test_what_is_called_exact_is_exact(drawn: list[tuple[int, int, float, float]], width: int) -> None:
    closed = closure(arrays(rows(drawn)), width=width)
    expected = best(rows(drawn))
    assert set(table(closed)) <= set(expected)
    for place, (pair, truth) in enumerate(table(closed).items()):
        if closed.exact[place]:
            assert truth == pytest.approx(expected[pair], rel=1e-12)
    check_proofs(closed)


@settings(max_examples=60)
@given(GRAPHS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_is_of_no_account(
    drawn: list[tuple[int, int, float, float]], shuffler: random.Random
) -> None:
    shuffled = shuffler.sample(drawn, len(drawn))
    one, other = (closure(arrays(rows(order))) for order in (drawn, shuffled))
    assert table(one) == table(other)
    assert torch.equal(one.hops, other.hops)
    for pair in table(one):
        ways = [[(s.rule, s.conclusion.term, s.conclusion.truth) for s in c.proof(*pair).steps] for c in (one, other)]
        assert ways[0] == ways[1]


@settings(max_examples=40)
@given(GRAPHS, st.integers(0, 5))
def test_asking_for_some_sources_gives_their_part(drawn: list[tuple[int, int, float, float]], source: int) -> None:
    statements = arrays(rows(drawn))
    if source in statements.nodes:
        part = {pair: truth for pair, truth in table(closure(statements)).items() if pair[0] == source}
        assert table(closure(statements, sources=[source])) == part


@settings(max_examples=60)
@given(GRAPHS, st.integers(0, 5), st.integers(0, 5))
def test_asking_for_some_targets_gives_what_leads_there(
    drawn: list[tuple[int, int, float, float]], source: int, target: int
) -> None:
    statements = arrays(rows(drawn))
    if source in statements.nodes and target in statements.nodes:
        whole, part = closure(statements), closure(statements, sources=[source], targets=[target])
        assert part.judgement(source, target) == whole.judgement(source, target)
        assert set(table(part)) <= set(table(whole))
        leading = {target}
        while more := {a for a, b, *_ in drawn if b in leading and a not in leading}:
            leading |= more
        assert {to for _, to in table(part)} <= leading


# -- long chains, against Fractions

TENTH = Fraction(1, 10)


def chain(hops: int, values: Sequence[tuple[Fraction, Fraction]], others: int) -> tuple[Statements, int, int]:
    """A chain over the nodes 0..hops, shuffled among other statements over other nodes that form long chains too."""
    generator = random.Random(hops)
    drawn = [(node, node + 1, float(f), float(c)) for node, (f, c) in enumerate(values)]
    for _ in range(others):
        low, high = sorted(generator.sample(range(1000, 9000), 2))
        drawn.append((low, min(high, low + 1 + generator.randrange(1500)), 1.0, 0.9))
    generator.shuffle(drawn)
    return arrays(rows(drawn)), 0, hops


@pytest.mark.parametrize("others", [0, 10_000])
@pytest.mark.parametrize("hops", [3, 6, 10, 20, 100])
@pytest.mark.parametrize("mixed", [False, True])
def test_a_chain_is_exact(hops: int, others: int, mixed: bool) -> None:
    generator = random.Random(hops)
    low = 7 if hops <= 20 else 10  # a mixed chain of 100 hops is exact to the last digit, but then of confidence 1e-300
    values = [(generator.randint(low, 10) * TENTH if mixed else Fraction(1), 9 * TENTH) for _ in range(hops)]
    if mixed and hops == 100:
        values[50] = values[70] = (Fraction(7, 10), 9 * TENTH)
    f, c = values[0]
    for new_f, new_c in values[1:]:
        f, c = f * new_f, c * new_c * f * new_f
    statements, source, target = chain(hops, values, others)
    closed = closure(statements, sources=[source])
    judgement = closed.judgement(source, target)
    assert judgement is not None
    assert judgement.truth.frequency == pytest.approx(float(f), rel=1e-12)
    assert judgement.truth.confidence == pytest.approx(float(c), rel=1e-12)
    proof = closed.proof(source, target)
    assert proof is not None
    assert len(proof.facts) == hops
    assert replay(proof).truth.confidence == pytest.approx(float(c), rel=1e-12)


# -- WordNet


@pytest.fixture(scope="module")
def hypernyms() -> tuple[dict[str, int], dict[int, list[int]]]:
    names: dict[str, int] = {}
    up: dict[int, list[int]] = {}
    for line in lzma.decompress(WORDNET.read_bytes()).decode().splitlines():
        source, relation, target = line.split("\t")
        if relation in ("is_a", "instance_of"):
            up.setdefault(names.setdefault(source, len(names)), []).append(names.setdefault(target, len(names)))
    return names, up


def test_wordnet_is_closed(hypernyms: tuple[dict[str, int], dict[int, list[int]]]) -> None:
    names, up = hypernyms
    pairs = torch.tensor([(source, target) for source, targets in up.items() for target in targets])
    assert len(pairs) == 84_427
    closed = closure(from_arrays(pairs[:, 0], pairs[:, 1]))
    assert len(closed) == 743_241
    assert closed.cut == ""
    assert bool(closed.exact.all())
    # With f = 1 and c = .9 throughout, the best chain is the shortest: breadth-first search, from 300 synsets.
    hops = dict(
        zip(zip(closed.source.tolist(), closed.target.tolist(), strict=True), closed.hops.tolist(), strict=True)
    )
    for source in random.Random(0).sample(sorted(up), 300):
        frontier, reached = {source}, {source: 0}
        while frontier := {target for node in frontier for target in up.get(node, ())} - set(reached):
            reached |= dict.fromkeys(frontier, 1 + max(reached.values()))
        for target, distance in reached.items():
            assert distance == hops.get((source, target), 0)
    assert torch.allclose(closed.confidence, 0.9 ** closed.hops.double(), rtol=1e-12, atol=0)
    proof = closed.proof(names["cheetah.n.01"], names["animal.n.01"])
    assert proof is not None
    assert replay(proof).truth.confidence == pytest.approx(0.43046721, abs=1e-12)  # .9 to the eighth


# -- judgements and facts


def judged(text: str, truth: tuple[float, float], *stamp: int) -> Judgement:
    return Judgement(parse_sentence(text).term, Truth(*truth), frozenset(stamp))


def test_judgements_are_cited_by_their_first_observation() -> None:
    given = [judged("<robin --> bird>.", (1.0, 0.9), 4, 5), judged("<bird --> animal>.", (0.9, 0.9), 8)]
    closed = closure(from_judgements(given))
    robin, animal = Atom("robin"), Atom("animal")
    conclusion = closed.judgement(robin, animal)
    assert conclusion == judged("<robin --> animal>.", (0.9, 0.9 * 0.9 * 0.9), 4, 5, 8)
    proof = closed.proof(robin, animal)
    assert proof is not None
    assert replay(proof) == conclusion
    assert [fact.id for fact in proof.facts] == [4, 8]
    assert [str(judgement.term) for judgement in closed.judgements()] == [
        "<bird --> animal>",
        "<robin --> animal>",
        "<robin --> bird>",
    ]


def test_two_judgements_on_one_observation_have_two_ids() -> None:
    given = [
        judged("<a --> b>.", (1.0, 0.9), 1),
        judged("<c --> d>.", (1.0, 0.9), 1),
        judged("<d --> e>.", (1, 0.9), 2),
    ]
    closed = closure(from_judgements(given))
    ids = [closed.proof(Atom(a), Atom(b)).facts[0].id for a, b in ("ab", "cd", "de")]
    assert ids == [1, 3, 2]
    assert closed.judgement(Atom("c"), Atom("e")) is not None


def test_facts_keep_their_ids_and_ties_go_to_the_earlier() -> None:
    def fact(number: int, source: str, target: str) -> Fact:
        judgement = judged(f"<{source} --> {target}>.", (1.0, 0.9), number)
        return Fact(number, Atom(source), "is_a", Atom(target), judgement)

    given = [fact(5, "a", "b"), fact(6, "b", "d"), fact(3, "a", "c"), fact(9, "c", "d")]
    for order in (given, given[::-1]):
        proof = closure(from_judgements(order)).proof(Atom("a"), Atom("d"))
        assert proof is not None
        assert {known.id for known in proof.facts} == {3, 9}
        assert all(known in given for known in proof.facts)


# -- mistakes and bounds


def test_the_limit_is_reported_and_what_is_there_is_the_best_so_far() -> None:
    drawn = [(node, node + 1, 1.0, 0.9) for node in range(100)]
    closed = closure(arrays(rows(drawn)), limit=500)
    assert closed.cut == "stopped after 5 hops: the next would hold 585 chains, limit is 500"
    assert len(closed) == 100 + 99 + 98 + 97 + 96
    assert int(closed.hops.max()) == 5


def test_an_explosion_is_bounded() -> None:
    drawn = [(one, other, 1.0, 0.9) for one in range(60) for other in range(60)]
    closed = closure(arrays(rows(drawn)), limit=10_000)
    assert closed.cut.startswith("stopped after 1 hops")
    assert len(closed) == 60 * 59


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"target": torch.tensor([1, 2])}, ShapeError, r"target must be \(n,\) as all other arrays; got \(2,\)"),
        ({"source": torch.tensor([1.0])}, ArgumentError, "source must be int64; got torch.float32"),
        ({"frequency": torch.tensor([1.5])}, ArgumentError, r"frequency must be in \[0, 1\]; got 1.5 in row 0"),
        ({"confidence": torch.tensor([1.0])}, ArgumentError, r"confidence must be in \[0, 1\); got 1.0 in row 0"),
        ({"confidence": float("nan")}, ArgumentError, r"confidence must be in \[0, 1\); got nan in row 0"),
    ],
)
def test_arrays_are_checked(change: dict[str, object], error: type[Exception], message: str) -> None:
    given = {"source": torch.tensor([1]), "target": torch.tensor([2]), "frequency": 1.0, "confidence": 0.9}
    with pytest.raises(error, match=message):
        from_arrays(**given | change)


def test_judgements_are_checked() -> None:
    with pytest.raises(ArgumentError, match=r"expected inheritance statements; got <a <-> b>\. %1\.00;0\.90%"):
        from_judgements([judged("<a <-> b>.", (1.0, 0.9), 1)])
    same = Fact(1, Atom("a"), "is_a", Atom("b"), judged("<a --> b>.", (1.0, 0.9), 1))
    with pytest.raises(ArgumentError, match="every fact must have an id of its own; two have 1"):
        from_judgements([same, same])


@pytest.mark.parametrize("bad", [{"width": 0}, {"limit": 0}])
def test_bounds_are_checked(bad: dict[str, int]) -> None:
    with pytest.raises(ArgumentError, match="width and limit must be at least 1"):
        closure(arrays(rows([(1, 2, 1.0, 0.9)])), **bad)


def test_importing_it_loads_no_torch() -> None:
    program = "import sys, hybridattn.reasoning.batched; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(hybridattn.__path__[0]).parent)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same() -> None:
    generator = torch.Generator().manual_seed(0)
    source, target = torch.randint(0, 60, (2, 400), generator=generator)
    frequency, confidence = torch.rand(2, 400, generator=generator, dtype=torch.float64) * 0.5 + 0.45
    given = (source, target, frequency, confidence)
    here, there = closure(from_arrays(*given)), closure(from_arrays(*(array.cuda() for array in given)))
    assert torch.equal(here.source, there.source.cpu())
    assert torch.equal(here.hops, there.hops.cpu())
    assert torch.allclose(here.confidence, there.confidence.cpu(), rtol=1e-12)
