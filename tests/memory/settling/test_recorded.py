"""What is recorded on the way: states, energies, and the exact drop of the energy in two parts."""

import importlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from hybridattn.attention import (
    Entmax,
    Epanechnikov,
    Exponential,
    Hard,
    LogSumReLU,
    MeanShift,
    NegativeSquaredEuclidean,
    Normmax,
    Power,
    RectifiedPower,
    ScaledDot,
    Softmax,
    Sparsemax,
)
from hybridattn.attention.tiles import factors, stream
from hybridattn.errors import ArgumentError
from hybridattn.memory import Flips, Implicit, Record, Sign, SlotMemory, Sphere

ALL = Record.STATES | Record.ENERGIES | Record.DROPS


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def filled(n: int, *, seed: int = 0, **parts) -> SlotMemory:
    memory = SlotMemory(8, dtype=torch.float64, **parts)
    memory.write(numbers(n, 8, seed=seed))
    return memory


def bregman(separation, later: Tensor, scores: Tensor) -> Tensor:
    """D_F(s', s) from all the scores and weights."""
    slope = separation.weights(scores)
    rise = separation.potential(later) - separation.potential(scores)
    return rise - (slope * (later - scores)).sum(-1)


@settings(max_examples=15)
@given(st.integers(1, 40), st.floats(0.1, 10), st.floats(0.05, 1), st.integers(0, 10**6))
def test_the_drop_of_softmax_is_half_the_move_and_the_divergence(n: int, beta: float, rate: float, seed: int) -> None:
    memory, query = filled(n, beta=beta, seed=seed), numbers(6, 8, seed=seed + 1)
    found = memory.settle(query, steps=3, tol=0, damping=rate, record=ALL)
    for step in range(3):
        before, after = found.states[step], found.states[step + 1]
        one, two = ((beta * state @ memory.keys.mT).log_softmax(-1) for state in (before, after))
        read = one.exp() @ memory.keys
        moved = (rate - rate**2 / 2) * (read - before).square().sum(-1)
        divergence = (one.exp() * (one - two)).sum(-1) / beta  # KL(p || p+)
        size = float(memory.energy(before).abs().max()) + 1
        torch.testing.assert_close(found.drops.moved[step], moved, atol=1e-12 * size, rtol=0)
        size *= max(1, 1 / beta)  # log masses are divided by beta
        torch.testing.assert_close(found.drops.divergence[step], divergence, atol=1e-12 * size, rtol=0)
        fell = memory.energy(before) - memory.energy(after)
        torch.testing.assert_close(fell, moved + divergence, atol=1e-12 * size, rtol=0)


DISTANCE = {"similarity": NegativeSquaredEuclidean()}
KINDS = {
    "sparsemax": {"separation": Sparsemax()},
    "entmax": {"separation": Entmax(1.5)},
    "normmax": {"separation": Normmax(2.0)},
    "hard": {"separation": Hard()},
    "scaled": {"similarity": ScaledDot()},
    "signs": {"separation": RectifiedPower(3), "activation": Sign(), "beta": 0.1},
    "sphere": {"separation": Power(4), "activation": Sphere(), "beta": 0.3},
    "mean shift": DISTANCE,
    "entmax kernel": {**DISTANCE, "separation": Entmax(1.5)},
    "exponential kernel": {**DISTANCE, "separation": MeanShift(Exponential()), "beta": 0.1},
    "epanechnikov": {**DISTANCE, "separation": MeanShift(Epanechnikov()), "beta": 0.1},
    "unnormalised": {**DISTANCE, "separation": Epanechnikov(), "beta": 0.1},
    "heads": {"beta": torch.tensor([0.5, 3.0], dtype=torch.float64)},
}


@pytest.mark.parametrize("parts", KINDS.values(), ids=KINDS)
def test_every_drop_is_a_tangent_and_a_bregman_divergence(parts: dict) -> None:
    memory = filled(25, **{"beta": 1.5, **parts})
    query = numbers(5, 2, 8, seed=1)
    query = query.sign() if parts.get("activation") == Sign() else query
    rate = 1.0 if "activation" in parts else 0.6
    found = memory.settle(query, steps=4, tol=0, damping=rate, record=ALL)
    beta = memory.beta if not isinstance(memory.beta, Tensor) else memory.beta[:, None]
    separation = getattr(memory.separation, "separation", memory.separation)
    for step in range(4):
        before, after = found.states[step], found.states[step + 1]
        old, new = (beta * memory.similarity(state, memory.keys) for state in (before, after))
        factor = beta * (8**-0.5 if "scaled" in repr(parts).lower() else 1)
        divergence = bregman(separation, new, old) / (factor.squeeze(-1) if isinstance(factor, Tensor) else factor)
        torch.testing.assert_close(found.drops.divergence[step], divergence, atol=1e-10, rtol=1e-10)
        fell = memory.energy(before) - memory.energy(after)
        torch.testing.assert_close(found.drops.moved[step] + found.drops.divergence[step], fell, atol=1e-10, rtol=1e-10)
        assert (found.drops.moved[step] >= -1e-12).all()
        assert (found.drops.divergence[step] >= -1e-10).all()
        torch.testing.assert_close(found.energies[step], memory.energy(before), atol=1e-10, rtol=1e-10)
    assert found.states.shape == (5, 5, 2, 8)
    assert found.energies.shape == (5, 5, 2)
    assert found.drops.moved.shape == found.drops.divergence.shape == (4, 5, 2)


def test_a_kernel_that_ends_leaves_alone_what_is_far_from_all() -> None:
    memory = filled(25, **DISTANCE, separation=MeanShift(LogSumReLU()), beta=0.2)
    query = torch.cat((numbers(5, 8, seed=1), 100 + numbers(2, 8, seed=2)))
    found = memory.settle(query, steps=3, record=ALL)
    assert found.state[5:].equal(query[5:])
    assert found.converged[5:].all()
    assert found.energies[:, 5:].eq(torch.inf).all()
    assert found.drops.moved[:, 5:].eq(0).all()
    assert found.drops.divergence[:, 5:].eq(0).all()
    assert (found.energies[1:, :5] <= found.energies[:-1, :5] + 1e-12).all()


def test_recording_changes_nothing_and_what_is_not_asked_for_is_none() -> None:
    memory, query = filled(20, beta=4.0), numbers(9, 8, seed=1)
    plain = memory.settle(query)
    assert plain[3:] == (None, None, None)
    found = memory.settle(query, record=ALL)
    assert found.state.allclose(plain.state, atol=1e-12)
    assert found.steps.equal(plain.steps)
    assert found.converged.all()
    assert len(found.states) == int(found.steps.max()) + 1 == len(found.drops.moved) + 1
    quick = found.steps.argmin()
    assert found.states[int(found.steps[quick]) :, quick].eq(found.state[quick]).all()
    assert found.drops.moved[int(found.steps[quick]) :, quick].eq(0).all()
    only = memory.settle(query, record=Record.STATES)
    assert only.states.allclose(found.states, atol=1e-12)
    assert only[4:] == (None, None)
    none = memory.settle(query, steps=0, record=ALL)
    assert none.states.shape == (1, 9, 8)
    assert none.drops.moved.shape == (0, 9)


def test_energy_before_and_after_are_the_first_and_the_last() -> None:
    memory, query = filled(20, beta=4.0), numbers(9, 8, seed=1)
    found = memory.settle(query, record=Record.ENERGIES)
    torch.testing.assert_close(found.energies[0], memory.energy(query))
    torch.testing.assert_close(found.energies[-1], memory.energy(found.state))


def test_certificates_hold_no_matrix_of_scores(monkeypatch) -> None:
    memory, sizes = filled(2000, beta=0.5), []
    monkeypatch.setattr(stream, "TILE", 1 << 14)
    monkeypatch.setattr(factors, "TILE", 1 << 14)
    monkeypatch.setattr(importlib.import_module("hybridattn.attention.read"), "_SMALL", 0)

    class Sizes(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            parts = out if isinstance(out, tuple) else [out]
            sizes.extend(part.untyped_storage().nbytes() for part in parts if torch.is_tensor(part))
            return out

    with Sizes():
        memory.settle(numbers(300, 8, seed=1), steps=2, tol=0.0, record=ALL)
    assert max(sizes) <= 8 * 8 * 4000 < 8 * 300 * 2000


def test_an_empty_memory_has_no_drop_but_that_of_the_state_itself() -> None:
    memory = SlotMemory(3, dtype=torch.float64)
    found = memory.settle(torch.tensor([3.0, 4.0, 0.0]), steps=2, record=ALL)
    assert found.energies.tolist() == [12.5, 0, 0]
    assert found.drops.moved.tolist() == [12.5, 0]
    assert found.drops.divergence.tolist() == [0, 0]


def test_records_that_are_not_known_are_refused() -> None:
    query = torch.ones(8, dtype=torch.float64)
    refused = [
        (filled(3, activation=Flips()), "drops are known for updates of all entries at once"),
        (filled(3, separation=MeanShift(Power(4)), activation=Sphere()), "under a dot product drops are not known"),
        (filled(3, separation=MeanShift(Power(4))), "goes down no energy: it belongs to a distance"),
        (filled(3, **DISTANCE, activation=Sphere()), r"under a distance the energy is known for Identity\(\) only"),
    ]
    for memory, message in refused:
        with pytest.raises(ArgumentError, match=message):
            memory.settle(query, record=Record.DROPS)
    assert filled(3, activation=Flips()).settle(query, record=Record.ENERGIES).energies.isfinite().all()


def test_gradients_and_records_go_together() -> None:
    memory, query = filled(6, beta=3.0), numbers(2, 8, seed=1)
    memory.keys.requires_grad_()
    found = memory.settle(query, record=ALL, tol=1e-12)
    found.energies.sum().backward()
    assert memory.keys.grad.isfinite().all()
    assert memory.settle(query, record=ALL, gradient=Implicit()).states is not None
    assert Softmax() == memory.separation
