"""What a state may be, and that settling goes down the energy for each kind of state."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hybridattn.attention import Entmax, Hard, Power, RectifiedPower, ScaledDot, Softmax, Sparsemax
from hybridattn.memory import Identity, Sign, SlotMemory, Sphere

BOUNDED = [Softmax(), Hard(), Sparsemax(), Entmax(1.5)]
CONVEX = [*BOUNDED, RectifiedPower(3), Power(4)]


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def falls(memory: SlotMemory, state: Tensor, steps: int = 4) -> bool:
    energies = [memory.energy(state)]
    for _ in range(steps):
        state = memory.settle(state, steps=1, tol=0).state
        energies.append(memory.energy(state))
    size = 1 + torch.stack(energies).abs().amax()
    return all(bool((two <= one + 1e-12 * size).all()) for one, two in pairwise(energies))


@pytest.mark.parametrize("separation", CONVEX, ids=repr)
@pytest.mark.parametrize("activation", [Sign(), Sphere()], ids=repr)
@settings(max_examples=6)
@given(st.integers(1, 30), st.floats(0.01, 3), st.integers(0, 10**6))
def test_binary_states_and_those_on_a_sphere_go_down(separation, activation, n: int, beta: float, seed: int) -> None:
    memory = SlotMemory(9, separation=separation, activation=activation, beta=beta, dtype=torch.float64)
    memory.write(numbers(n, 9, seed=seed).sign())
    state = numbers(7, 9, seed=seed + 1)
    assert falls(memory, state.sign() if activation == Sign() else state)


@pytest.mark.parametrize("similarity", [None, ScaledDot()], ids=repr)
@pytest.mark.parametrize("separation", BOUNDED, ids=repr)
@settings(max_examples=6)
@given(st.integers(1, 30), st.floats(0.01, 9), st.integers(0, 10**6))
def test_states_of_any_numbers_go_down(similarity, separation, n: int, beta: float, seed: int) -> None:
    parts = {} if similarity is None else {"similarity": similarity}
    memory = SlotMemory(9, separation=separation, beta=beta, dtype=torch.float64, **parts)
    memory.write(numbers(n, 9, seed=seed))
    assert falls(memory, 2 * numbers(7, 9, seed=seed + 1))


def test_an_entry_that_reads_nothing_stays() -> None:
    state = torch.tensor([-1.0, 1.0, 1.0])
    assert Sign()(torch.tensor([0.0, -3.0, 1e-30]), state).tolist() == [-1, -1, 1]
    assert Sphere()(torch.zeros(3), state).tolist() == [-1, 1, 1]
    assert Identity()(torch.zeros(3), state).tolist() == [0, 0, 0]


@pytest.mark.parametrize("size", [1e-300, 1e-20, 1.0, 1e200])
def test_a_sphere_keeps_the_length_whatever_was_read(size: float) -> None:
    state, value = numbers(5, 4, seed=1), numbers(5, 4)
    after = Sphere()(size * value, state)
    torch.testing.assert_close(after.norm(dim=-1), state.norm(dim=-1))
    torch.testing.assert_close(after, value / value.norm(dim=-1, keepdim=True) * state.norm(dim=-1, keepdim=True))


def test_a_sphere_has_a_gradient_where_nothing_was_read() -> None:
    value, state = torch.zeros(2, 3, requires_grad=True), torch.ones(2, 3)
    Sphere()(value, state).sum().backward()
    assert value.grad.isfinite().all()


def test_the_energy_of_binary_states_is_written_out() -> None:
    memory = SlotMemory(3, separation=Power(3), activation=Sign(), beta=0.5, dtype=torch.float64)
    memory.write(torch.tensor([[1.0, 1, 1], [1, -1, 1]]))
    # overlaps 1 and 3, scores 0.5 and 1.5: -(0.125 + 3.375) / 3 / 0.5
    assert memory.energy(torch.tensor([1.0, -1, 1], dtype=torch.float64)).item() == pytest.approx(-3.5 / 1.5)
