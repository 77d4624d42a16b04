"""The guess of lists that were not looked into: exact for normal lists, and never more than they can hold."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from hybridattn.memory.large.indexed.summary import Summary, summarise
from hybridattn.memory.large.indexed.tail import guess, promise

SIZES = (300_000, 100_000, 200_000)


class Normals:
    """Three lists of jointly normal keys (5) and values (3), with covariances of one form: x = m + w A z, y = u + h B z
    for a standard normal z, so that Cov(x) = w^2 A A', Cov(y, x) = w h B A'."""

    def __init__(self, seed: int = 0, *, same: bool = False) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.keys, self.values = self.draw(3, 5), self.draw(3, 3)
        self.a, self.b = 0.3 * self.draw(5, 8), 0.5 * self.draw(3, 8)
        self.width, self.height = torch.tensor([0.5, 1.0, 1.6]), torch.tensor([1.5, 0.5, 1.0])
        if same:  # values are keys
            self.values, self.b, self.height = self.keys, self.a, self.width

    def draw(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def sample(self, sizes: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
        lists = torch.repeat_interleave(torch.arange(3), torch.tensor(sizes))
        z = self.draw(sum(sizes), 8)
        keys = self.keys[lists] + self.width[lists, None] * (z @ self.a.T)
        values = self.values[lists] + self.height[lists, None] * (z @ self.b.T)
        return keys, values, lists

    def summary(self, sizes: tuple[int, ...]) -> Summary:
        """What is true of the distributions, without a sample."""
        counts = torch.tensor(sizes, dtype=torch.float64)
        starts = torch.cat((torch.zeros(1, dtype=torch.int64), torch.tensor(sizes).cumsum(0)))
        share = counts / counts.sum()
        wide, high = self.width.double().square(), self.height.double().square()
        covariance, mean_wide, mean_high = self.a @ self.a.T, (share * wide).sum(), (share * high).sum()
        squares = self.values.square().sum(-1) + high * (self.b @ self.b.T).trace()
        return Summary(
            starts, counts.log(), self.keys, self.values, wide / mean_wide, high / mean_high, covariance * mean_wide,
            self.b @ self.a.T * (mean_wide * mean_high).sqrt(), squares, self.keys.norm(dim=-1).amax(),
        )  # fmt: skip

    def exactly(self, query: Tensor, sizes: tuple[int, ...], lists: list[int]) -> tuple[Tensor, Tensor]:
        """Mass and read of whole distributions, list by list, from the moments of a normal: no code under test."""
        mass, total = torch.zeros(len(query)).double(), torch.zeros(len(query), 3 if len(self.b) == 3 else 5).double()
        for one in lists:
            wide, high = self.width[one].double(), self.height[one].double()
            scores = query @ self.keys[one] + wide**2 * (query @ self.a).square().sum(-1) / 2
            tilted = self.values[one] + wide * high * query @ self.a @ self.b.T
            each = sizes[one] * scores.exp()
            mass, total = mass + each, total + each[:, None] * tilted
        return mass, total / mass[:, None]


@pytest.mark.parametrize("same", [False, True], ids=["values", "values = keys"])
@pytest.mark.parametrize("looked", [[], [1], [2, 0]])
def test_normal_lists_are_guessed_exactly(same: bool, looked: list[int]) -> None:
    normals = Normals(same=same)
    query = 0.4 * normals.draw(20, 5)
    summary = normals.summary(SIZES)
    promised = promise(summary, query)
    tail = guess(summary, query, promised, torch.tensor([looked] * 20, dtype=torch.int64).reshape(20, len(looked)))
    mass, value = normals.exactly(query, SIZES, [one for one in range(3) if one not in looked])
    few = promised.variance < 1  # where no end of the scores is near
    assert few.sum() > 8
    torch.testing.assert_close(tail.read.log_mass[few], mass.log()[few], atol=2e-3, rtol=0)
    torch.testing.assert_close(tail.read.value[few], value[few], atol=5e-3, rtol=5e-3)


@pytest.mark.parametrize("same", [False, True], ids=["values", "values = keys"])
def test_a_sample_is_guessed_as_well_as_chance_lets(same: bool) -> None:
    """Monte Carlo: the sum over a sample, its summary made from the sample; noise says how far apart they may be."""
    normals = Normals(1, same=same)
    keys, values, lists = normals.sample(SIZES)
    query = 0.3 * normals.draw(16, 5)
    summary = summarise(keys, values, lists, 3)
    promised = promise(summary, query)
    assert promised.variance.max() < 1.5  # no end of the scores is near
    tail = guess(summary, query, promised, torch.zeros(16, 0, dtype=torch.int64))
    scores = query @ keys.T
    mass, value = torch.logsumexp(scores, -1), torch.softmax(scores, -1) @ values
    assert ((tail.read.log_mass - mass).abs() <= 4 * tail.noise + 1e-3).all()
    assert ((tail.read.value - value).norm(dim=-1) <= 6 * tail.noise * tail.spread + 1e-3).all()
    assert (tail.noise < 0.02).all()


def test_a_guess_of_values_needs_the_cross_covariance() -> None:
    normals = Normals()
    query = 0.5 * normals.draw(16, 5)
    summary = normals.summary(SIZES)
    tail = guess(summary, query, promise(summary, query), torch.zeros(16, 0, dtype=torch.int64))
    _, value = normals.exactly(query, SIZES, [0, 1, 2])
    means = torch.softmax(promise(summary, query).masses, -1) @ normals.values
    assert (tail.read.value - value).norm(dim=-1).mean() < 0.02 * (means - value).norm(dim=-1).mean()


@pytest.mark.parametrize("deviation", [0.5, 2.0, 4.0, 6.0, 9.0])
def test_scores_end_where_no_slot_is_expected(deviation: float) -> None:
    """One list, one dimension, N slots: mass and read against a quadrature over scores below t, given that they are."""
    slots = 10_000
    summary = summarise(torch.randn(slots, 1).double(), torch.randn(slots, 1).double(), torch.zeros(slots).long(), 1)
    one = torch.ones(1).double()
    summary = Summary(
        summary.starts, summary.log_counts, 0 * one[:, None], 0 * one[:, None], one, one, one[:, None], one[:, None],
        one, one[0],
    )  # fmt: skip
    query = torch.tensor([[deviation]], dtype=torch.float64)
    tail = guess(summary, query, promise(summary, query), torch.zeros(1, 0, dtype=torch.int64))
    end = math.sqrt(2) * float(torch.erfinv(torch.tensor(1 - 2 / (slots + 1), dtype=torch.float64)))
    z = torch.linspace(-12, end, 200_001, dtype=torch.float64)
    weights = (deviation * z - z.square() / 2).exp() / math.sqrt(2 * math.pi)
    below = torch.trapezoid((-z.square() / 2).exp() / math.sqrt(2 * math.pi), z)
    mass = torch.trapezoid(weights, z) / below
    torch.testing.assert_close(tail.read.log_mass, (slots * mass).log().reshape(1), atol=1e-4, rtol=0)
    mean = torch.trapezoid(z * (-z.square() / 2).exp() / math.sqrt(2 * math.pi), z) / below
    tilt = torch.trapezoid(z * weights, z) / below / mass - mean
    torch.testing.assert_close(tail.read.value[0, 0], tilt, atol=2e-3, rtol=2e-3)


@given(beta=st.sampled_from([1e-3, 1.0, 30.0, 1e3]), seed=st.integers(0, 99))
def test_a_guess_is_finite_and_no_more_than_a_list_can_hold(beta: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    keys, lists = torch.randn(200, 4, generator=generator), torch.arange(200) // 20
    query = beta * torch.randn(6, 4, generator=generator)
    summary = summarise(keys, keys, lists, 10)
    promised = promise(summary, query)
    tail = guess(summary, query, promised, torch.zeros(6, 1, dtype=torch.int64))
    for part in (tail.read.value, tail.read.log_mass, tail.noise, tail.spread):
        assert part.isfinite().all()
    assert (tail.noise >= 0).all()
    assert (tail.noise <= 1).all()
    reach = query.norm(dim=-1) * summary.longest * 1.7
    assert (promised.masses <= reach[:, None] + math.log(20)).all()


def test_a_summary_is_that_of_its_slots() -> None:
    normals = Normals(2)
    keys, values, lists = normals.sample((40, 1, 30))
    lists = lists * 2  # lists 1 and 3 are empty
    found = summarise(keys, values, lists, 6)
    assert found.starts.tolist() == [0, 40, 40, 41, 41, 71, 71]
    assert found.log_counts.exp().tolist() == pytest.approx([40, 0, 1, 0, 30, 0])
    covariance, cross = torch.zeros(5, 5).double(), torch.zeros(3, 5).double()
    spread = {}
    for one in (0, 2, 4):
        x, y = keys[lists == one], values[lists == one]
        torch.testing.assert_close(found.keys[one], x.mean(0))
        torch.testing.assert_close(found.values[one], y.mean(0))
        torch.testing.assert_close(found.squares[one], y.square().sum(-1).mean())
        if one != 2:
            both = torch.cov(torch.cat((x, y), 1).T, correction=0)
            covariance, cross = covariance + len(x) / 71 * both[:5, :5], cross + len(x) / 71 * both[5:, :5]
            spread[one] = both[:5, :5].trace(), both[5:, 5:].trace()
    torch.testing.assert_close(found.covariance, covariance)
    for one, (wide, high) in spread.items():
        torch.testing.assert_close(found.width[one], wide / covariance.trace())
        high_mean = sum(len(keys[lists == other]) / 71 * spread[other][1] for other in spread)
        torch.testing.assert_close(found.height[one], high / high_mean)
    mean = sum(len(keys[lists == one]) / 71 * (found.width[one] * found.height[one]).sqrt() for one in spread)
    torch.testing.assert_close(found.cross, cross / mean)
    torch.testing.assert_close(found.longest, keys.norm(dim=-1).amax())
    assert found.width[[1, 2, 3, 5]].eq(0).all()


def test_equal_keys_in_each_list_have_no_spread() -> None:
    keys = torch.eye(3).repeat_interleave(4, 0)
    found = summarise(keys, keys, torch.arange(12) // 4, 3)
    query = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    tail = guess(found, query, promise(found, query), torch.zeros(5, 0, dtype=torch.int64))
    torch.testing.assert_close(tail.read.value, torch.softmax(query, -1), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(tail.read.log_mass, torch.logsumexp(query, -1) + math.log(4), atol=1e-4, rtol=1e-4)
    assert tail.noise.max() < 1e-4
