"""The contradiction report, by hand and against comparing every pair."""

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import Judgement, Truth, parse_sentence, parse_term, truth
from hybridattn.reasoning.inspection import contradictions
from hybridattn.reasoning.nal import derive


def judged(line: str, *stamp: int) -> Judgement:
    sentence = parse_sentence(line)
    return Judgement(sentence.term, sentence.truth or Truth(1.0, 0.9), frozenset(stamp))


def test_by_hand() -> None:
    yes, no = judged("<swan --> white>. %1;0.9%", 1, 2), judged("<swan --> white>. %0.2;0.8%", 3)
    [found] = contradictions([no, yes])
    assert (found.supporting, found.opposing) == (yes, no)
    assert found.strength == pytest.approx(0.95 - 0.26)
    assert (found.support.w_plus, found.support.w) == (pytest.approx(9), pytest.approx(9))
    assert (found.opposition.w_plus, found.opposition.w) == (pytest.approx(0.8), pytest.approx(4))
    assert found.revised.frequency == pytest.approx(9.8 / 13)
    assert found.revised.confidence == pytest.approx(13 / 14)


def test_a_negation_counts_against_the_statement() -> None:
    yes, no = judged("<a --> b>. %0.9;0.9%", 1), judged("(--, <a --> b>). %0.7;0.9%", 2)
    [found] = contradictions([yes, no])
    assert (found.supporting, found.opposing, found.term) == (yes, no, yes.term)
    assert found.opposition.frequency == pytest.approx(0.3)
    assert found.strength == pytest.approx(0.9 * (0.9 - 0.3))
    assert found.revised.frequency == pytest.approx(0.6)
    assert contradictions([judged("<a --> b>.", 1), judged("(--, <a --> b>). %0;0.9%", 2)]) == ()


def test_a_doubtful_negation_supports() -> None:
    yes, no = judged("(--, <a --> b>). %0.1;0.9%", 1), judged("<a --> b>. %0.1;0.9%", 2)
    [found] = contradictions([yes, no])
    assert (found.supporting, found.opposing) == (yes, no)


def test_terms_are_compared_in_canonical_form() -> None:
    [found] = contradictions([judged("<a <-> b>.", 1), judged("<b <-> a>. %0%", 2)])
    assert str(found.term) == "<a <-> b>"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (judged("<a --> b>.", 1), judged("<a --> b>. %0%", 1, 2)),
        (judged("<a --> b>.", 1), judged("<a --> b>. %0.5%", 2)),
        (judged("<a --> b>.", 1), judged("<a --> b>. %0.6%", 2)),
        (judged("<a --> b>.", 1), judged("<b --> a>. %0%", 2)),
        (judged("<a --> b>.", 1), judged("<a --> b>. %0;0%", 2)),
    ],
    ids=["shared", "undecided", "agreed", "other", "nothing"],
)
def test_no_contradiction(one: Judgement, other: Judgement) -> None:
    assert contradictions([one, other]) == ()


def test_both_sides_must_pass_the_threshold() -> None:
    pair = [judged("<a --> b>. %1;0.9%", 1), judged("<a --> b>. %0;0.2%", 2)]  # e = .95 and .4
    assert len(contradictions(pair, threshold=0.09)) == 1
    assert contradictions(pair, threshold=0.11) == ()


@pytest.mark.parametrize("threshold", [-0.1, 0.5, float("nan")])
def test_the_threshold_is_checked(threshold: float) -> None:
    with pytest.raises(ArgumentError, match=r"threshold must be in \[0, 0.5\); got"):
        contradictions([], threshold=threshold)


TERMS = st.sampled_from(
    ["<a --> b>", "(--, <a --> b>)", "<b --> c>", "(--, (--, <b --> c>))", "<a <-> b>", "<b <-> a>"]
)
MEANT = {  # what each says, and whether it denies it
    "<a --> b>": ("ab", False),
    "(--, <a --> b>)": ("ab", True),
    "<b --> c>": ("bc", False),
    "(--, (--, <b --> c>))": ("bc", False),
    "<a <-> b>": ("a~b", False),
    "<b <-> a>": ("a~b", False),
}
TENTHS = st.integers(0, 9).map(lambda n: Fraction(n, 10))
GIVEN = st.tuples(TERMS, TENTHS, TENTHS, st.frozensets(st.integers(1, 4), min_size=1, max_size=2))


@given(st.lists(GIVEN, max_size=8, unique=True), st.sampled_from([Fraction(0), Fraction(1, 10)]), st.randoms())
def test_every_pair_is_found(
    drawn: list[tuple[str, Fraction, Fraction, frozenset[int]]], threshold: Fraction, order: random.Random
) -> None:
    def says(one: tuple[str, Fraction, Fraction, frozenset[int]]) -> tuple[str, Fraction]:
        what, denied = MEANT[one[0]]
        f = 1 - one[1] if denied else one[1]
        return what, one[2] * (f - Fraction(1, 2))

    wanted = sorted(
        float(lean - other_lean)
        for one in drawn
        for other in drawn
        for (what, lean), (other_what, other_lean) in [(says(one), says(other))]
        if what == other_what and one[3].isdisjoint(other[3]) and lean > threshold and other_lean < -threshold
    )
    inputs = [Judgement(parse_term(term), Truth(f, c), stamp) for term, f, c, stamp in drawn]
    found = contradictions(inputs, threshold=threshold)
    assert [one.strength for one in found] == sorted((one.strength for one in found), reverse=True)
    assert sorted(one.strength for one in found) == pytest.approx(wanted)
    order.shuffle(inputs)
    assert contradictions(inputs, threshold=threshold) == found


def test_conclusions_of_the_engine() -> None:
    lines = ["<penguin --> bird>.", "<bird --> flyer>. %0.9%", "<penguin --> flyer>. %0.05%"]
    whole = derive(map(parse_sentence, lines), nal=1, levels=1)
    found = contradictions(whole)
    assert str(found[0]).startswith("<penguin --> flyer>. %0.90;0.729%")
    assert found[0].supporting.stamp == {1, 2}
    assert found[0].opposing.stamp == {3}
    assert found[0].revised == truth.revision(found[0].supporting.truth, found[0].opposing.truth)
    assert all(one.supporting.stamp.isdisjoint(one.opposing.stamp) for one in found)
