"""Rows become facts: what states the same is one fact, and its evidence adds up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn import FactMemory
from hybridattn.errors import SlotError, UnknownTermError

from .oracle import together


def test_every_row_is_an_observation_and_the_first_names_the_fact():
    memory = FactMemory.from_triples(
        [
            ("a", "is_a", "b"),
            ("b", "is_a", "c"),
            ("a", "isa", "b"),
            ("a", "r", "b"),
            ("a", "-->", "b"),
            ("c", "similar_to", "b"),
            ("b", "<->", "c"),
        ]
    )
    assert [(fact.id, sorted(fact.judgement.stamp)) for fact in memory] == [
        (0, [0, 2, 4]),
        (1, [1]),
        (3, [3]),
        (5, [5, 6]),
    ]
    assert [str(fact.judgement.term) for fact in memory] == [
        "<a --> b>",
        "<b --> c>",
        "<(*, a, b) --> r>",
        "<c <-> b>",
    ]
    assert memory.describe()["observations"] == 7
    assert memory.describe()["facts"] == len(memory) == 4


def test_the_cap_does_not_stop_evidence_from_adding_up():
    # w = 99 + 99 + 99 with w+ = 0 + 0 + 99; capped after each row, f would be 1/2
    (fact,) = FactMemory.from_triples([("a", "r", "b", f, 1) for f in (0, 0, 1)])
    assert fact.judgement.truth.frequency == pytest.approx(1 / 3)


def test_evidence_adds_up():
    # w = 9 + 1 = 10, w+ = 9 * 1 + 1 * 0.5 = 9.5
    (fact,) = FactMemory.from_triples([("a", "r", "b", 1, 0.9), ("a", "r", "b", 0.5, 0.5)])
    assert fact.judgement.truth.frequency == pytest.approx(0.95, abs=1e-12)
    assert fact.judgement.truth.confidence == pytest.approx(10 / 11, abs=1e-12)


def test_two_default_rows():
    # w = 18
    (fact,) = FactMemory.from_triples(2 * [("a", "r", "b")])
    assert fact.judgement.truth.confidence == pytest.approx(18 / 19, abs=1e-12)
    assert fact.judgement.truth.frequency == 1


def test_a_fact_is_never_surer_than_the_cap():
    memory = FactMemory.from_triples(3 * [("a", "r", "b", 1, 1)])
    assert next(iter(memory)).judgement.truth.confidence == 0.99
    (answer,) = memory.ask("<(*, a, b) --> r>?")
    assert answer.truth.confidence == 0.99
    assert list(memory.to_narsese()) == ["<(*, a, b) --> r>. %1.00;0.99%"]


ROWS = st.lists(
    st.tuples(st.just("a"), st.just("r"), st.sampled_from("bc"), st.floats(0, 1), st.floats(0.01, 0.99)), min_size=1
)


@given(ROWS)
def test_evidence_adds_up_in_any_order(rows):
    def truths(some):
        return {
            str(fact.target): (fact.judgement.truth.frequency, fact.judgement.truth.confidence)
            for fact in FactMemory.from_triples(some)
        }

    expected = {}
    for _, _, target, f, c in rows:
        expected[target] = together(expected[target], (f, c)) if target in expected else (f, c)
    for found in (truths(rows), truths(rows[::-1])):
        assert found.keys() == expected.keys()
        for target, pair in expected.items():
            assert found[target] == pytest.approx((pair[0], min(pair[1], 0.99)), abs=1e-9)


def test_a_fact_by_its_id():
    memory = FactMemory.from_triples([("a", "r", "b"), ("a", "r", "b"), ("b", "r", "c")])
    assert str(memory.fact(2).judgement.term) == "<(*, b, c) --> r>"
    for number in (1, 3, -1):
        with pytest.raises(SlotError, match=rf"no fact has the id {number}"):
            memory.fact(number)


def test_add_is_observed_after_what_was_there():
    memory = FactMemory.from_triples([("a", "is_a", "b")])
    assert not memory.ask("<b --> a>?")
    memory.add([("a", "is_a", "b"), ("b", "is_a", "c")])
    assert [(fact.id, sorted(fact.judgement.stamp)) for fact in memory] == [(0, [0, 1]), (2, [2])]
    (answer,) = memory.ask("<a --> c>?")
    assert answer.truth.confidence == pytest.approx(18 / 19 * 0.9)


def test_describe():
    rows = [("a", "is_a", "b"), ("b", "isa", "c"), ("c", "is_a", "d"), ("a", "r", "d")]
    about = FactMemory.from_triples(rows).describe()
    assert (about["symbols"], about["words"], about["relations"]) == (4, 0, {"is_a": 2, "isa": 1, "r": 1})
    assert next(iter(about["relations"])) == "is_a"
    assert about["examples"] == [
        "<a --> b>. %1.00;0.90%",
        "<b --> c>. %1.00;0.90%",
        "<c --> d>. %1.00;0.90%",
    ]


def test_recall():
    memory = FactMemory.from_triples([("a", "r", "b"), ("a", "s", "c"), ("d", "r", "b"), ("b", "r", "a")])

    def ids(**known):
        return sorted(fact.id for fact in memory.recall(**known))

    assert ids(source="a") == [0, 1]
    assert ids(target="b") == [0, 2]
    assert ids(relation="r") == [0, 2, 3]
    assert ids(source="a", relation="s") == [1]
    assert ids(relation="r", target="a") == [3]
    assert ids(source="d", target="b") == [2]
    assert ids(source="c") == []
    assert len(memory.recall(relation="r", top=2)) == 2
    for wrong in ({"source": "x"}, {"relation": "x"}, {"target": "x"}):
        with pytest.raises(UnknownTermError, match="'x'"):
            memory.recall(**wrong)
