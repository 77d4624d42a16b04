"""What theory and the literature say of random patterns, beside what is measured.

Shares of patterns are compared within 4 binomial standard deviations of their number: patterns of one network are
nearly independent (the scatter between networks is the binomial one). Figures of another sample bring its own size.
"""

import math

import pytest
import torch
from torch import Tensor

from hybridattn.memory import Hebb, HopfieldNetwork, LearningRule, PseudoInverse, Storkey

NETWORKS = 6
REFERENCE_TRIALS = 2
"""The reference figures for n = 400 are means of two networks."""


def patterns(m: int, n: int, seed: int) -> Tensor:
    return torch.randint(2, (m, n), generator=torch.Generator().manual_seed(seed)).float() * 2 - 1


def flipped(rows: Tensor, share: float) -> Tensor:
    places = torch.rand(rows.shape, generator=torch.Generator().manual_seed(77)).argsort(-1)
    return rows * (1 - 2 * torch.zeros_like(rows).scatter(1, places[:, : round(share * rows.shape[1])], 1.0))


def networks(
    rule: LearningRule, n: int, m: int, many: int = NETWORKS, **form: bool
) -> list[tuple[HopfieldNetwork, Tensor]]:
    made = []
    for seed in range(many):
        network, rows = HopfieldNetwork(n, rule=rule, **form), patterns(m, n, seed)
        network.write(rows)
        made.append((network, rows))
    return made


def fixed(made: list[tuple[HopfieldNetwork, Tensor]]) -> float:
    return sum(float((net.read(rows).value == rows).all(-1).float().mean()) for net, rows in made) / len(made)


def settled(made: list[tuple[HopfieldNetwork, Tensor]], share: float = 0.0) -> tuple[float, float]:
    """The mean overlap with the pattern after settling, and the share that ends on it exactly."""
    ends = [(net.settle(flipped(rows, share), steps=200).state, rows) for net, rows in made]
    overlaps = [float((end * rows).mean()) for end, rows in ends]
    return sum(overlaps) / len(made), sum(float((e == r).all(-1).float().mean()) for e, r in ends) / len(made)


def deviation(share: float, size: int, other: float = math.inf) -> float:
    return 4 * math.sqrt(share * (1 - share) * (1 / size + 1 / other))


def without_error(n: int, m: int, signal: float = 1.0) -> float:
    """The chance that none of n fields of this signal is turned by the normal noise of m - 1 other patterns."""
    return (1 - math.erfc(signal / math.sqrt(2 * (m - 1) / n)) / 2) ** n


@pytest.mark.parametrize(("m", "reference"), [(16, 1.000), (33, 0.939), (55, 0.327), (80, 0.013)])
def test_hebb_patterns_are_fixed_as_often_as_the_noise_allows(m: int, reference: float) -> None:
    share, wanted = fixed(networks(Hebb(), 400, m)), without_error(400, m)
    assert abs(share - wanted) <= deviation(wanted, NETWORKS * m)
    assert abs(share - reference) <= deviation(wanted, NETWORKS * m, REFERENCE_TRIALS * m) + 0.0005  # its last digit


def test_almost_every_pattern_is_fixed_at_the_capacity_and_all_at_half_of_it() -> None:
    many, few = int(Hebb().capacity(400)), int(Hebb().safe_capacity(400))
    assert (many, few) == (33, 16)
    assert fixed(networks(Hebb(), 400, many)) > 0.85
    assert fixed(networks(Hebb(), 400, few)) == 1.0
    assert fixed(networks(Hebb(), 400, 2 * many)) < 0.15


@pytest.mark.parametrize("radius", [0.1, 0.2, 0.3])
def test_one_step_corrects_what_lies_within_mceliece_s_radius(radius: float) -> None:
    m = int(Hebb().capacity(400, radius=radius))
    made = networks(Hebb(), 400, m, many=20)
    shares = [float((net.read(flipped(rows, radius)).value == rows).all(-1).float().mean()) for net, rows in made]
    wanted = without_error(400, m, 1 - 2 * radius)
    assert abs(sum(shares) / 20 - wanted) <= deviation(wanted, 20 * m)


def load(y: float) -> float:
    """The load m / n at which y = erf^-1(overlap) solves the replica-symmetric equations without temperature.

    Amit, Gutfreund and Sompolinsky 1985: y (sqrt(2 alpha) + 2 / sqrt(pi) exp(-y^2)) = erf(y).
    """
    return (math.erf(y) / y - 2 / math.sqrt(math.pi) * math.exp(-y * y)) ** 2 / 2


SOLUTIONS = [i / 10_000 for i in range(5_000, 40_000)]
CRITICAL = max(SOLUTIONS, key=load)


def overlap_of(alpha: float) -> float:
    return math.erf(max(y for y in SOLUTIONS if y > CRITICAL and load(y) >= alpha))


def test_the_saturation_is_where_the_equations_lose_their_solution() -> None:
    assert Hebb().saturation(1000) / 1000 == pytest.approx(load(CRITICAL), abs=1.5e-4)
    assert math.erf(CRITICAL) == pytest.approx(0.967, abs=5e-4)


def ends(n: int, alpha: float) -> Tensor:
    """The overlaps of 100 patterns with where they settle."""
    network, rows = networks(Hebb(), n, round(alpha * n), many=1)[0]
    return (network.settle(rows[:100], steps=100).state * rows[:100]).mean(-1)


@pytest.mark.parametrize(("n", "alpha"), [(1000, 0.08), (1000, 0.10), pytest.param(3000, 0.12, marks=pytest.mark.slow)])
def test_settled_overlaps_are_those_of_the_equations(n: int, alpha: float) -> None:
    found = ends(n, alpha)
    # Patterns of one network share its weights: the scatter of a mean is taken for twice that of independent ones.
    assert float(found.mean()) == pytest.approx(overlap_of(alpha), abs=4 * 2 * float(found.std()) / 10)


def test_overlaps_collapse_above_the_transition() -> None:
    # n = 400 rounds off the transition: near it overlaps are about .967, well below nearly 1, far above much less.
    below, at, above = (settled(networks(Hebb(), 400, m))[0] for m in (40, 55, 80))
    assert below > 0.99
    assert at == pytest.approx(0.967, abs=4 * 0.011 / math.sqrt(NETWORKS))  # .011: scatter from network to network
    assert above < 0.7


@pytest.mark.slow
def test_the_transition_is_sharp_in_a_large_network() -> None:
    assert float(ends(3000, 0.16).mean()) < 0.6 < 0.9 < float(ends(3000, 0.13).mean())


@pytest.mark.parametrize(("m", "reference", "corrected"), [(100, 1.000, 1.00), (115, 0.996, 0.99), (140, 0.904, 0.83)])
def test_storkey_holds_what_hebb_cannot(m: int, reference: float, corrected: float) -> None:
    made = networks(Storkey(), 400, m, many=3)
    sizes = 3 * m, REFERENCE_TRIALS * m
    assert abs(fixed(made) - reference) <= deviation(reference, *sizes) + 0.0005
    assert abs(settled(made, 0.1)[1] - corrected) <= deviation(corrected, *sizes) + 0.005
    assert fixed(networks(Hebb(), 400, m, many=3)) < 0.01


def test_the_capacity_of_storkey_is_reached() -> None:
    m = int(Storkey().capacity(400))
    assert m == 115
    assert fixed(networks(Storkey(), 400, m, many=3)) > 0.98


@pytest.mark.parametrize(("m", "diagonal"), [(399, True), (200, True), (200, False)])
def test_the_pseudo_inverse_fixes_every_pattern(m: int, diagonal: bool) -> None:
    assert fixed(networks(PseudoInverse(), 400, m, many=1, diagonal=diagonal)) == 1.0


def test_the_pseudo_inverse_has_basins_only_without_its_diagonal_and_below_capacity() -> None:
    overlap, exact = settled(networks(PseudoInverse(), 400, 399, many=1, diagonal=True), 0.1)
    assert (round(overlap, 3), exact) == (0.8, 0.0)  # 10 % flips stay as they are
    assert settled(networks(PseudoInverse(), 400, 200, many=1, diagonal=True), 0.1)[1] == 0.0
    assert settled(networks(PseudoInverse(), 400, 200, many=1), 0.1)[1] > 0.25
