"""The evidence of a Hebbian memory is that of NAL: induction or comparison for each event, revised over events."""

from fractions import Fraction
from functools import reduce

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridattn.memory import (
    Agreement,
    BipolarActivity,
    Choice,
    Comparison,
    Expectation,
    GradedActivity,
    HebbianMemory,
    Induction,
)
from hybridattn.reasoning import Truth, truth

SHARES = st.fractions(0, 1, max_denominator=16)
few = settings(max_examples=25)
C0 = Fraction(9, 10)


@st.composite
def events(draw: st.DrawFn, most: int = 4) -> list[list[Fraction]]:
    units = draw(st.integers(2, 4))
    return draw(st.lists(st.lists(SHARES, min_size=units, max_size=units), min_size=1, max_size=most))


def tensor(rows: list[list[Fraction]]) -> torch.Tensor:
    return torch.tensor([[float(a) for a in row] for row in rows], dtype=torch.float64)


def same(found: tuple[torch.Tensor, torch.Tensor], i: int, j: int, wanted: Truth) -> None:
    assert float(found[1][i, j]) == pytest.approx(float(wanted.confidence), abs=1e-14)
    if wanted.confidence:
        assert float(found[0][i, j]) == pytest.approx(float(wanted.frequency), abs=1e-14)


@few
@given(events(), st.integers(0, 4))
def test_induction_by_event_then_revision(rows: list[list[Fraction]], cut: int) -> None:
    memory = HebbianMemory(len(rows[0]), rule=Induction(), confidence=0.9)
    for batch in (rows[:cut], rows[cut:]):  # distinct batches are distinct evidence
        memory.write(tensor(batch).reshape(-1, len(rows[0])))
    for i in range(len(rows[0])):
        for j in range(len(rows[0])):
            each = [truth.induction(Truth(row[j], C0), Truth(row[i], C0)) for row in rows]
            same(memory.truth(), i, j, reduce(truth.revision, each))


@few
@given(events())
def test_comparison_by_event_then_revision(rows: list[list[Fraction]]) -> None:
    memory = HebbianMemory(len(rows[0]), rule=Comparison(), confidence=0.9)
    memory.write(tensor(rows))
    for i in range(len(rows[0])):
        for j in range(len(rows[0])):
            each = [truth.comparison(Truth(row[i], C0), Truth(row[j], C0)) for row in rows]
            same(memory.truth(), i, j, reduce(truth.revision, each))


@few
@given(events())
def test_agreement_is_induction_of_both_and_of_neither(rows: list[list[Fraction]]) -> None:
    memory = HebbianMemory(len(rows[0]), rule=Agreement(), confidence=0.9)
    memory.write(tensor(rows))
    for i in range(len(rows[0])):
        for j in range(len(rows[0])):
            both = [truth.induction(Truth(row[j], C0), Truth(row[i], C0)) for row in rows]
            neither = [truth.induction(Truth(1 - row[j], C0), Truth(1 - row[i], C0)) for row in rows]
            same(memory.truth(), i, j, reduce(truth.revision, both + neither))


@few
@given(events(), st.data())
def test_two_populations_and_another_horizon(rows: list[list[Fraction]], data: st.DataObject) -> None:
    others = [[data.draw(SHARES)] for _ in rows]
    memory = HebbianMemory(len(rows[0]), 1, confidence=0.9)
    memory.write(tensor(rows), tensor(others))
    for i in range(len(rows[0])):
        pairs = [(Truth(other[0], C0), Truth(row[i], C0)) for row, other in zip(rows, others, strict=True)]
        each = [truth.induction(*pair, horizon=Fraction(3, 2)) for pair in pairs]
        wanted = reduce(lambda a, b: truth.revision(a, b, horizon=Fraction(3, 2)), each)
        same(memory.truth(horizon=1.5), i, 0, wanted)


SIGNS = st.lists(st.lists(st.sampled_from([-1, 1]), min_size=5, max_size=5), min_size=1, max_size=5)


@few
@given(SIGNS)
def test_the_weights_are_the_hopfield_matrix(rows: list[list[int]]) -> None:
    memory = HebbianMemory(5, coding=BipolarActivity())
    memory.write(torch.tensor(rows, dtype=torch.float64))
    wanted = [[sum(row[i] * row[j] for row in rows) for j in range(5)] for i in range(5)]
    assert memory.weights.tolist() == wanted


@few
@given(SIGNS, st.lists(st.sampled_from([-1, 1]), min_size=5, max_size=5))
def test_a_hopfield_update_is_revision_followed_by_choice(rows: list[list[int]], cue: list[int]) -> None:
    """Each other unit is evidence for "j is active" and for "j is not"; revised, the surer of the two is chosen.

    An active unit i says what the synapse i -> j says, an inactive one denies it. The sign of the summed weights,
    worked out from the patterns by hand, is the same choice; where it is 0 the expectations are equal, and j stays.
    """
    memory = HebbianMemory(5, coding=BipolarActivity())
    memory.write(torch.tensor(rows, dtype=torch.float64))
    found = memory.read(torch.tensor(cue, dtype=torch.float64)).value.tolist()
    for j in range(5):
        active = Truth(Fraction(1, 2), Fraction(0))
        for i in set(range(5)) - {j}:
            agreed = sum(row[i] == row[j] for row in rows)
            synapse = Truth.from_evidence(Fraction(agreed), Fraction(len(rows)))
            active = truth.revision(active, synapse if cue[i] > 0 else truth.negation(synapse))
        surer = truth.expectation(active) - truth.expectation(truth.negation(active))
        field = sum(row[i] * row[j] * cue[i] for row in rows for i in range(5) if i != j)
        assert (surer > 0, surer < 0) == (field > 0, field < 0)
        assert found[j] == (1 if surer > 0 else -1 if surer < 0 else cue[j])


@few
@given(events(), st.data())
def test_an_expectation_is_that_of_the_revised_evidence(rows: list[list[Fraction]], data: st.DataObject) -> None:
    """A cue activity of 1 or 0: the active units' synapses are revised as they are."""
    cue = data.draw(st.lists(st.sampled_from([0, 1]), min_size=len(rows[0]), max_size=len(rows[0])))
    memory = HebbianMemory(len(rows[0]), coding=GradedActivity(), readout=Expectation(), confidence=0.9)
    memory.write(tensor(rows))
    found = memory.read(torch.tensor(cue, dtype=torch.float64)).value
    for j in range(len(cue)):
        active = Truth(Fraction(1, 2), Fraction(0))
        for i in set(range(len(cue))) - {j}:
            if cue[i]:
                each = [truth.induction(Truth(row[j], C0), Truth(row[i], C0)) for row in rows]
                active = truth.revision(active, reduce(truth.revision, each))
        assert float(found[j]) == pytest.approx(float(truth.expectation(active)), abs=1e-14)


@few
@given(events(), st.fractions(Fraction(1, 8), 1, max_denominator=8))
def test_decay_and_depression_by_hand(rows: list[list[Fraction]], decay: Fraction) -> None:
    """Each event leaves `decay` of what was before it; what is not positive counts by the depression."""
    memory = HebbianMemory(len(rows[0]), decay=float(decay), depression=0.25)
    memory.write(tensor(rows[:1]))
    memory.write(tensor(rows[1:]).reshape(-1, len(rows[0])))
    for i in range(len(rows[0])):
        for j in range(len(rows[0])):
            positive = negative = Fraction(0)
            for row in rows:
                positive = decay * positive + row[i] * row[j]
                negative = decay * negative + row[i] * (1 - row[j]) / 4
            assert float(memory.positive[i, j]) == pytest.approx(float(positive), abs=1e-14)
            assert float(memory.total[i, j]) == pytest.approx(float(positive + negative), abs=1e-14)


def test_evidence_of_an_event() -> None:
    """Seen 3 times and so in 2 of them; seen once and not so: then w grows without w+."""
    memory = HebbianMemory(2)
    event = torch.tensor([1.0, 0.5])
    memory.write(event, evidence=torch.tensor([2.0, 3.0]))
    assert memory.positive.tolist() == [[2.0, 1.0], [1.0, 0.5]]
    assert memory.total.tolist() == [[3.0, 3.0], [1.5, 1.5]]
    memory.write(event, evidence=torch.tensor([0.0, 1.0]))
    assert memory.positive.tolist() == [[2.0, 1.0], [1.0, 0.5]]
    assert memory.total.tolist() == [[4.0, 4.0], [2.0, 2.0]]


def test_forgetting_keeps_the_frequency() -> None:
    memory = HebbianMemory(3)
    memory.write(torch.rand(20, 3, generator=torch.Generator().manual_seed(0)))
    frequency, confidence = memory.truth()
    memory.forget(0.25)
    torch.testing.assert_close(memory.truth()[0], frequency)
    odds = confidence / (1 - confidence)
    torch.testing.assert_close(memory.truth()[1], odds / (odds + 4))


@few
@given(events(6))
def test_evidence_is_never_negative_nor_more_positive_than_all(rows: list[list[Fraction]]) -> None:
    for rule in (Induction(), Comparison(), Agreement()):
        memory = HebbianMemory(len(rows[0]), rule=rule, confidence=0.7, decay=0.9, readout=Choice(0.3))
        memory.write(tensor(rows) / 3)
        assert bool(((memory.positive >= 0) & (memory.positive <= memory.total)).all())
        frequency, confidence = memory.truth()
        assert bool(((frequency >= 0) & (frequency <= 1) & (confidence >= 0) & (confidence < 1)).all())
        if rule.symmetric:
            torch.testing.assert_close(memory.positive, memory.positive.mT)
            torch.testing.assert_close(memory.total, memory.total.mT)
