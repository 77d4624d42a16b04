"""The sparse separations against slow exact references, the package `entmax`, and direct maximisation."""

import itertools
import math
from fractions import Fraction

import entmax
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from torch import Tensor

from hybridattn.attention import Entmax, KSubsets, LearnedEntmax, Normmax, Softmax, Sparsemax
from hybridattn.errors import ArgumentError, ShapeError

ALPHAS = [1.001, 1.1, 1.25, 1.5, 1.75, 2.0, 3.0]
GAMMAS = [1.2, 2.0, 5.0]
SHARES = {
    "softmax": (Softmax(), lambda p: sum(x * math.log(x) for x in p if x > 0)),
    "sparsemax": (Sparsemax(), lambda p: (sum(x * x for x in p) - 1) / 2),
    **{
        f"entmax {a}": (Entmax(a), lambda p, a=a: (sum(x**a for x in p if x > 0) - sum(p)) / (a * (a - 1)))
        for a in ALPHAS[1:]
    },
    **{f"normmax {g}": (Normmax(g), lambda p, g=g: sum(x**g for x in p if x > 0) ** (1 / g) - 1) for g in GAMMAS[1:]},
}
"""Each with its Omega, in plain Python."""
shares = pytest.mark.parametrize(("separation", "omega"), SHARES.values(), ids=SHARES)
rows = st.lists(st.integers(-40, 40).map(lambda part: part / 16), min_size=1, max_size=6)
quick = settings(deadline=None, max_examples=10)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def root(falling, low: float, high: float) -> float:
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2


def entmax_by_root(scores: list[float], alpha: float) -> list[float]:
    """p_i = [(alpha - 1) s_i - tau]_+^(1 / (alpha - 1)), tau such that they sum to 1."""
    bent = [(alpha - 1) * s for s in scores]

    def at(tau: float) -> list[float]:
        return [max(b - tau, 0.0) ** (1 / (alpha - 1)) for b in bent]

    tau = root(lambda tau: sum(at(tau)) - 1, max(bent) - 1, max(bent))
    return at(tau)


def normmax_by_root(scores: list[float], gamma: float) -> list[float]:
    """p / |p|_gamma = [s - tau]_+^(1 / (gamma - 1)), whose gamma-norm is 1."""

    def at(tau: float) -> list[float]:
        return [max(s - tau, 0.0) ** (1 / (gamma - 1)) for s in scores]

    along = at(root(lambda tau: sum(x**gamma for x in at(tau)) - 1, max(scores) - 1, max(scores)))
    return [x / sum(along) for x in along]


def sparsemax_by_supports(scores: list[Fraction]) -> list[Fraction]:
    """The nearest point of the simplex: of the points nearest by each support, that at least distance."""
    points = []
    for size in range(1, len(scores) + 1):
        for support in itertools.combinations(range(len(scores)), size):
            tau = (sum(scores[i] for i in support) - 1) / size
            point = [scores[i] - tau if i in support else Fraction(0) for i in range(len(scores))]
            points += [point] if min(point) >= 0 else []
    return min(points, key=lambda point: sum((s - p) ** 2 for s, p in zip(scores, point, strict=True)))


def subsets_by_active_sets(scores: list[Fraction], k: int) -> list[Fraction]:
    """The nearest y in [0, 1]^n of sum k: every choice of those at 0, at 1 and between, by least distance."""
    points = []
    for places in itertools.product((0, 1, None), repeat=len(scores)):
        between = [i for i, place in enumerate(places) if place is None]
        missing = k - places.count(1)
        if not between and missing:
            continue
        level = (sum(scores[i] for i in between) - missing) / len(between) if between else Fraction(0)
        point = [scores[i] - level if place is None else Fraction(place) for i, place in enumerate(places)]
        points += [point] if min(point) >= 0 and max(point) <= 1 else []
    return min(points, key=lambda point: sum((s - p) ** 2 for s, p in zip(scores, point, strict=True)))


@pytest.mark.parametrize("separation", [Sparsemax(), Entmax(2), KSubsets(1)])
@quick
@given(scores=rows)
def test_sparsemax_is_the_nearest_point_of_the_simplex(separation, scores: list[float]) -> None:
    wanted = sparsemax_by_supports([Fraction(s) for s in scores])
    found = separation.weights(torch.tensor(scores, dtype=torch.float64))
    assert found.tolist() == pytest.approx([float(p) for p in wanted], abs=1e-14)


@pytest.mark.parametrize("alpha", ALPHAS)
@quick
@given(scores=rows)
def test_entmax_is_the_root(alpha: float, scores: list[float]) -> None:
    found = Entmax(alpha).weights(torch.tensor(scores, dtype=torch.float64))
    # The reference itself loses 1 / (alpha - 1) digits, and at alpha 3 the root of its threshold's.
    assert found.tolist() == pytest.approx(entmax_by_root(scores, alpha), abs=3e-16 / (alpha - 1) + 1e-15, rel=1e-7)


@pytest.mark.parametrize("gamma", GAMMAS)
@quick
@given(scores=rows)
def test_normmax_is_the_root(gamma: float, scores: list[float]) -> None:
    found = Normmax(gamma).weights(torch.tensor(scores, dtype=torch.float64))
    assert found.tolist() == pytest.approx(normmax_by_root(scores, gamma), abs=1e-3 if gamma > 2 else 1e-14)
    assert found.tolist() == pytest.approx(normmax_by_root(scores, gamma), abs=1e-12 ** (1 / max(1, gamma - 1)))


@pytest.mark.parametrize("k", [1, 2, 3])
@settings(deadline=None, max_examples=8)
@given(scores=st.lists(st.integers(-40, 40).map(lambda part: part / 16), min_size=1, max_size=5))
def test_subsets_are_the_nearest_point_of_the_cut_cube(k: int, scores: list[float]) -> None:
    row = torch.tensor(scores, dtype=torch.float64)
    wanted = subsets_by_active_sets([Fraction(s) for s in scores], min(k, len(scores)))
    assert KSubsets(k).weights(row).tolist() == pytest.approx([float(y) for y in wanted], abs=1e-14)
    level = sum(y * Fraction(s) - y * y / 2 for y, s in zip(wanted, scores, strict=True))
    assert KSubsets(k).potential(row).item() == pytest.approx(float(level), abs=1e-13)


@shares
def test_the_potential_is_the_largest_value_that_a_solver_finds(separation, omega) -> None:
    for seed in range(4):
        scores = numbers(4, seed=seed).tolist()
        found = minimize(
            lambda p, s=scores: omega(list(p)) - sum(x * y for x, y in zip(p, s, strict=True)),
            [0.25] * 4,
            method="SLSQP",
            bounds=[(1e-12, 1)] * 4,
            constraints={"type": "eq", "fun": lambda p: sum(p) - 1},
            options={"ftol": 1e-13, "maxiter": 500},
        )
        assert separation.potential(torch.tensor(scores).double()).item() == pytest.approx(-found.fun, abs=1e-7)


@shares
@quick
@given(rows, st.integers(0, 10**6))
def test_no_shares_do_better_than_the_weights(separation, omega, scores: list[float], seed: int) -> None:
    row = torch.tensor(scores, dtype=torch.float64)
    level, weights = separation.potential(row).item(), separation.weights(row)
    assert (weights @ row).item() - omega(weights.tolist()) == pytest.approx(level, abs=1e-12)
    others = torch.rand(8, len(scores), generator=torch.Generator().manual_seed(seed), dtype=torch.float64) ** 3
    for other in (others / others.sum(-1, keepdim=True)).tolist():
        assert sum(p * s for p, s in zip(other, scores, strict=True)) - omega(other) <= level + 1e-12
    assert level >= max(scores) - 1e-12


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_values_and_slopes_are_those_of_the_package(scale: float) -> None:
    pairs = [
        (Sparsemax(), lambda s: entmax.sparsemax(s, -1)),
        (Sparsemax(), lambda s: entmax.sparsemax_bisect(s, n_iter=70)),
        (Entmax(1.5), lambda s: entmax.entmax15(s, -1)),
        (Entmax(1.5), lambda s: entmax.entmax_bisect(s, 1.5, n_iter=70)),
        (Entmax(1.2), lambda s: entmax.entmax_bisect(s, 1.2, n_iter=70)),
        (Entmax(1.8), lambda s: entmax.entmax_bisect(s, 1.8, n_iter=70)),
        (LearnedEntmax(alpha=1.3, dtype=torch.float64), lambda s: entmax.entmax_bisect(s, 1.3, n_iter=70)),
        (Normmax(3), lambda s: entmax.normmax_bisect(s, 3, n_iter=70)),
        (KSubsets(4), lambda s: entmax.budget_bisect(s, 4, n_iter=70)),
    ]
    for separation, peer in pairs:
        ours, theirs = (numbers(6, 30).mul(scale).requires_grad_() for _ in range(2))
        found, wanted = separation.weights(ours), peer(theirs)
        torch.testing.assert_close(found, wanted, atol=1e-12, rtol=1e-9)
        for outcome in (found, wanted):
            (outcome * numbers(6, 30, seed=1)).sum().backward()
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-10, rtol=1e-7)


@pytest.mark.parametrize("alpha", [1.01, 1.3, 1.7, 1.99])
def test_slopes_in_alpha_are_those_of_the_package_and_the_differences(alpha: float) -> None:
    scores, weighing = numbers(5, 12), numbers(5, 12, seed=1)
    ours = LearnedEntmax(alpha=alpha, dtype=torch.float64)
    theirs = torch.tensor(alpha, dtype=torch.float64, requires_grad=True)
    ours_alpha = ours.alpha.detach()
    (ours.weights(scores) * weighing).sum().backward()
    (entmax.entmax_bisect(scores, theirs, n_iter=70) * weighing).sum().backward()
    sigmoid = ours.raw.detach().sigmoid()
    along = (1 - 2.0**-10) * sigmoid * (1 - sigmoid)
    torch.testing.assert_close(ours.raw.grad / along, theirs.grad, rtol=1e-7, atol=1e-9)
    step = 1e-6
    weights = [(Entmax(float(ours_alpha) + by).weights(scores) * weighing).sum() for by in (step, -step)]
    torch.testing.assert_close(ours.raw.grad / along, (weights[0] - weights[1]) / (2 * step), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("alpha", [1.002, 1.7])
def test_scores_and_alpha_pass_the_check_of_slopes(alpha: float) -> None:
    separation = LearnedEntmax(3, alpha=alpha, dtype=torch.float64)
    scores = numbers(3, 1, 4).mul(0.4).requires_grad_()

    def outcomes(scores: Tensor, raw: Tensor) -> tuple[Tensor, ...]:
        whole = torch.func.functional_call(_Both(separation), {"separation.raw": raw}, (scores,))
        return tuple(whole)

    raw = separation.raw.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(outcomes, (scores, raw))


class _Both(torch.nn.Module):
    def __init__(self, separation: LearnedEntmax) -> None:
        super().__init__()
        self.separation = separation

    def forward(self, scores: Tensor) -> tuple[Tensor, Tensor]:
        return self.separation.weights(scores), self.separation.potential(scores)


def test_float32_near_the_softmax_is_exact_where_the_package_is_not() -> None:
    scores = numbers(50, 40).mul(2)
    wanted = Entmax(1.001).weights(scores)
    assert (Entmax(1.001).weights(scores.float()) - wanted).abs().max() < 3e-7
    assert (entmax.entmax_bisect(scores.float(), 1.001) - wanted).abs().max() > 1e-6
    learned = LearnedEntmax(alpha=1.0011)
    slopes = []
    for dtype in (torch.float32, torch.float64):
        (learned.weights(scores.to(dtype)) * numbers(50, 40, seed=1).to(dtype)).sum().backward()
        slopes.append(learned.raw.grad.clone())
        learned.raw.grad = None
    torch.testing.assert_close(slopes[0], slopes[1], rtol=1e-3, atol=1e-9)


def test_entmax_of_alpha_one_is_the_softmax_and_near_one_nearly() -> None:
    scores = numbers(4, 9)
    assert torch.equal(Entmax(1).weights(scores), Softmax().weights(scores))
    assert torch.equal(Entmax(1).potential(scores), Softmax().potential(scores))
    for outcome in ("weights", "potential"):
        near, limit = getattr(Entmax(1 + 1e-9), outcome)(scores), getattr(Softmax(), outcome)(scores)
        torch.testing.assert_close(near, limit, rtol=1e-6, atol=1e-8)


def test_a_shared_best_is_shared_evenly_however_many_there_are() -> None:
    scores = torch.zeros(1, 100_001)
    scores[0, -1] = -0.999
    for separation in (Sparsemax(), Entmax(1.5), Normmax(2)):
        weights = separation.weights(scores)
        assert weights[0, -1] == 0
        torch.testing.assert_close(weights[0, :-1], torch.full((100_000,), 1e-5))


def test_learned_alphas_are_one_a_head_and_stay_in_range() -> None:
    separation = LearnedEntmax(2, alpha=1.5)
    with torch.no_grad():
        separation.raw.copy_(torch.tensor([-1e4, 1e4]))
    assert separation.alpha.tolist() == [1 + 2.0**-10, 2.0]
    assert separation.margin.tolist() == [1024.0, 1.0]
    scores = numbers(3, 2, 4, 6).float()
    weights = separation.weights(scores)
    torch.testing.assert_close(weights[:, 0], Entmax(1 + 2.0**-10).weights(scores[:, 0]))
    torch.testing.assert_close(weights[:, 1], Sparsemax().weights(scores[:, 1]))
    torch.testing.assert_close(separation.potential(scores)[:, 1], Sparsemax().potential(scores[:, 1]))
    with pytest.raises(ShapeError, match=r"scores must be \(\.\.\., heads=2, q, n\); got shape \(3, 4, 6\)"):
        separation.weights(numbers(3, 4, 6))


def test_a_learned_alpha_comes_back_with_the_state() -> None:
    trained = LearnedEntmax(2, alpha=1.2)
    with torch.no_grad():
        trained.raw.add_(torch.tensor([0.5, -0.5]))
    fresh = LearnedEntmax(**trained.arguments())
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(fresh.alpha, trained.alpha)


def test_subsets_with_fewer_slots_than_k_read_all_of_them() -> None:
    scores = torch.tensor([3.0, -torch.inf, -9.0, -torch.inf, -torch.inf])
    assert KSubsets(4).weights(scores).tolist() == [1, 0, 1, 0, 0]
    assert KSubsets(4).potential(scores) == 3 - 9 - 2 / 2
    assert KSubsets(7).weights(scores).tolist() == [1, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Entmax(0.5), "alpha must be finite and at least 1; got 0.5"),
        (lambda: Entmax(math.inf), "alpha must be finite and at least 1; got inf"),
        (lambda: Entmax(math.nan), "alpha must be finite and at least 1; got nan"),
        (lambda: Normmax(1), "gamma must be finite and above 1; got 1"),
        (lambda: KSubsets(0), "k must be a whole number, at least 1; got 0"),
        (lambda: KSubsets(1.5), "k must be a whole number, at least 1; got 1.5"),
        (lambda: LearnedEntmax(0), "heads must be at least 1, or None; got 0"),
        (lambda: LearnedEntmax(alpha=2.0), r"alpha must start between 1.001 and 2; got 2.0"),
    ],
)
def test_arguments_out_of_range(build, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        build()
