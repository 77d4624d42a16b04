"""A Hebbian memory recalls, settles, and refuses."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor

from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError
from hybridattn.memory import (
    BinaryActivity,
    BipolarActivity,
    Choice,
    Comparison,
    Expectation,
    GradedActivity,
    HebbianMemory,
    Induction,
)


def signs(m: int, d: int, seed: int = 0) -> Tensor:
    return torch.randint(2, (m, d), generator=torch.Generator().manual_seed(seed)) * 2.0 - 1


def test_a_damaged_pattern_settles_where_it_was() -> None:
    """8 patterns of 200 units, 1/25 of its size, is far below N / (4 ln N): 10 % of flips are mended."""
    patterns = signs(8, 200)
    memory = HebbianMemory(200, coding=BipolarActivity())
    memory.write(patterns)
    damaged = patterns.clone()
    damaged[:, :20] *= -1
    found = memory.settle(damaged)
    assert found.converged.all()
    assert found.state.equal(patterns)
    assert (memory.energy(found.state) < memory.energy(damaged)).all()
    half = patterns.clone()
    half[:, 100:] = 0  # unknown
    assert memory.settle(half).state.equal(patterns)


def test_every_single_update_goes_down_the_energy() -> None:
    """Against the energy written out over pairs, at the edge of capacity and from random states."""
    patterns = signs(12, 30)
    memory = HebbianMemory(30, coding=BipolarActivity())
    memory.write(patterns)
    weights = patterns.mT @ patterns
    weights.fill_diagonal_(0)
    state = signs(20, 30, seed=5)
    for _ in range(4):
        wanted = -0.5 * torch.einsum("qi,ij,qj->q", state, weights, state)
        torch.testing.assert_close(memory.energy(state), wanted.double())
        after = memory.settle(state, steps=1).state
        expected = state.clone()
        for j in range(30):
            field = expected @ weights[:, j]
            expected[:, j] = torch.where(field == 0, expected[:, j], field.sign())
        assert after.equal(expected)
        assert (memory.energy(after) <= memory.energy(state)).all()
        state = after


def test_sequence_of_two_populations() -> None:
    memory = HebbianMemory(4, 3, coding=BinaryActivity())
    memory.write(torch.eye(4)[:2], torch.tensor([[1.0, 0, 1], [0, 1, 1]]))
    assert memory.read(torch.eye(4)).value.tolist() == [[1, 0, 1], [0, 1, 1], [0, 0, 0], [0, 0, 0]]
    assert memory.read(torch.tensor([1.0, 1, 0, 0])).value.tolist() == [0, 0, 1]
    graded = HebbianMemory(4, 3, readout=Expectation())
    graded.load_state_dict(memory.state_dict())
    torch.testing.assert_close(graded.read(torch.eye(4)[0]).value, torch.tensor([0.75, 0.25, 0.75]))
    torch.testing.assert_close(graded.read(torch.eye(4)[3]).value, torch.tensor([0.5, 0.5, 0.5]))


def test_a_threshold_keeps_sparse_patterns_apart() -> None:
    """A shared unit: it says each pattern half the time, which is not above .7."""
    memory = HebbianMemory(5, coding=BinaryActivity(), rule=Induction(), readout=Choice(0.7))
    patterns = torch.tensor([[1.0, 1, 1, 0, 0], [0, 0, 1, 1, 1]])
    memory.write(patterns)
    assert memory.read(torch.tensor([1.0, 1, 0, 0, 0])).value.tolist() == patterns[0].tolist()
    assert memory.read(torch.tensor([0.0, 0, 0, 1, 1])).value.tolist() == patterns[1].tolist()


def test_negative_evidence_is_what_a_plain_hebb_matrix_loses() -> None:
    """Seen together once and apart nine times: NAL says no; without depression the synapse still says yes."""
    events = torch.tensor([[1.0, 1.0]] + [[1.0, 0.0]] * 9)
    cue = torch.tensor([1.0, 0.0])
    for depression, wanted in ((1.0, 0.0), (0.0, 1.0)):
        memory = HebbianMemory(2, coding=BinaryActivity(), depression=depression)
        memory.write(events)
        assert memory.read(cue).value[1] == wanted
        assert memory.truth()[0][0, 1] == pytest.approx(0.1 if depression else 1.0)


@pytest.mark.parametrize(
    ("coding", "good", "bad", "message"),
    [
        (GradedActivity(), [0.0, 0.5], [0.5, 1.5], r"keys must be in \[0, 1\]; got 0 to 1.5"),
        (BinaryActivity(), [0.0, 1.0], [0.5, 1.0], "keys must be 0 or 1; got 0.5"),
        (BipolarActivity(), [-1.0, 0.5], [1.0, -1.25], r"keys must be in \[-1, 1\]; got -1.25 to 1"),
    ],
)
def test_what_is_outside_the_coding_is_refused(
    coding: object, good: list[float], bad: list[float], message: str
) -> None:
    memory = HebbianMemory(2, coding=coding)
    memory.write(torch.tensor(good))
    before = deepcopy(memory.state_dict())
    with pytest.raises(ArgumentError, match=message):
        memory.write(torch.tensor([good, bad]))
    assert all(memory.state_dict()[name].equal(tensor) for name, tensor in before.items())
    wild = memory.read(torch.tensor([7.0, -7.0])).value
    assert wild.equal(memory.read(torch.tensor([1.0, min(good)])).value)


def test_other_mistakes() -> None:
    memory = HebbianMemory(3, 2)
    keys, values = torch.ones(4, 3), torch.ones(4, 2)
    for given, more, error, message in [
        ((keys, None), {}, ArgumentError, "this memory takes values of 2; got none"),
        ((keys[:, 1:], values), {}, ShapeError, r"keys must have shape \(3,\) or \(m, 3\); got shape \(4, 2\)"),
        ((keys, values[1:]), {}, ShapeError, "values must be one a key, 4; got 3"),
        ((keys / 0 * 0, values), {}, NotFiniteError, "keys must be finite"),
        ((keys, values), {"evidence": torch.tensor([2.0, 1.0])}, ArgumentError, r"0 <= w\+ <= w"),
    ]:
        with pytest.raises(error, match=message):
            memory.write(*given, **more)
    assert memory.next_id == 0
    assert not memory.total.any()
    with pytest.raises(ArgumentError, match="HebbianMemory has no slots: top must be None; got 3"):
        memory.read(keys, top=3)
    with pytest.raises(ShapeError, match=r"query must end in key_dim=3; got shape \(2,\)"):
        memory.read(torch.ones(2))
    with pytest.raises(ArgumentError, match="an autoassociative memory settles; this one recalls 2 other"):
        memory.settle(keys)
    for other in (memory, HebbianMemory(3), HebbianMemory(3, rule=Comparison(), readout=Expectation())):
        with pytest.raises(ArgumentError, match="energy is known for a symmetric rule"):
            other.energy(keys)
    for name in ("confidence", "decay"):
        for wrong in (0.0, 1.5, float("nan")):
            with pytest.raises(ArgumentError, match=rf"{name} must be in \(0, 1\]; got"):
                HebbianMemory(3, **{name: wrong})
    with pytest.raises(ArgumentError, match=r"share must be in \(0, 1\]; got 0"):
        memory.forget(0.0)
    with pytest.raises(ArgumentError, match="depression must be finite and at least 0; got -1"):
        HebbianMemory(3, depression=-1.0)
    with pytest.raises(ArgumentError, match="value_dim must be at least 1; got 0"):
        HebbianMemory(3, 0)
    with pytest.raises(ArgumentError, match=r"threshold must be in \[0, 1\); got 1"):
        Choice(1.0)
    with pytest.raises(ArgumentError, match="horizon must be above 0; got 0"):
        Expectation(0.0)


def test_counts_stay_exact_and_the_arguments_build_the_same_form() -> None:
    memory = HebbianMemory(3, coding=BipolarActivity(), readout=Choice(0.25), confidence=0.9, decay=0.5, depression=2.0)
    memory.write(signs(5, 3))
    counted = memory.total.clone()
    memory.to(torch.bfloat16)
    assert memory.total.equal(counted)
    assert memory.read(signs(2, 3).bfloat16()).value.dtype == torch.bfloat16
    other = HebbianMemory(**memory.arguments())
    other.load_state_dict(memory.state_dict())
    assert repr(other) == repr(memory)
    assert other.write(signs(2, 3)).tolist() == [5, 6]
