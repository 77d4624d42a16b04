"""Judgements: a term, its truth and the observations it rests on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import Judgement, Truth, overlaps, parse_sentence, parse_term

TERM = parse_term("<(*, car.n.01, \"24/7\") --> has_part>")  # fmt: skip


def test_prints_a_judgement_that_reads_back() -> None:
    judgement = Judgement(TERM, Truth(0.8, 0.45), frozenset({3, 1}))
    assert str(judgement) == '<(*, car.n.01, "24/7") --> has_part>. %0.80;0.45%'
    sentence = parse_sentence(str(judgement))
    assert (sentence.term, sentence.punctuation, sentence.truth) == (TERM, ".", Truth(0.8, 0.45))


@given(st.frozensets(st.integers(0, 9)), st.frozensets(st.integers(0, 9)))
def test_overlaps_when_an_observation_is_shared(a: frozenset[int], b: frozenset[int]) -> None:
    one, other = Judgement(TERM, Truth(1, 0.9), a), Judgement(TERM, Truth(1, 0.9), b)
    assert overlaps(one, other) == any(i in b for i in a)
    assert overlaps(one, other) == overlaps(other, one)


def test_is_a_value() -> None:
    one, same = (Judgement(TERM, Truth(1, 0.9), frozenset({i, 2})) for i in (1, 1))
    assert one == same
    assert hash(one) == hash(same)


def test_the_stamp_is_a_frozenset() -> None:
    with pytest.raises(ArgumentError, match=r"stamp must be a frozenset of observation ids; got \[1\]"):
        Judgement(TERM, Truth(1, 0.9), [1])  # type: ignore[arg-type]
