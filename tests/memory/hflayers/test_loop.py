"""The loop: how far it goes, when it stops, and that it never holds the association matrix."""

import math
from itertools import pairwise

import pytest
import torch
from hflayers_reference import numbers, randomised
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from hybridattn.memory.hflayers import Hopfield, HopfieldLayer, HopfieldPooling
from hybridattn.memory.hflayers.arguments import Steps
from hybridattn.memory.hflayers.loop import settled


class Largest(TorchDispatchMode):
    """Remember how many numbers the largest tensor had that any operation made."""

    def __init__(self) -> None:
        super().__init__()
        self.most, self.reads = 0, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **kwargs or {})
        inputs = {part.untyped_storage().data_ptr() for part in tree_leaves((args, kwargs)) if torch.is_tensor(part)}
        for part in tree_leaves(made):
            if torch.is_tensor(part) and part.untyped_storage().data_ptr() not in inputs:
                self.most = max(self.most, part.untyped_storage().nbytes() // part.element_size())
        self.reads += function.overloadpacket is torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        return made


def energy(states: torch.Tensor, keys: torch.Tensor, beta: float) -> torch.Tensor:
    """Ramsauer et al. 2021: what every update lowers, but for terms that do not depend on the state."""
    return (states**2).sum(-1) / 2 - (beta * states @ keys.mT).logsumexp(-1) / beta


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 6), st.floats(0.05, 4), st.integers(0, 99), st.integers(1, 4))
def test_updates_lower_the_energy(stored: int, beta: float, seed: int, count: int) -> None:
    keys, states = numbers(1, 2, stored, 5, seed=seed), numbers(1, 2, 3, 5, seed=seed + 1)
    steps = [settled(states, keys, None, beta, Steps((n, n), (0.0, 0.0))) for n in range(count + 1)]
    for before, after in pairwise(steps):
        assert (energy(after, keys, beta) <= energy(before, keys, beta) + 1e-10).all()


@settings(deadline=None, max_examples=30)
@given(st.floats(0.05, 4), st.integers(0, 99), st.sampled_from([1e-3, 1e-6]))
def test_what_came_to_rest_moves_no_more(beta: float, seed: int, eps: float) -> None:
    keys, states = numbers(2, 2, 6, 5, seed=seed), numbers(2, 2, 3, 5, seed=seed + 1)
    rest = settled(states, keys, None, beta, Steps((-1, -1), (eps, eps)))
    wanted = states
    ends = torch.zeros(2, 2, 3, dtype=torch.bool)
    for _ in range(1000):
        moved = (beta * wanted @ keys.mT).softmax(-1) @ keys
        ended = (moved - wanted).norm(dim=-1) <= eps
        wanted = torch.where(ends[..., None], wanted, moved)
        ends = ends | ended
        if ends.all():
            break
    torch.testing.assert_close(rest, wanted, rtol=1e-9, atol=1e-9)


def test_heads_have_their_own_count_and_end() -> None:
    keys, states = numbers(2, 4, 6, 5), numbers(2, 4, 3, 5, seed=1)
    found = settled(states, keys, None, 0.4, Steps((0, 2, -1, -1), (9.0, 9.0, 1e9, 1e-9)))
    for head, steps in enumerate((0, 2, 1, 200)):
        alone = settled(states[:, head : head + 1], keys[:, head : head + 1], None, 0.4, Steps((steps,), (0.0,)))
        torch.testing.assert_close(found[:, head : head + 1], alone, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("most", [torch.tensor([1, 3]), torch.tensor([-1, 2]), torch.tensor([-1, -5])])
def test_counts_and_tolerances_of_a_layer(most: torch.Tensor) -> None:
    layer = randomised(Hopfield(8, num_heads=2, update_steps_max=most, update_steps_eps=torch.tensor([1e-2, 1e-9])))
    patterns = numbers(2, 5, 8)
    for head in range(2):
        count, eps = most[head].item(), (1e-2, 1e-9)[head]
        other = Hopfield(8, num_heads=2, update_steps_max=count if count > 0 else None, update_steps_eps=eps).double()
        other.load_state_dict(layer.state_dict())
        found, wanted = (each.get_association_matrix(patterns)[:, head] for each in (layer, other))
        torch.testing.assert_close(found, wanted)
    assert layer.update_steps_max is most


def test_eps_says_nothing_where_the_count_is_finite() -> None:
    patterns = numbers(2, 5, 8)
    few, many = (randomised(Hopfield(8, update_steps_max=4, update_steps_eps=eps)) for eps in (1e9, 1e-9))
    assert few(patterns).equal(many(patterns))


def test_a_state_that_wanders_is_taken_as_it_is() -> None:
    # Two patterns at the critical beta * |k|^2 = 1: the way to 0 gets ever slower.
    keys = torch.tensor([[[[1.0], [-1.0]]]], dtype=torch.float64)
    rest = settled(keys[:, :, :1] * 0.9, keys, None, 1.0, Steps((-1,), (0.0,)))
    assert 0.03 < rest.item() < 0.06
    assert math.isclose(rest.item(), (3 / 2 / 1000) ** 0.5, rel_tol=0.05), "xi' = tanh xi: xi^2 ~ 3 / (2 n)"


@pytest.mark.parametrize("most", [0, 3])
@pytest.mark.parametrize("pattern_size", [None, 2, 9])
@pytest.mark.parametrize("masked", [False, True])
def test_no_association_matrix_is_held(most: int, pattern_size: int | None, masked: bool) -> None:
    stored, states, heads = 600, 500, 2
    layer = Hopfield(8, num_heads=heads, update_steps_max=most, pattern_size=pattern_size, add_zero_association=True)
    parts = [numbers(2, size, 8, dtype=torch.float32) for size in (stored, states, stored)]
    padding = torch.zeros(2, stored, dtype=torch.bool).index_fill(1, torch.tensor([3]), True) if masked else None
    with Largest() as largest:
        layer(tuple(parts), padding).sum().backward()
    assert largest.reads == most + 1
    assert largest.most < stored * states
    with Largest() as whole:
        layer.get_association_matrix(tuple(parts), padding)
    assert whole.most >= 2 * heads * stored * states


def test_a_store_of_ones_own_is_projected_once() -> None:
    batch, states, stored = 16, 2, 500
    layer = HopfieldLayer(8, num_heads=2, quantity=stored, update_steps_max=2)
    with Largest() as largest:
        layer(numbers(batch, states, 8, dtype=torch.float32)).sum().backward()
    assert largest.most < 3 * stored * 8
    pooling = HopfieldPooling(8, num_heads=2, quantity=stored, update_steps_max=1)
    pooling(numbers(batch, states, 8, dtype=torch.float32)).sum().backward()


def test_one_read_for_all_states_is_the_reads_of_each() -> None:
    layer = randomised(HopfieldLayer(8, num_heads=2, quantity=9, update_steps_max=2, add_zero_association=True))
    states = numbers(4, 3, 8).requires_grad_()
    together = layer(states)
    alone = torch.cat([layer(state[None]) for state in states])
    torch.testing.assert_close(together, alone)
    mine, theirs = (torch.autograd.grad(f.square().sum(), [states, layer.lookup_weights]) for f in (together, alone))
    for gradient, wanted in zip(mine, theirs, strict=True):
        torch.testing.assert_close(gradient, wanted)


@pytest.mark.parametrize("most", [0, 2, None])
def test_nothing_stored_nothing_found(most: int | None) -> None:
    layer = randomised(Hopfield(8, num_heads=2, update_steps_max=most))
    none, states = torch.zeros(3, 0, 8, dtype=torch.float64), numbers(3, 4, 8)
    found = layer((none, states, none))
    torch.testing.assert_close(found, layer.association_core.out_proj.bias.expand(3, 4, -1))
    assert layer.get_association_matrix((none, states, none)).shape == (3, 2, 4, 0)
    assert layer(torch.zeros(0, 4, 8, dtype=torch.float64)).shape == (0, 4, 8)


def test_gradients_are_slopes() -> None:
    layer = randomised(Hopfield(4, num_heads=2, update_steps_max=2))
    states, stored = numbers(1, 2, 4).requires_grad_(), numbers(1, 3, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda *parts: layer((parts[0], parts[1], parts[0])), (stored, states))


@pytest.mark.parametrize("beta", [0.0, 1e-300, 1e6])
def test_extreme_scalings_are_defined(beta: float) -> None:
    layer = randomised(Hopfield(8, num_heads=2, scaling=beta, update_steps_max=2))
    patterns = numbers(2, 5, 8).requires_grad_()
    found = layer(patterns)
    found.sum().backward()
    assert found.isfinite().all()
    assert patterns.grad.isfinite().all()
    if beta < 1:
        weights = layer.get_association_matrix(patterns)
        torch.testing.assert_close(weights, torch.full_like(weights, 0.2))
