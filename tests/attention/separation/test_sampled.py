"""Slots drawn by lot: how often, and what gradients they have."""

import pytest
import torch

from hybridattn import ArgumentError, Dot, GumbelHard, SampledHard, read

SCORES = torch.tensor([0.3, -1.0, 1.2, 0.0], dtype=torch.float64)
DRAWN = pytest.mark.parametrize(
    "kind", [SampledHard, lambda generator: GumbelHard(0.5, generator)], ids=["plain", "gumbel"]
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@DRAWN
def test_slots_are_drawn_as_often_as_softmax_says(kind):
    weights = kind(seeded()).weights(SCORES.expand(20_000, -1))
    assert ((weights == 0) | (weights == 1)).all()
    assert (weights.sum(-1) == 1).all()
    # four standard deviations of a share of 20,000 draws
    assert ((weights.mean(0) - SCORES.softmax(-1)).abs() < 4 * 0.5 / 20_000**0.5).all()


@DRAWN
def test_what_may_not_be_read_is_never_drawn(kind):
    scores = torch.tensor([[-torch.inf, 0.0, -torch.inf], [-torch.inf] * 3, [torch.inf, 0.0, 0.0]])
    for seed in range(20):
        weights = kind(seeded(seed)).weights(scores)
        assert weights.tolist() == [[0, 1, 0], [0, 0, 0], [1, 0, 0]]


@DRAWN
def test_the_potential_has_the_mean_weights_for_its_slope(kind):
    scores = SCORES.clone().requires_grad_()
    kind(None).potential(scores).backward()
    torch.testing.assert_close(scores.grad, SCORES.softmax(-1))


@DRAWN
def test_the_same_generator_draws_the_same(kind):
    one, other = kind(seeded(5)), kind(seeded(5))
    assert all(one.weights(SCORES).equal(other.weights(SCORES)) for _ in range(5))


def test_straight_through_has_the_slope_of_the_softmax_of_its_noise():
    scores, values = SCORES.clone().requires_grad_(), torch.tensor([1.0, 2.0, 5.0, -3.0], dtype=torch.float64)
    (GumbelHard(0.7, seeded(1)).weights(scores) @ values).backward()
    exponential = torch.empty(4, dtype=torch.float64).exponential_(generator=seeded(1))
    shares = ((SCORES - exponential.log()) / 0.7).softmax(-1)
    wanted = shares * (values - shares @ values) / 0.7  # the Jacobian of a softmax, by hand
    torch.testing.assert_close(scores.grad, wanted)


def test_the_score_function_is_the_slope_of_what_is_expected():
    """Sum over all draws of p(draw) reward(draw) d log p(draw) = d sum of p reward: no sampling needed."""
    rewards = torch.tensor([1.0, 0.0, 4.0, -2.0], dtype=torch.float64)
    scores = SCORES.clone().requires_grad_()
    log = SampledHard().log_probability(scores.expand(4, -1), torch.eye(4, dtype=torch.float64))
    torch.testing.assert_close(log.exp(), SCORES.softmax(-1))
    (log.exp().detach() * rewards * log).sum().backward()
    other = SCORES.clone().requires_grad_()
    (other.softmax(-1) @ rewards).backward()
    torch.testing.assert_close(scores.grad, other.grad)


def test_no_slot_has_log_probability_0():
    log = SampledHard().log_probability(torch.full((2,), -torch.inf), torch.zeros(2))
    assert log == 0


@DRAWN
def test_a_read_gives_one_value(kind):
    values = torch.arange(4.0)[:, None]
    found = read(
        torch.ones(3, 2),
        torch.randn(4, 2, generator=seeded()),
        values,
        similarity=Dot(),
        separation=kind(seeded()),
        top=2,
    )
    assert set(found.value.flatten().tolist()) <= {0.0, 1.0, 2.0, 3.0}
    assert found.value[:, 0].equal(found.slots[:, 0].float())
    assert (found.shares[:, 0] == 1).all()


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("inf"), float("nan")])
def test_a_temperature_is_above_0(temperature):
    with pytest.raises(ArgumentError, match="temperature must be finite and above 0; got"):
        GumbelHard(temperature)
