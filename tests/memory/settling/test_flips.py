"""Entry by entry: the update of Krotov and Hopfield, against loops and against the Hopfield network of 1982."""

import itertools

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from hybridattn.attention import Power, RectifiedPower, Softmax
from hybridattn.memory import Flips, SlotMemory
from hybridattn.memory.settling import flips


def binary(*shape: int, seed: int = 0) -> Tensor:
    return torch.randint(0, 2, shape, generator=torch.Generator().manual_seed(seed)).double() * 2 - 1


def memory_of(keys: Tensor, separation, beta: float = 1.0) -> SlotMemory:
    memory = SlotMemory(keys.shape[1], separation=separation, activation=Flips(), beta=beta, dtype=torch.float64)
    memory.write(keys)
    return memory


def by_loops(state: list[float], keys: list[list[float]], power: int) -> list[float]:
    """Each entry takes the sign of the larger sum of overlaps to the power n; whole numbers throughout."""
    state = [int(entry) for entry in state]
    for entry in range(len(state)):
        sums = {}
        for side in (1, -1):
            tried = [*state[:entry], side, *state[entry + 1 :]]
            sums[side] = sum(sum(int(a) * b for a, b in zip(key, tried, strict=True)) ** power for key in keys)
        if sums[1] != sums[-1]:
            state[entry] = max(sums, key=sums.__getitem__)
    return [float(entry) for entry in state]


@settings(max_examples=20)
@given(st.integers(2, 5), st.integers(1, 9), st.integers(1, 7), st.integers(0, 10**6))
@example(power=3, n=6, d=3, seed=86)  # odd powers that cancel: only the size of the terms tells rounding from a lead
def test_a_sweep_is_that_of_loops_over_whole_numbers(power: int, n: int, d: int, seed: int) -> None:
    keys, states = binary(n, d, seed=seed), binary(4, d, seed=seed + 1)
    found = memory_of(keys, Power(power)).settle(states, steps=1).state
    assert found.tolist() == [by_loops(state, keys.tolist(), power) for state in states.tolist()]


@settings(max_examples=20)
@given(st.integers(1, 12), st.integers(0, 10**6))
def test_power_two_is_the_hopfield_network_without_its_diagonal(n: int, seed: int) -> None:
    keys, state = binary(n, 15, seed=seed), binary(15, seed=seed + 1)
    weights, wanted = (keys.mT @ keys).fill_diagonal_(0), state.clone()
    for entry in range(15):
        field = weights[entry] @ wanted
        wanted[entry] = wanted[entry] if field == 0 else field.sign()
    assert memory_of(keys, Power(2), 1 / 15).settle(state, steps=1).state.equal(wanted)


@pytest.mark.parametrize("separation", [Power(3), Power(4), RectifiedPower(3), Softmax()], ids=repr)
def test_every_sweep_goes_down_and_ends_where_no_flip_helps(separation) -> None:
    memory = memory_of(binary(40, 16), separation, 0.1)
    state = binary(12, 16, seed=1)
    energy = memory.energy(state)
    for _ in range(3):
        after = memory.settle(state, steps=1).state
        later = memory.energy(after)
        assert (later <= energy + 1e-9).all()
        state, energy = after, later
    found = memory.settle(state)
    assert found.converged.all()
    settled = memory.energy(found.state)
    for entry in range(16):
        flipped = found.state.clone()
        flipped[:, entry] *= -1
        assert (memory.energy(flipped) >= settled - 1e-9).all()


def test_softmax_and_the_sum_of_exponentials_flip_the_same_entries() -> None:
    keys, state = binary(30, 10), binary(8, 10, seed=1)
    wanted = state.clone()
    for row, entry in itertools.product(range(8), range(10)):
        sums = []
        for side in (1.0, -1.0):
            wanted[row, entry] = side
            sums.append(float((keys @ wanted[row]).exp().sum()))
        wanted[row, entry] = 1.0 if sums[0] > sums[1] else -1.0
    assert memory_of(keys, Softmax()).settle(state, steps=1).state.equal(wanted)


def test_an_unknown_entry_is_filled_in_and_a_tie_stays() -> None:
    memory = memory_of(torch.tensor([[1.0, -1, 1, -1], [1, 1, 1, 1]]), Power(3))
    assert memory.settle(torch.tensor([1.0, 0, 1, -1])).state.tolist() == [1, -1, 1, -1]
    opposite = memory_of(torch.tensor([[1.0, 1], [1, -1]]), Power(2))
    assert opposite.settle(torch.tensor([1.0, -1])).state.tolist() == [1, -1]


def test_few_states_at_a_time_end_like_all_together(monkeypatch) -> None:
    memory, state = memory_of(binary(40, 16), Power(3)), binary(12, 16, seed=1)
    together = memory.settle(state).state
    monkeypatch.setattr(flips, "TILE", 100)
    assert memory.settle(state).state.equal(together)
    assert memory.settle(state[:0]).state.shape == (0, 16)


def test_each_head_has_a_beta_of_its_own() -> None:
    keys, state = binary(40, 16), binary(12, 2, 16, seed=1)
    memory = SlotMemory(16, activation=Flips(), beta=torch.tensor([0.05, 2.0]), dtype=torch.float64)
    memory.write(keys)
    found = memory.settle(state, steps=1).state
    for head, beta in enumerate((0.05, 2.0)):
        assert found[:, head].equal(memory_of(keys, Softmax(), beta).settle(state[:, head], steps=1).state)
    assert not found[:, 0].equal(memory_of(keys, Softmax(), 2.0).settle(state[:, 0], steps=1).state)
