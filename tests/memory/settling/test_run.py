"""Plans: so often, or until still; damped; each query by itself; and no waiting for a GPU."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from hybridattn.attention import NegativeSquaredEuclidean, Sparsemax
from hybridattn.errors import ArgumentError
from hybridattn.memory import Record, Sign, SlotMemory
from hybridattn.memory.settling import settle_rows


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_damping_goes_part_of_the_way() -> None:
    found = settle_rows(torch.zeros_like, torch.tensor([[16.0, 0.0]]), steps=2, tol=0.0, damping=0.25)
    assert found.state.tolist() == [[9.0, 0.0]]
    assert not found.converged.any()


def test_what_swings_without_damping_comes_to_rest_with_it() -> None:
    query = torch.tensor([[3.0]])
    assert not settle_rows(torch.neg, query, steps=None, tol=1e-6).converged
    found = settle_rows(torch.neg, query, steps=None, tol=1e-6, damping=0.5)
    assert found.converged
    assert found.state.item() == 0


def test_what_never_rests_is_updated_a_thousand_times() -> None:
    found = settle_rows(lambda state: state + 1, torch.zeros(2, 1), steps=None, tol=0.5)
    assert found.steps.tolist() == [1000, 1000]
    assert found.state.tolist() == [[1000], [1000]]


@settings(max_examples=15)
@given(st.integers(0, 30), st.floats(0, 0.5), st.floats(0.1, 1), st.integers(0, 10**6))
def test_so_often_and_until_still_agree(steps: int, tol: float, damping: float, seed: int) -> None:
    """A row halves at every step, so that where each stops can be counted by hand."""
    query = 10 * numbers(6, 1, seed=seed)
    found = settle_rows(lambda state: state / 2, query, steps=steps, tol=tol, damping=damping)
    for row, start in enumerate(query.flatten().tolist()):
        state, taken, still = start, 0, False
        while taken < steps and not still:
            after = state + damping * (state / 2 - state)
            still, state, taken = abs(after - state) <= tol, after, taken + 1
        assert found.state[row].item() == pytest.approx(state, rel=1e-12, abs=1e-300)
        assert (found.steps[row].item(), found.converged[row].item()) == (taken, still)
    if tol > 1e-3:
        free = settle_rows(lambda state: state / 2, query, steps=None, tol=tol, damping=damping)
        enough = settle_rows(lambda state: state / 2, query, steps=1000, tol=tol, damping=damping)
        assert all(one.equal(two) for one, two in zip(free[:3], enough[:3], strict=True))


@pytest.mark.parametrize("steps", [None, 7])
def test_an_answer_does_not_hang_on_its_neighbours(steps: int | None) -> None:
    memory = SlotMemory(8, beta=4.0, dtype=torch.float64)
    memory.write(numbers(20, 8))
    query = torch.cat((memory.keys[:3] + 0.1 * numbers(3, 8, seed=1), 0.05 * numbers(9, 8, seed=2)))
    together = memory.settle(query, steps=steps)
    assert len(together.steps.unique()) > 1
    for row in range(len(query)):
        alone = memory.settle(query[row], steps=steps)
        assert alone.steps == together.steps[row]
        torch.testing.assert_close(alone.state, together.state[row], atol=1e-12, rtol=0)


class NoWaiting(TorchDispatchMode):
    """Refuses what would make a GPU wait: reading a number, or a size that hangs on numbers."""

    WAITING = ("_local_scalar_dense", "nonzero", "item", "masked_select", "unique", "equal", "is_nonzero")

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert not any(word in func.__name__ for word in self.WAITING), func
        if func.__name__.startswith("index."):
            assert not any(i is not None and i.dtype == torch.bool for i in args[1]), func
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"beta": torch.tensor([1.0, 2.0])},
        {"separation": Sparsemax()},
        {"activation": Sign()},
        {"similarity": NegativeSquaredEuclidean()},
    ],
    ids=repr,
)
def test_a_number_of_steps_waits_for_nothing(parts: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hybridattn.attention.tiles.equals.looks", lambda keys: False)  # as on a GPU
    memory = SlotMemory(8, **parts)
    memory.write(torch.eye(8))
    query = torch.ones(3, 2, 8)
    everything = Record(0) if parts.get("activation") else Record.STATES | Record.ENERGIES | Record.DROPS
    with NoWaiting():
        memory.settle(query, steps=3, damping=1.0)
        memory.settle(query, steps=3, record=everything)
    with pytest.raises(AssertionError, match="OpOverload"), NoWaiting():
        memory.settle(query)


@pytest.mark.parametrize("damping", [0.0, -0.5, 1.01, float("nan")])
def test_a_damping_out_of_range_is_refused(damping: float) -> None:
    memory = SlotMemory(4)
    with pytest.raises(ArgumentError, match=f"damping must be above 0 and at most 1; got {damping}"):
        memory.settle(torch.ones(4), damping=damping)


def test_signs_are_not_damped() -> None:
    with pytest.raises(ArgumentError, match=r"damping must be 1 with activation Sign\(\); got 0.5"):
        SlotMemory(4, activation=Sign()).settle(torch.ones(4), damping=0.5)
