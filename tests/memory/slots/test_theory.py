"""What is proved about slot memories, tried on them: bounds, capacities and exact retrieval."""

import math
from math import comb

import pytest
import torch
from torch import Tensor

from hybridattn.attention import NegativeSquaredEuclidean
from hybridattn.memory import (
    SlotMemory,
    dense_associative_memory,
    entmax_hopfield,
    epanechnikov_memory,
    exponential_memory,
    modern_hopfield,
    sparse_hopfield,
)

EPS = torch.finfo(torch.float64).eps


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def binary(*shape: int, seed: int = 0) -> Tensor:
    return torch.randint(0, 2, shape, generator=torch.Generator().manual_seed(seed)).double() * 2 - 1


def filled(kind, keys: Tensor, **parts) -> SlotMemory:
    memory = kind(keys.shape[1], dtype=torch.float64, **parts)
    memory.write(keys)
    return memory


def leads(keys: Tensor) -> Tensor:
    """x_i . x_i - max_(j != i) x_i . x_j for each key."""
    overlaps = keys @ keys.mT
    return overlaps.diagonal() - overlaps.masked_fill(torch.eye(len(keys), dtype=torch.bool), -torch.inf).amax(-1)


# --- Ramsauer et al. 2021

SETTINGS = [(32, 100, 0.25), (32, 100, 1.0), (64, 200, 0.25)]


@pytest.mark.parametrize(("d", "n", "beta"), SETTINGS)
def test_theorem_5_bounds_the_error_of_one_update_and_of_the_fixed_point(d: int, n: int, beta: float) -> None:
    keys = numbers(n, d, seed=d + n)
    memory, largest, lead = filled(modern_hopfield, keys, beta=beta), keys.norm(dim=-1).max(), leads(keys)
    fixed = memory.settle(keys, tol=1e-14).state
    off = (fixed - keys).norm(dim=-1)
    noise = numbers(n, d, seed=7)
    for radius in (0.0, 0.01, 0.05, 0.2):
        query = keys + radius * noise / noise.norm(dim=-1, keepdim=True)
        away = torch.maximum((query - keys).norm(dim=-1), off)
        bound = 2 * (n - 1) * (-beta * (lead - 2 * away * largest)).exp() * largest
        error = (memory.read(query).value - keys).norm(dim=-1)
        assert (error <= bound + 100 * EPS * largest).all()
        assert (bound < 1).any()  # the bound says something
        near = away <= 1 / (2 * beta * largest)
        closer = 2 * math.e * (n - 1) * largest * (-beta * lead).exp()
        assert (off <= closer + 100 * EPS * largest)[near].all()
        assert near.any() or radius == 0.2


@pytest.mark.parametrize(("d", "n", "beta"), SETTINGS[1:])
def test_theorem_4_bounds_how_much_an_update_contracts(d: int, n: int, beta: float) -> None:
    keys = numbers(n, d, seed=d + n)
    memory, largest, lead = filled(modern_hopfield, keys, beta=beta), keys.norm(dim=-1).max(), leads(keys)
    fixed = memory.settle(keys, tol=1e-14).state
    noise = numbers(n, d, seed=8)
    query = keys + 0.05 * noise / noise.norm(dim=-1, keepdim=True)
    away = torch.maximum((query - keys).norm(dim=-1), (fixed - keys).norm(dim=-1))
    norm = 2 * beta * n * largest**2 * (n - 1) * (-beta * (lead - 2 * away * largest)).exp()
    error = (memory.read(query).value - fixed).norm(dim=-1)
    assert (error <= norm * (query - fixed).norm(dim=-1) + 100 * EPS * largest).all()
    tried = norm.argsort()[:5]  # where the bound is tightest: the Jacobian halfway, from autograd
    for row in tried.tolist():
        jacobian = torch.autograd.functional.jacobian(lambda q: memory.read(q).value, (query[row] + fixed[row]) / 2)
        assert torch.linalg.matrix_norm(jacobian, 2) <= norm[row] + 100 * EPS * beta * largest**2
    assert (norm < 1).any()


@pytest.mark.parametrize(("copies", "needed"), [(1, 1), (4, 4), (10, 9), (20, 18)])
def test_a_metastable_state_is_as_large_as_its_patterns_are_many(copies: int, needed: int) -> None:
    """Equal patterns share a read: 9 of 10 slots hold 90 % of it, and of 4 it takes all."""
    keys = torch.cat((torch.eye(8, dtype=torch.float64)[:1].expand(copies, 8), torch.eye(8, dtype=torch.float64)[1:]))
    memory = filled(modern_hopfield, keys, beta=200.0)
    found = memory.read(memory.settle(keys[0] + 0.01).state, top=len(keys))
    assert int((found.shares.cumsum(-1) < 0.90 - 1e-9).sum()) + 1 == needed
    assert found.slots[:copies].tolist() == list(range(copies))


def test_metastable_states_grow_as_beta_falls() -> None:
    keys = numbers(64, 16)
    sizes = []
    for beta in (0.01, 0.1, 0.3, 1.0, 8.0):
        memory = filled(modern_hopfield, keys, beta=beta)
        shares = memory.read(memory.settle(keys).state, top=64).shares
        sizes.append(float(((shares.cumsum(-1) < 0.90).sum(-1) + 1).double().median()))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 32  # class I: more than half of all
    assert sizes[-1] == 1  # class IV: one pattern


# --- Krotov and Hopfield 2016


def double_factorial(k: int) -> int:
    return math.prod(range(k, 0, -2))


def errors(power: int, d: int, times: int, patterns: int, seeds: int) -> tuple[int, int, int]:
    """Count the entries of stored patterns whose flip lowers the energy, of how many, with how many patterns stored."""
    stored = round(times * d ** (power - 1) / (2 * double_factorial(2 * power - 3) * math.log(d)))
    wrong = tried = 0
    for seed in range(seeds):
        keys = binary(stored, d, seed=seed)
        memory, some = filled(dense_associative_memory, keys, power=power), keys[:patterns]
        energy = memory.energy(some)
        for entry in range(d):
            flipped = some.clone()
            flipped[:, entry] *= -1
            wrong += int((memory.energy(flipped) < energy).sum())
            tried += len(some)
    return wrong, tried, stored


def theory(power: int, d: int, stored: int) -> tuple[float, float]:
    """P_err of the paper, and the tail of a normal distribution with the exact mean and variance of the energy."""
    odd = double_factorial(2 * power - 3)
    size = d ** (power - 1)
    paper = math.sqrt(odd * stored / (2 * math.pi * size)) * math.exp(-size / (2 * stored * odd))
    mean = d**power - (d - 2) ** power
    second = 0.0
    for ups in range(d):
        overlap = 2 * ups - (d - 1)  # of all entries but one with another pattern
        second += comb(d - 1, ups) / 2 ** (d - 1) * ((overlap + 1) ** power - (overlap - 1) ** power) ** 2
    return paper, math.erfc(mean / math.sqrt(2 * (stored - 1) * second)) / 2


def hold_to_theory(power: int, d: int, times: int, patterns: int, seeds: int) -> None:
    wrong, tried, stored = errors(power, d, times, patterns, seeds)
    paper, exact = theory(power, d, stored)
    assert abs(wrong - exact * tried) <= 4 * math.sqrt(exact * tried)
    assert paper == pytest.approx(exact, rel=0.15)  # how far the paper's leading order is off at this size


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("power", "d"), [(3, 100), (4, 60)])
def test_entries_flip_as_often_as_krotov_and_hopfield_say(power: int, d: int, times: int) -> None:
    hold_to_theory(power, d, times, 60, 1)


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("power", "d"), [(3, 100), (4, 60)])
def test_entries_flip_as_often_over_many_patterns(power: int, d: int, times: int) -> None:
    hold_to_theory(power, d, times, 300, 4)


def test_patterns_below_capacity_come_back_from_noise() -> None:
    """At a tenth of the capacity without errors of n = 3, ten of a hundred entries wrong."""
    keys = binary(36, 100)
    state = keys.clone()
    state[:, :10] *= -1
    assert filled(dense_associative_memory, keys, power=3).settle(state).state.equal(keys)


# --- Demircigil et al. 2017


def retrieved(patterns: int) -> None:
    """2^(N/2) patterns of N = 24: an update changes none that is two flips from all others, and few are nearer."""
    keys = binary(4096, 24)
    some = keys[:patterns]
    found = filled(exponential_memory, keys).settle(some, steps=1).state
    flips = (24 - some @ keys.mT) / 2
    flips[torch.arange(patterns), torch.arange(patterns)] = 24
    alone = flips.amin(-1) >= 2
    assert found[alone].equal(some[alone])
    assert alone.double().mean() > 0.98  # 24 * 4096 / 2^24 = 0.6 % have a neighbour


def test_exponentially_many_patterns_are_stored() -> None:
    retrieved(100)


@pytest.mark.slow
def test_exponentially_many_patterns_are_stored_all_of_them() -> None:
    retrieved(4096)


# --- Hoover et al. 2025


def test_the_log_sum_relu_memory_retrieves_exactly_in_one_step() -> None:
    keys = numbers(500, 16)
    nearest = float((torch.cdist(keys, keys) + 1e9 * torch.eye(500)).min())
    within = nearest / 2
    noise = numbers(500, 16, seed=1)
    away = within * torch.linspace(0, 1, 500, dtype=torch.float64).unsqueeze(-1)
    query = keys + away * noise / noise.norm(dim=-1, keepdim=True) * (1 - 1e-9)
    beta = 1 / (nearest - within) ** 2
    memory = filled(epanechnikov_memory, keys, beta=beta)
    assert memory.read(query).value.equal(keys)  # to the last bit
    settled = memory.settle(query)
    assert settled.state.equal(keys)
    assert settled.steps.max() <= 2
    soft = filled(SlotMemory, keys, beta=beta, similarity=NegativeSquaredEuclidean())
    assert (soft.read(query).value - keys).norm(dim=-1).max() > 1e-2


# --- Santos et al. 2024


@pytest.mark.parametrize("beta", [0.3, 0.6, 1.2])
@pytest.mark.parametrize("alpha", [1.25, 1.5, 2.0])
def test_a_pattern_is_an_exact_fixed_point_if_and_only_if_it_leads_by_the_margin(alpha: float, beta: float) -> None:
    keys = numbers(60, 8, seed=int(100 * alpha)) * 1.5
    if alpha == 2:
        sparse = filled(sparse_hopfield, keys, beta=beta)
    else:
        sparse = filled(entmax_hopfield, keys, beta=beta, alpha=alpha)
    exact = (sparse.read(keys).value == keys).all(-1)
    wanted = leads(keys) >= 1 / (alpha - 1) / beta
    assert exact.equal(wanted)
    assert wanted.any()
    assert not wanted.all()
    room = (leads(keys) - 1 / (alpha - 1) / beta) / (2 * keys.norm(dim=-1).max())
    noise = numbers(60, 8, seed=3)
    query = keys + room.clamp(min=0).unsqueeze(-1) * noise / noise.norm(dim=-1, keepdim=True) * (1 - 1e-9)
    assert sparse.settle(query, steps=1).state[room > 0].equal(keys[room > 0])
