"""Formulas against the figures that their papers and independent calculations give."""

import math
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn import ArgumentError
from hybridattn.experiments import (
    dense_capacity,
    dense_error,
    epanechnikov_beta,
    epanechnikov_radius,
    exponential_capacity,
    fixed_point_distance,
    hebb_critical_load,
    hebb_overlap,
    hebb_perfect_recall,
    masked_recall,
    noisy_recall,
    pseudo_inverse_capacity,
    ramsauer_capacity,
    storkey_capacity,
)


def test_hebb_as_published() -> None:
    assert hebb_critical_load() == pytest.approx(0.1379, abs=5e-5)  # Amit, Gutfreund, Sompolinsky
    assert hebb_overlap(hebb_critical_load() - 1e-9) == pytest.approx(0.967, abs=5e-4)
    assert hebb_overlap(hebb_critical_load() + 1e-9) == 0
    assert hebb_overlap(0) == 1
    assert hebb_perfect_recall(400) == pytest.approx(33.4, abs=0.05)
    assert hebb_perfect_recall(400, all_patterns=True) == pytest.approx(16.7, abs=0.05)


@given(st.floats(1e-6, 0.137))
def test_the_overlap_solves_the_equations(load: float) -> None:
    m = hebb_overlap(load)
    low, high = 0.0, 6.0  # invert erf by bisection, not as the code does
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < m else (low, middle)
    if low > 5:
        assert load < 0.02  # erf is 1 there, to the last digit
        return
    c = math.sqrt(2 / math.pi) * math.exp(-low * low)  # C sqrt(r alpha), with y = m / sqrt(2 alpha r)
    root = m / (low * math.sqrt(2))  # sqrt(alpha r)
    r = 1 / (1 - c / root) ** 2  # the equation of r at temperature 0
    assert load * r == pytest.approx(root * root, rel=1e-4)


@given(st.floats(0.0, 0.13), st.floats(0.0, 0.13))
def test_more_patterns_less_overlap(one: float, two: float) -> None:
    assert (hebb_overlap(min(one, two)) >= hebb_overlap(max(one, two))) is True


def test_other_rules_as_published() -> None:
    assert storkey_capacity(400) == pytest.approx(400 / math.sqrt(2 * math.log(400)))
    assert round(storkey_capacity(400)) == 116
    assert pseudo_inverse_capacity(7) == 7


@pytest.mark.parametrize(
    ("n", "power", "times", "error"),
    [(100, 3, 1, 1.30e-3), (100, 3, 2, 1.85e-2), (60, 4, 1, 2.32e-3), (60, 4, 2, 2.55e-2)],
)
def test_dense_error_rates_as_computed_elsewhere(n: int, power: int, times: int, error: float) -> None:
    assert dense_error(n, round(times * dense_capacity(n, power=power)), power=power) == pytest.approx(error, rel=0.02)


def test_power_two_is_hebb() -> None:
    assert dense_capacity(300, power=2) == pytest.approx(hebb_perfect_recall(300))
    # the paper: errors reach .5 % at K = .14 N for n = 2
    assert dense_error(1000, 140, power=2) < 0.005 < dense_error(1000, 150, power=2)
    assert dense_error(10, 10**9, power=2) == 0.5


def test_exponential_capacity_as_published() -> None:
    assert exponential_capacity(24) == 4097
    assert round(exponential_capacity(24, flipped=0.25)) == 6  # M = 5 beside the pattern itself
    assert exponential_capacity(40, flipped=1e-9) == pytest.approx(exponential_capacity(40), rel=1e-5)


@pytest.mark.parametrize(
    ("beta", "radius", "dim", "c", "patterns"), [(1, 3, 20, 3.1546, 7.41), (1, 1, 75, 1.3719, 11.0)]
)
def test_ramsauer_as_published(beta: float, radius: float, dim: int, c: float, patterns: float) -> None:
    found = ramsauer_capacity(dim, beta=beta, radius=radius, failure=0.001)
    assert found.c == pytest.approx(c, abs=5e-5)
    assert found.patterns == pytest.approx(patterns, rel=5e-3)
    assert found.holds


@given(st.integers(3, 500), st.floats(0.01, 50), st.floats(0.1, 10), st.floats(1e-6, 0.5))
def test_c_solves_its_equation(dim: int, beta: float, radius: float, failure: float) -> None:
    c = ramsauer_capacity(dim, beta=beta, radius=radius, failure=failure).c
    b = 2 * radius**2 * beta / 5
    a = 2 / (dim - 1) * (1 + math.log(2 * beta * radius**2 * failure * (dim - 1)))
    w = b / c  # W0(exp(a + ln b)) = b / c, so w + ln w = a + ln b
    assert w + math.log(w) == pytest.approx(a + math.log(b), abs=1e-9, rel=1e-9)


def test_a_weak_case_does_not_hold() -> None:
    assert not ramsauer_capacity(3, beta=0.1, radius=0.5, failure=0.001).holds


def test_distance_of_the_fixed_point_by_hand() -> None:
    assert fixed_point_distance(3, beta=2.0, separation=1.0, longest=0.5) == pytest.approx(2 * math.exp(-1))


@given(st.floats(0.1, 100), st.floats(0.01, 0.49))
def test_radius_and_beta_of_the_epanechnikov_memory_undo_each_other(closest: float, share: float) -> None:
    beta = epanechnikov_beta(closest, radius=share * closest)
    assert epanechnikov_radius(closest, beta=beta) == pytest.approx(share * closest, rel=1e-9)


def test_the_radius_has_two_ends() -> None:
    assert epanechnikov_radius(1.0, beta=0.5) == 0  # reach 2, beyond the nearest neighbour
    assert epanechnikov_radius(10.0, beta=2.0) == 1  # no pattern acts beyond its reach
    with pytest.raises(ArgumentError, match=r"radius must lie between 0.0 and 1.0; got 1.0"):
        epanechnikov_beta(1.0, radius=1.0)


def test_masked_and_noisy_by_hand() -> None:
    assert masked_recall(4, 3, masked=0.5) == (3 / 4) ** 2
    assert masked_recall(4, 3, masked=1.0) == 0
    tail = [0.5 * math.erfc(math.sqrt(h) / (2 * math.sqrt(2))) for h in range(4)]  # sigma 2
    assert noisy_recall(3, 2, sigma=2.0) == pytest.approx(1 - sum(comb(3, h) / 8 * tail[h] for h in range(4)))
    assert noisy_recall(3, 100, sigma=5.0) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hebb_perfect_recall(1), "n must be finite and at least 2; got 1"),
        (lambda: hebb_overlap(-0.1), "load must be finite and at least 0.0; got -0.1"),
        (lambda: hebb_overlap(math.nan), "load must be finite and at least 0.0; got nan"),
        (lambda: dense_capacity(10, power=1), "power must be finite and at least 2; got 1"),
        (lambda: exponential_capacity(4, flipped=0.5), "flipped must be at least 0 and below 0.5; got 0.5"),
        (lambda: masked_recall(4, 2, masked=1.1), r"masked must lie in \[0, 1\]; got 1.1"),
        (lambda: noisy_recall(4, 2, sigma=0.0), "sigma must lie between 0.0 and inf; got 0.0"),
        (lambda: ramsauer_capacity(1, beta=1, radius=1, failure=0.1), "dim must be finite and at least 2; got 1"),
        (lambda: ramsauer_capacity(9, beta=1, radius=1, failure=1.0), "failure must lie between 0.0 and 1.0; got 1.0"),
    ],
)
def test_what_is_refused(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ArgumentError, match=f"^{message}$"):
        call()
