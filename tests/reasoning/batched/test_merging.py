"""Merging separate paths, against `paths.conclude` and by hand."""

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridattn.errors import UnknownTermError
from hybridattn.reasoning import Atom, Fact, Judgement, Truth, inheritance, replay
from hybridattn.reasoning.batched import from_arrays, from_judgements, merge
from hybridattn.reasoning.paths import Edge, conclude, edges_from

VALUES = st.sampled_from([0.25, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95])
PAIRS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] != pair[1]),
    min_size=1,
    max_size=14,
    unique=True,
)


def fact(number: int, source: int, target: int, f: float = 1.0, c: float = 0.9) -> Fact:
    judgement = Judgement(inheritance(Atom(f"n{source}"), Atom(f"n{target}")), Truth(f, c), frozenset({number}))
    return Fact(number, Atom(f"n{source}"), "is_a", Atom(f"n{target}"), judgement)


@settings(max_examples=80)
@given(PAIRS, st.data())
def test_it_agrees_with_the_scalar_conclusion(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    numbers = data.draw(st.permutations(range(len(pairs))))
    facts = [fact(number, *pair, data.draw(VALUES | st.just(1.0)), data.draw(VALUES))
             for number, pair in zip(numbers, pairs, strict=True)]  # fmt: skip
    edges = edges_from(Edge(one.source, one.target, "-->", one) for one in facts)
    nodes = sorted({node for one in facts for node in (one.source, one.target)}, key=str)
    asked = [(source, target) for source in nodes for target in nodes if source != target]
    merged = merge(from_judgements(facts), asked, width=64)
    assert bool(merged.exact.all())
    for place, pair in enumerate(asked):
        expected, proof = conclude(edges, *pair), merged.proof(place)
        assert proof == expected
        if expected is None:
            assert (float(merged.frequency[place]), float(merged.confidence[place])) == (0.5, 0.0)
        else:
            truth = replay(expected).truth
            assert float(merged.frequency[place]) == pytest.approx(truth.frequency, rel=1e-12)
            assert float(merged.confidence[place]) == pytest.approx(truth.confidence, rel=1e-12)


def test_two_separate_ways_by_hand() -> None:
    # Each way f = .9, c = .81 * .9 = .729 or f = 1, c = .64: w = 2.690 and 1.778.
    statements = from_judgements([fact(0, 1, 2, 0.9), fact(1, 2, 4), fact(2, 1, 3, 1.0, 0.8), fact(3, 3, 4, 1.0, 0.8)])
    merged = merge(statements, [(Atom("n1"), Atom("n4"))])
    one, other = 0.729 / 0.271, 0.64 / 0.36
    assert float(merged.frequency[0]) == pytest.approx((0.9 * one + other) / (one + other))
    assert float(merged.confidence[0]) == pytest.approx((one + other) / (one + other + 1))
    assert [len(path) for path in merged.paths[0]] == [2, 2]


def test_a_path_that_shares_an_observation_adds_nothing() -> None:
    source, target = torch.tensor([[1, 1, 2, 3], [2, 3, 4, 4]])
    separate = merge(from_arrays(source, target), [(1, 4)])
    shared = merge(from_arrays(source, target, observation=torch.tensor([5, 6, 7, 7])), [(1, 4)])
    assert len(separate.paths[0]) == 2
    assert len(shared.paths[0]) == 1
    assert float(shared.confidence[0]) == pytest.approx(0.81)


def test_pairs_do_not_disturb_each_other() -> None:
    generator = random.Random(0)
    pairs = sorted({tuple(generator.sample(range(12), 2)) for _ in range(40)})
    statements = from_judgements([fact(number, *pair, 0.9, 0.8) for number, pair in enumerate(pairs)])
    asked = [
        (Atom(f"n{source}"), Atom(f"n{target}")) for source in range(12) for target in range(12) if source != target
    ]
    together = merge(statements, asked)
    for place in generator.sample(range(len(asked)), 20):
        alone = merge(statements, [asked[place]])
        assert alone.paths[0] == together.paths[place]
        assert float(alone.confidence[0]) == float(together.confidence[place])


def test_nothing_is_merged_where_nothing_leads() -> None:
    statements = from_arrays(torch.tensor([1]), torch.tensor([2]))
    merged = merge(statements, [(2, 1)])
    assert (merged.paths, merged.proof(0), float(merged.confidence[0])) == (((),), None, 0.0)
    assert len(merge(statements, [])) == 0
    with pytest.raises(UnknownTermError):
        merge(statements, [(1, 3)])


def test_a_limit_is_reported() -> None:
    nodes = torch.arange(50)
    merged = merge(from_arrays(nodes, nodes + 1), [(0, 50)], limit=10)
    assert merged.cut == "stopped after 10 hops: the next would hold 11 chains, limit is 10"
    assert merged.paths == ((),)


def test_a_narrow_front_that_hides_a_path_says_so() -> None:
    # The surer way to 2 shares observation 7 with the last premise; with width 1 the other way is forgotten.
    source, target = torch.tensor([[1, 1, 9, 2], [2, 9, 2, 3]])
    confidence = torch.tensor([0.9, 0.8, 0.8, 0.9])
    statements = from_arrays(source, target, 1.0, confidence, observation=torch.tensor([7, 8, 9, 7]))
    wide, narrow = (merge(statements, [(1, 3), (1, 9)], width=width) for width in (2, 1))
    assert [len(ways) for ways in wide.paths] == [1, 1]
    assert [len(ways) for ways in narrow.paths] == [0, 1]
    assert wide.exact.tolist() == [True, True]
    assert narrow.exact.tolist() == [False, False]  # 9 is asked from 1 too, where something was forgotten
