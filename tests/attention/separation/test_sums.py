"""Sums over slots, kernels that end, the top of a softmax: by hand, at the ends of their range, and as mean shifts."""

import math

import pytest
import torch
from torch import Tensor

from hybridattn import read
from hybridattn.attention import (
    Dot,
    Epanechnikov,
    Exponential,
    Hard,
    KSubsets,
    LearnedEntmax,
    Linear,
    LogSumReLU,
    MeanShift,
    NegativeSquaredEuclidean,
    Power,
    RectifiedPower,
    Softmax,
    Sparsemax,
    TopSoftmax,
)
from hybridattn.errors import ArgumentError

MASKED = -torch.inf
E = math.e
BY_HAND = [
    (Linear(), [2.0, -1.0, MASKED], [2, -1, 0], 2.5),
    (Power(2), [2.0, -1.0, MASKED], [2, -1, 0], 2.5),
    (Power(3), [2.0, -1.0, MASKED], [4, 1, 0], 7 / 3),
    (Power(4), [2.0, -1.0, MASKED], [8, -1, 0], 17 / 4),
    (RectifiedPower(3), [2.0, -1.0, MASKED], [4, 0, 0], 8 / 3),
    (RectifiedPower(2.5), [4.0, -1.0, MASKED], [8, 0, 0], 32 / 2.5),
    (Exponential(), [1.0, 0.0, MASKED], [E, 1, 0], E + 1),
    (LogSumReLU(), [1.0, -0.5, -1.0, MASKED], [0.4, 0.4, 0, 0], math.log(2.5)),
    (LogSumReLU(), [-1.0, -3.0], [0, 0], -math.inf),
    (Epanechnikov(), [1.0, -0.5, -1.0, MASKED], [1, 1, 0, 0], 2.5),
    (TopSoftmax(2), [0.0, 1.0, -3.0, 0.0], [1 / (1 + E), E / (1 + E), 0, 0], math.log(1 + E)),
    (Hard(), [0.0, 1.0, 1.0, MASKED], [0, 1, 0, 0], 1.0),
    (MeanShift(Epanechnikov()), [1.0, -0.5, -1.0, MASKED], [0.5, 0.5, 0, 0], 2.5),
    (MeanShift(LogSumReLU()), [1.0, -0.5, -1.0, MASKED], [0.5, 0.5, 0, 0], math.log(2.5)),
    (MeanShift(RectifiedPower(3)), [1.0, 3.0, -5.0, MASKED], [0.1, 0.9, 0, 0], 28 / 3),
    (MeanShift(Linear()), [3.0, -1.0], [1.5, -0.5], 5.0),
    (MeanShift(Linear()), [1.0, -3.0], [0, 0], 5.0),
]


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("separation", "scores", "weights", "potential"), BY_HAND, ids=repr)
def test_by_hand(separation, scores: list[float], weights: list[float], potential: float) -> None:
    row = torch.tensor(scores, dtype=torch.float64)
    assert separation.weights(row).tolist() == pytest.approx(weights)
    assert separation.potential(row).item() == pytest.approx(potential)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("separation", [Linear(), Power(3), Power(30), RectifiedPower(3), Exponential()])
def test_past_the_range_weights_stay_and_the_potential_goes_on_straight(separation, dtype: torch.dtype) -> None:
    most = torch.finfo(dtype).max
    edge = (
        0.75 * math.log(most) if isinstance(separation, Exponential) else most ** (0.75 / getattr(separation, "n", 2))
    )
    far = torch.tensor([0.9, 1.1, 1.3, 1.5, 1.7], dtype=dtype) * edge
    weights, potential = separation.weights(far), separation.potential(far.unsqueeze(-1))
    far.requires_grad_()
    (slope,) = torch.autograd.grad(separation.potential(far), far)
    torch.testing.assert_close(slope, weights)
    far = far.detach()
    assert weights[0] < weights[1]
    assert weights[1:].eq(weights[1]).all()
    torch.testing.assert_close(potential[1:].diff(), (far[1:].diff() * weights[1]), rtol=1e-4, atol=0)
    reached = separation.weights(torch.tensor([0.999, 1.0], dtype=dtype) * edge)
    torch.testing.assert_close(reached[1], weights[1], rtol=1e-4, atol=0)
    assert (weights @ torch.full((5, 1), 1e8, dtype=dtype)).isfinite().all()


def test_potentials_stay_in_range() -> None:
    scores = torch.full((1000,), torch.finfo(torch.float32).max)
    for separation in (Linear(), Power(3), RectifiedPower(5), Exponential(), Epanechnikov(), LogSumReLU(), KSubsets(9)):
        assert separation.potential(scores).isfinite()


def test_top_softmax_is_the_winner_for_one_and_the_softmax_for_all() -> None:
    scores = numbers(6, 9)
    scores[0, 3:6] = scores[0].amax() + 1
    assert torch.equal(TopSoftmax(1).weights(scores), Hard().weights(scores))
    torch.testing.assert_close(TopSoftmax(1).potential(scores), Hard().potential(scores))
    for k in (9, 40):
        torch.testing.assert_close(TopSoftmax(k).weights(scores), Softmax().weights(scores))
        torch.testing.assert_close(TopSoftmax(k).potential(scores), Softmax().potential(scores))
    assert TopSoftmax(2).weights(scores)[0].nonzero().flatten().tolist() == [3, 4]


@pytest.mark.parametrize("offset", [0.0, -1e4, 1e4])
def test_the_mean_shift_of_exponentials_is_the_softmax_wherever_the_scores_lie(offset: float) -> None:
    scores = numbers(4, 6) + offset
    torch.testing.assert_close(MeanShift(Exponential()).weights(scores), Softmax().weights(scores))


@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1.0, 1e6, 1e30])
def test_the_mean_shift_of_powers_does_not_depend_on_scale(scale: float) -> None:
    scores = numbers(4, 6).abs()
    for separation in (Power(4), RectifiedPower(9)):
        wanted = scores ** (separation.n - 1) / (scores ** (separation.n - 1)).sum(-1, keepdim=True)
        found = MeanShift(separation).weights((scores * scale).float())
        torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "separation", [Epanechnikov(), LogSumReLU(), Exponential(), Softmax(), Sparsemax(), KSubsets(3)], ids=repr
)
@pytest.mark.parametrize("width", [0.5, 1.0, 3.0])
def test_mean_shifts_never_raise_the_energy(separation, width: float) -> None:
    keys, state = numbers(12, 3), numbers(20, 3, seed=1)
    distance = NegativeSquaredEuclidean()

    def energy(state: Tensor) -> Tensor:
        return -separation.potential(width / 2 * distance(state, keys))

    for _ in range(5):
        moved = read(state, keys, keys, similarity=distance, separation=MeanShift(separation), beta=width / 2).value
        readable = energy(state).isfinite()
        assert (energy(moved)[readable] <= energy(state)[readable] + 1e-12).all()
        state = moved


@pytest.mark.parametrize("separation", [LogSumReLU(), Epanechnikov()], ids=repr)
def test_kernels_that_end_retrieve_exactly_in_one_step(separation) -> None:
    """Hoover et al. 2025, theorem 1: with beta = 2 / (r - delta)^2, all within delta of a pattern retrieve it.

    It says so for delta up to r, the least distance of two patterns; but the kernel reaches r - delta, so from between
    r - delta and delta nothing at all is read: it holds up to r / 2.
    """
    keys, away = numbers(200, 16), numbers(200, 16, seed=1)
    closest = torch.pdist(keys).amin().item()
    for part in (0.05, 0.25, 0.499, 0.8):
        delta = part * closest
        query = keys + 0.999 * delta * away / torch.linalg.vector_norm(away, dim=-1, keepdim=True)
        beta, parts = 2 / (closest - delta) ** 2, (NegativeSquaredEuclidean(), MeanShift(separation))
        value = read(query, keys, keys, similarity=parts[0], separation=parts[1], beta=beta / 2).value
        assert torch.equal(value, keys if part < 0.5 else torch.zeros_like(keys))


def test_a_power_of_two_is_the_matrix_of_hebb() -> None:
    keys, query = numbers(5, 8), numbers(3, 8, seed=1)
    torch.testing.assert_close(
        read(query, keys, keys, similarity=Dot(), separation=Linear()).value, query @ (keys.T @ keys)
    )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Power(1), "n must be a whole number, at least 2; got 1"),
        (lambda: Power(2.5), "n must be a whole number, at least 2; got 2.5"),
        (lambda: RectifiedPower(1.5), "n must be finite and at least 2; got 1.5"),
        (lambda: RectifiedPower(math.nan), "n must be finite and at least 2; got nan"),
        (lambda: TopSoftmax(0), "k must be a whole number, at least 1; got 0"),
        (lambda: TopSoftmax(2.0), "k must be a whole number, at least 1; got 2.0"),
        (lambda: MeanShift(Softmax), "separation must have weights and a potential, and no Parameters; got <class"),
        (lambda: MeanShift(3), "separation must have weights and a potential, and no Parameters; got 3"),
        (lambda: MeanShift(LearnedEntmax()), "and no Parameters; got LearnedEntmax"),
    ],
)
def test_arguments_out_of_range(build, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        build()
