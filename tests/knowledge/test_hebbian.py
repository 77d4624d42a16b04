"""A Hebbian memory as Narsese: the right statements, with truth that reads back, on evidence that counts once."""

from fractions import Fraction

import pytest
import torch

from hybridattn.errors import ArgumentError
from hybridattn.knowledge import statements
from hybridattn.memory import Agreement, BipolarActivity, Comparison, HebbianMemory
from hybridattn.reasoning import Atom, Truth, derive, parse_sentence, parse_term, truth

EVENTS = [[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [1.0, 1.0, 0.25]]


def learnt(**parts: object) -> HebbianMemory:
    memory = HebbianMemory(3, confidence=0.9, **parts)
    memory.write(torch.tensor(EVENTS, dtype=torch.float64))
    return memory


def by_nal(i: int, j: int) -> Truth:
    found = Truth(Fraction(1, 2), Fraction(0))
    for event in EVENTS:
        a, b = Truth(Fraction(event[j]), Fraction(9, 10)), Truth(Fraction(event[i]), Fraction(9, 10))
        found = truth.revision(found, truth.induction(a, b))
    return found


def test_every_synapse_is_an_inheritance_that_reads_back_with_the_truth_of_nal() -> None:
    names = ["rain", "street lamp", 'a "b"']
    found = statements(learnt(), names, min_confidence=0.0)
    assert len(found) == 6
    expectations = []
    for judgement in found:
        again = parse_sentence(str(judgement))
        assert again.term == judgement.term
        i, j = (names.index(part.name) for part in (judgement.term.subject, judgement.term.predicate))
        wanted = by_nal(i, j)
        assert again.truth.frequency == pytest.approx(float(wanted.frequency), abs=1e-9)
        assert again.truth.confidence == pytest.approx(float(wanted.confidence), abs=1e-9)
        assert judgement.stamp == {0, 1, 2}
        expectations.append(truth.expectation(wanted))
    assert expectations == sorted(expectations, reverse=True)


def test_comparison_says_each_pair_once() -> None:
    found = statements(learnt(rule=Comparison()), ["a", "b", "c"], min_confidence=0.0)
    assert {str(judgement.term) for judgement in found} == {"<a <-> b>", "<a <-> c>", "<b <-> c>"}
    signed = HebbianMemory(2, coding=BipolarActivity(), rule=Agreement())
    signed.write(torch.tensor([[1.0, 1], [-1, -1], [1, -1]]))
    assert [str(one) for one in statements(signed, ["a", "b"])] == ["<a <-> b>. %0.666666667;0.75%"]


def test_two_populations_may_share_a_name() -> None:
    memory = HebbianMemory(2, 2)
    memory.write(torch.eye(2), torch.tensor([[1.0, 0.0], [0.5, 1.0]]))
    found = statements(memory, ["a", "b"], values=["a", Atom("c")])
    assert [str(one) for one in found] == [
        "<b --> c>. %1.00;0.50%",
        "<b --> a>. %0.50;0.50%",
        "<a --> c>. %0.00;0.50%",
    ]


def test_what_is_kept() -> None:
    memory = learnt()
    every = statements(memory, "abc", min_confidence=0.0)
    least = [one for one in every if one.truth.confidence >= 0.6]
    assert 0 < len(least) < 6
    assert statements(memory, "abc", min_confidence=0.6) == least
    assert statements(memory, "abc", min_confidence=0.0, top=2) == every[:2]
    assert statements(HebbianMemory(3), "abc", min_confidence=0.0) == []
    assert statements(memory, "abc", stamp=[7, 9], top=1)[0].stamp == {7, 9}


def test_confidence_is_cut_to_the_cap() -> None:
    memory = HebbianMemory(2)
    memory.write(torch.ones(1, 2), evidence=torch.tensor([1e17, 1e17]))
    assert str(statements(memory, "ab")[0]) == "<a --> b>. %1.00;0.99%"


def test_the_logic_goes_on_from_there_and_counts_nothing_twice() -> None:
    """{x} --> a, a --> b |- {x} --> b by deduction; a --> b and b --> c rest on the same events: no a --> c by them."""
    known = statements(learnt(), "abc", min_confidence=0.0)
    chain = [one for one in known if str(one.term) in ("<a --> b>", "<b --> c>")]
    assert len(derive(chain, levels=1)) == 2
    seen = parse_sentence("<{x} --> a>. %1.00;0.90%")
    found = derive([*chain, seen], levels=1).best(parse_term("<{x} --> b>"))
    wanted = truth.deduction(by_nal(0, 1), Truth(1, Fraction(9, 10)))
    assert found.judgement.truth.frequency == pytest.approx(float(wanted.frequency), abs=1e-12)
    assert found.judgement.truth.confidence == pytest.approx(float(wanted.confidence), abs=1e-12)


class Odd(Comparison):
    """A rule of which the logic does not know what it says."""


@pytest.mark.parametrize(
    ("parts", "names", "more", "message"),
    [
        ({}, "ab", {}, "names must be 3 different names, one a unit; got 2"),
        ({}, "aab", {}, "names must be 3 different names, one a unit; got 2"),
        ({}, "abc", {"values": "abc"}, "values are for a heteroassociative memory"),
        ({}, "abc", {"min_confidence": 1.5}, r"min_confidence must be in \[0, 1\]; got 1.5"),
        ({}, "abc", {"top": 0}, "top must be at least 1, or None; got 0"),
        ({"rule": Odd()}, "abc", {}, "only Induction"),
        ({"value_dim": 2}, "abc", {}, "values must be 2 different names, one a unit; got 0"),
    ],
)
def test_mistakes(parts: dict, names: str, more: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        statements(HebbianMemory(3, **parts), names, **more)
