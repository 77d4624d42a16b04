"""The implicit gradient against the unrolled one, against finite differences, and by hand."""

import pytest
import torch
from torch import Tensor

from hybridattn.attention import (
    Entmax,
    Exponential,
    LearnedEntmax,
    MeanShift,
    NegativeSquaredEuclidean,
    RectifiedPower,
    ScaledDot,
)
from hybridattn.errors import ArgumentError, ConvergenceError
from hybridattn.memory import Beta, Implicit, SlotMemory, Sphere, Unrolled
from hybridattn.memory.settling import Plan
from hybridattn.memory.settling.run import _Alike


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gradients(gradient, query: Tensor, damping: float = 1.0, **parts) -> list[Tensor]:
    memory = SlotMemory(6, trainable=True, slots=12, dtype=torch.float64, **parts)
    memory.to(torch.float64)
    with torch.no_grad():
        memory.keys.copy_(numbers(12, 6))
    found = memory.settle(query, tol=1e-13, damping=damping, gradient=gradient)
    assert found.converged.all()
    found.state.square().sum(-1).sin().sum().backward()
    return [parameter.grad for parameter in memory.parameters()]


CASES = {
    "softmax": {"beta": 1.5},
    "mixed": {"beta": 0.3},
    "trained beta": {"beta": Beta((3,), 0.8, trainable=True)},
    "scaled": {"beta": 2.0, "similarity": ScaledDot()},
    "entmax": {"beta": 0.3, "separation": Entmax(1.5)},
    "learned entmax": {"beta": 0.3, "separation": LearnedEntmax()},
    "mean shift": {"beta": 0.2, "similarity": NegativeSquaredEuclidean()},
    "kernel": {"beta": 0.1, "similarity": NegativeSquaredEuclidean(), "separation": MeanShift(Exponential())},
}


@pytest.mark.parametrize("damping", [1.0, 0.7])
@pytest.mark.parametrize("parts", CASES.values(), ids=CASES)
def test_implicit_is_unrolled(parts: dict, damping: float) -> None:
    query = numbers(4, 3, 6, seed=1)
    implicit = gradients(Implicit(tol=1e-12), query, damping, **parts)
    unrolled = gradients(Unrolled(), query, damping, **parts)
    assert any(grad.abs().max() > 1e-6 for grad in unrolled if grad is not None)
    for one, two in zip(implicit, unrolled, strict=True):
        torch.testing.assert_close(one, two, atol=1e-8, rtol=1e-7)


def test_implicit_is_the_slope_of_finite_differences() -> None:
    query = numbers(3, 6, seed=1)

    def settled(keys: Tensor) -> Tensor:
        memory = SlotMemory(6, beta=0.5, dtype=torch.float64)
        memory.write(keys)
        return memory.settle(query, tol=1e-13, gradient=Implicit(tol=1e-12)).state

    assert torch.autograd.gradcheck(settled, numbers(5, 6).requires_grad_())


def test_a_fixed_point_by_hand() -> None:
    """q = c - 1.5 q rests at c / 2.5, where it swings apart undamped and comes to rest by halves: dq/dc = 0.4."""
    c = torch.tensor([[5.0, -1.0]], dtype=torch.float64, requires_grad=True)
    plan = Plan(None, 1e-13, damping=0.5)
    found = Implicit(tol=1e-12).settle(_Alike(lambda q: c - 1.5 * q), torch.zeros(1, 2, dtype=torch.float64), plan)
    torch.testing.assert_close(found.state, c / 2.5)
    found.state.sum().backward()
    torch.testing.assert_close(c.grad, torch.full_like(c, 0.4))


def test_memory_does_not_grow_with_the_steps() -> None:
    memory = SlotMemory(6, beta=0.25, trainable=True, slots=40, dtype=torch.float64)
    memory.load_state_dict({**memory.state_dict(), "keys": numbers(40, 6)})

    def kept(tol: float, gradient) -> tuple[int, int]:
        saved: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t.numel()) or t, lambda t: t):
            found = memory.settle(numbers(5, 6, seed=1), tol=tol, gradient=gradient)
        return sum(saved), int(found.steps.max())

    (few, soon), (same, late) = kept(1e-1, Implicit()), kept(1e-10, Implicit())
    assert late > soon + 2
    assert same == few
    assert kept(1e-10, Unrolled())[0] > kept(1e-1, Unrolled())[0]


def test_the_query_has_no_gradient_and_nothing_is_attached_without_need() -> None:
    memory, query = SlotMemory(6, beta=2.0, dtype=torch.float64), numbers(3, 6, seed=1).requires_grad_()
    memory.write(numbers(5, 6))
    memory.settle(query, gradient=Implicit()).state.sum().backward()
    assert query.grad.eq(0).all()
    assert not memory.settle(query.detach(), gradient=Implicit()).state.requires_grad
    with torch.no_grad():
        assert not memory.settle(query, gradient=Implicit(), steps=1).state.requires_grad


def test_a_state_that_has_not_settled_is_refused() -> None:
    memory = SlotMemory(6, beta=0.3, trainable=True, slots=5, dtype=torch.float64)
    with pytest.raises(ConvergenceError, match="needs settled states; 3 of 3 did not settle"):
        memory.settle(numbers(3, 6, seed=1), steps=1, tol=0, gradient=Implicit())
    with torch.no_grad():
        assert not memory.settle(numbers(3, 6, seed=1), steps=1, tol=0, gradient=Implicit()).converged.any()


def test_a_fixed_point_that_does_not_attract_is_refused() -> None:
    """Midway between x and -x the update is beta |x|^2 = 8 times the state along x: it rests there, but only there."""
    memory = SlotMemory(2, beta=2.0, dtype=torch.float64)
    pair = torch.tensor([[2.0, 0.0], [-2.0, 0.0]], dtype=torch.float64, requires_grad=True)
    memory.write(pair)
    found = memory.settle(torch.zeros(1, 2, dtype=torch.float64), gradient=Implicit())
    assert found.converged.all()
    with pytest.raises(ConvergenceError, match=r"implicit gradient of 1 of 1 states was not found.*do not attract"):
        found.state.sum().backward()


def test_a_sphere_has_a_fixed_point_at_every_length_and_so_no_implicit_gradient() -> None:
    with pytest.raises(ConvergenceError, match="do not attract"):
        gradients(Implicit(), numbers(4, 6, seed=1), beta=0.3, separation=RectifiedPower(3), activation=Sphere())


@pytest.mark.parametrize(("tol", "steps"), [(0, 10), (1e-6, 0), (-1.0, 3)])
def test_an_implicit_gradient_needs_a_tolerance_and_steps(tol: float, steps: int) -> None:
    with pytest.raises(ArgumentError, match="tol and steps of Implicit must be above 0"):
        Implicit(tol, steps)
