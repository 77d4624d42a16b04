"""Each similarity and each separation is one row of claims."""

import pytest
import torch
from attention_rows import SEPARATIONS, SIMILARITIES, Claims, Likeness
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hybridattn import attention
from hybridattn.attention import Factored, Margined, Proportional, Separation, Similarity
from hybridattn.attention import separation as separation_room
from hybridattn.attention import similarity as similarity_room

DRAWN = {"GumbelHard", "SampledHard"}
"""Separations whose weights are drawn by lot: see `separation/test_sampled.py`."""
PROTOCOLS = {"Similarity", "Factored", "Separation", "Margined", "Proportional", "Headed"}
FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]

similarities = pytest.mark.parametrize("row", SIMILARITIES.values(), ids=SIMILARITIES)
separations = pytest.mark.parametrize("row", SEPARATIONS.values(), ids=SEPARATIONS)
a_score = st.one_of(st.integers(-128, 128).map(lambda sixteenth: sixteenth / 16), st.just(-torch.inf))
rows_of_scores = st.lists(a_score, max_size=8)
quick = settings(deadline=None, max_examples=6)


def those(promise) -> pytest.MarkDecorator:
    kept = {name: row for name, row in SEPARATIONS.items() if promise(row)}
    return pytest.mark.parametrize("row", kept.values(), ids=kept)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def extremes(dtype: torch.dtype) -> Tensor:
    """Rows of scores at the ends of the range: largest, smallest, equal, masked, infinite."""
    most, least = torch.finfo(dtype).max, torch.finfo(dtype).smallest_normal / 8
    inf = torch.inf
    return torch.tensor(
        [
            [most, -most, 0, -inf],
            [most, most, most, most],
            [-most, -most, -most, -inf],
            [most, -most, most, -most],
            [most / 1e3, -most / 1e3, most / 1e4, -inf],
            [inf, inf, 1, -most],
            [-inf, -inf, -inf, -inf],
            [least, -least, 0, 0],
            [least, least, -inf, -inf],
        ],
        dtype=dtype,
    )


@similarities
def test_similarities_by_hand(row: Likeness) -> None:
    query, keys = torch.tensor([[3.0, 4.0]]), torch.tensor([[6.0, 8.0], [0.0, 0.0], [-4.0, 3.0]])
    torch.testing.assert_close(row.build(2)(query, keys), torch.tensor([row.by_hand], dtype=torch.float32))


@similarities
def test_similarities_compare_each_query_with_each_key(row: Likeness) -> None:
    similarity, query, keys = row.build(4), numbers(2, 3, 4), numbers(2, 5, 4, seed=1)
    found = similarity(query, keys)
    assert isinstance(similarity, Similarity)
    assert found.shape == (2, 3, 5)
    torch.testing.assert_close(found[1, 2, 4], similarity(query[1, 2:], keys[1, 4:])[0, 0])
    torch.testing.assert_close(similarity(query, keys[0]), torch.stack([similarity(q, keys[0]) for q in query]))
    assert torch.allclose(found, similarity(keys, query).mT) == row.symmetric
    assert similarity(query[:, :0], keys).shape == (2, 0, 5)
    assert similarity(query, keys[:, :0]).shape == (2, 3, 0)


@similarities
def test_similarities_have_the_slopes_they_should(row: Likeness) -> None:
    similarity = row.build(4)
    sides = numbers(3, 4).requires_grad_(), numbers(5, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(similarity, sides)
    same, zero = numbers(2, 4), torch.zeros(1, 4, dtype=torch.float64)
    query, keys = torch.cat((same, zero)).requires_grad_(), torch.cat((same, zero)).requires_grad_()
    similarity(query, keys).sum().backward()
    assert query.grad.isfinite().all()
    assert keys.grad.isfinite().all()


@similarities
def test_factors_multiply_to_the_similarity(row: Likeness) -> None:
    similarity = row.build(4)
    assert isinstance(similarity, Factored) == row.factored
    if isinstance(similarity, Factored):
        query, keys = numbers(3, 4), torch.cat((numbers(5, 4, seed=1), torch.zeros(1, 4)))
        mapped, onto = similarity.factors(query, keys)
        torch.testing.assert_close(mapped @ onto.mT, similarity(query, keys))


@similarities
def test_distances_are_exactly_zero_for_an_exact_match_and_below_zero_else(row: Likeness) -> None:
    keys = numbers(40, 4).float() + 1e4  # from 26 on torch would rather multiply than subtract
    found = row.build(4)(keys, keys)
    assert bool(found.diagonal().eq(0).all()) == row.distance
    assert bool((found <= 0).all()) == row.distance


@similarities
@pytest.mark.parametrize("dtype", FLOATS)
def test_similarities_keep_the_dtype(row: Likeness, dtype: torch.dtype) -> None:
    query, keys = numbers(2, 4), numbers(3, 4, seed=1)
    found = row.build(4)(query.to(dtype), keys.to(dtype))
    assert found.dtype == dtype
    near = 40 * torch.finfo(dtype).eps
    torch.testing.assert_close(found.double(), row.build(4)(query, keys), atol=near, rtol=near)


@separations
@quick
@given(rows_of_scores)
def test_weights_are_the_slope_of_the_potential(row: Claims, scores: list[float]) -> None:
    separation = row.build()
    assert isinstance(separation, Separation)
    given_scores = torch.tensor(scores, dtype=torch.float64, requires_grad=True)
    weights, potential = separation.weights(given_scores), separation.potential(given_scores)
    (slope,) = torch.autograd.grad(potential, given_scores)
    if not row.exact:
        total = slope.sum()
        slope = slope / total if total > 0 else torch.zeros_like(slope)
    torch.testing.assert_close(weights, slope, rtol=1e-9, atol=1e-12)


@separations
def test_weights_are_the_differences_of_the_potential(row: Claims) -> None:
    separation, step = row.build(), 1e-5
    scores = numbers(6, seed=1) + 0.5
    nudges = torch.eye(6, dtype=torch.float64) * step
    differences = (separation.potential(scores + nudges) - separation.potential(scores - nudges)) / (2 * step)
    weights = differences if row.exact else differences / differences.sum()
    torch.testing.assert_close(separation.weights(scores), weights, atol=1e-8, rtol=1e-7)


@separations
def test_slopes_of_weights_and_potential(row: Claims) -> None:
    separation, scores = row.build(), (numbers(3, 5) * 0.7 + 0.1).requires_grad_()
    readable = torch.tensor([[True] * 5, [True, False, True, True, False], [False, True, False, False, False]])

    def outcomes(scores: Tensor) -> tuple[Tensor, Tensor]:
        masked = torch.where(readable, scores, -torch.inf)
        return separation.weights(masked), separation.potential(masked)

    assert torch.autograd.gradcheck(outcomes, scores)


@those(lambda row: row.exact)
def test_the_curvature_of_the_potential_is_the_slope_of_the_weights(row: Claims) -> None:
    separation, scores = row.build(), numbers(5) * 0.7 + 0.1
    curvature = torch.autograd.functional.hessian(separation.potential, scores)
    torch.testing.assert_close(curvature, torch.autograd.functional.jacobian(separation.weights, scores))


@those(lambda row: row.convex is not None)
@quick
@given(st.integers(0, 10**6), st.floats(0, 1), st.sampled_from([0.1, 1.0, 4.0]))
def test_potentials_are_convex(row: Claims, seed: int, part: float, width: float) -> None:
    separation = row.build()
    one, two = row.convex(numbers(5, seed=seed) * width), row.convex(numbers(5, seed=seed + 1) * width)
    level = separation.potential(torch.stack((part * one + (1 - part) * two, one, two)))
    bound = part * level[1] + (1 - part) * level[2]
    assert level[0] <= bound + 1e-12 * (1 + bound.abs())


@those(lambda row: row.convex is None or row.convex is torch.abs)
def test_potentials_that_are_said_not_to_be_convex_are_not(row: Claims) -> None:
    separation = row.build()
    one, two = torch.tensor([-0.9, -0.9]).double(), torch.tensor([-0.1, -0.1]).double()
    ends = (separation.potential(one) + separation.potential(two)) / 2
    assert separation.potential((one + two) / 2) > ends


@separations
def test_weights_follow_the_slots_when_these_are_moved(row: Claims) -> None:
    separation, scores, order = row.build(), numbers(2, 7), torch.tensor([3, 0, 6, 1, 5, 2, 4])
    torch.testing.assert_close(separation.weights(scores[:, order]), separation.weights(scores)[:, order])
    torch.testing.assert_close(separation.potential(scores[:, order]), separation.potential(scores))


@those(lambda row: row.shifts)
@quick
@given(rows_of_scores, st.integers(-100, 100))
def test_shifts_do_not_change_the_weights_and_add_to_the_potential(row: Claims, scores: list[float], by: int) -> None:
    separation, here = row.build(), torch.tensor(scores, dtype=torch.float64)
    there = here + by
    total = separation.weights(here).sum()
    torch.testing.assert_close(separation.weights(there), separation.weights(here), atol=1e-8, rtol=1e-6)
    wanted = separation.potential(here) + by * total
    torch.testing.assert_close(separation.potential(there), wanted, atol=1e-9, rtol=1e-9)


@those(lambda row: not row.signed)
@quick
@given(rows_of_scores)
def test_weights_are_not_negative(row: Claims, scores: list[float]) -> None:
    assert row.build().weights(torch.tensor(scores, dtype=torch.float64)).ge(0).all()


@those(lambda row: row.signed)
def test_weights_that_may_be_negative_are(row: Claims) -> None:
    assert row.build().weights(torch.tensor([3.0, -1.0]))[1] < 0


@those(lambda row: row.total is not None)
@quick
@given(rows_of_scores, st.sampled_from([1e-6, 1.0, 10.0]))
def test_weights_sum_to_what_they_should(row: Claims, scores: list[float], width: float) -> None:
    given_scores = torch.tensor(scores, dtype=torch.float64) * width
    weights = row.build().weights(given_scores)
    assert weights.sum().item() == pytest.approx(row.total(int(given_scores.isfinite().sum())), abs=1e-12)
    assert weights.le(1).all()


@those(lambda row: not row.exact)
def test_mean_shifts_sum_to_one(row: Claims) -> None:
    weights = row.build().weights(numbers(20, 6).abs() * 3)
    torch.testing.assert_close(weights.sum(-1), torch.ones(20, dtype=torch.float64))


@separations
@quick
@given(rows_of_scores)
def test_masked_slots_weigh_nothing_and_change_nothing(row: Claims, scores: list[float]) -> None:
    separation, given_scores = row.build(), torch.tensor(scores, dtype=torch.float64)
    readable = given_scores.isfinite()
    weights = separation.weights(given_scores)
    assert weights[~readable].eq(0).all()
    torch.testing.assert_close(weights[readable], separation.weights(given_scores[readable]), rtol=1e-9, atol=1e-12)
    alone = separation.potential(given_scores[readable])
    torch.testing.assert_close(separation.potential(given_scores), alone, rtol=1e-9, atol=1e-12)


@separations
@pytest.mark.parametrize("n", [0, 1, 3])
def test_rows_without_a_readable_slot(row: Claims, n: int) -> None:
    separation = row.build()
    scores = torch.full((2, n), -torch.inf, dtype=torch.float64).requires_grad_()
    weights, potential = separation.weights(scores), separation.potential(scores)
    assert weights.shape == (2, n)
    assert weights.eq(0).all()
    assert potential.tolist() == [row.empty, row.empty]
    (slope,) = torch.autograd.grad((weights * numbers(2, n)).sum() + potential.sum(), scores)
    assert slope.eq(0).all()


@separations
def test_a_row_alone_is_as_in_a_batch(row: Claims) -> None:
    separation, scores = row.build(), numbers(2, 3, 4, 9)
    scores[0, 1, 2] = -torch.inf
    together, level = separation.weights(scores), separation.potential(scores)
    assert together.shape == (2, 3, 4, 9)
    assert level.shape == (2, 3, 4)
    for place in ((0, 0, 0), (0, 1, 2), (1, 2, 3)):
        torch.testing.assert_close(together[place], separation.weights(scores[place]), rtol=1e-12, atol=1e-15)
        torch.testing.assert_close(level[place], separation.potential(scores[place]), rtol=1e-12, atol=1e-15)
    assert separation.weights(scores[:0]).shape == (0, 3, 4, 9)


@separations
@pytest.mark.parametrize("scores", [[1.0, 1.0, 1.0, 1.0], [1.0, -0.5, 1.0, -0.5, 1.0, 1.0]])
def test_equal_scores_have_equal_weights_or_go_by_slot(row: Claims, scores: list[float]) -> None:
    weights = row.build().weights(torch.tensor(scores))
    for score in set(scores):
        equals = weights[torch.tensor(scores) == score]
        assert equals.eq(equals[0]).all() or (row.steps and equals.diff().le(0).all())


@separations
@pytest.mark.parametrize("dtype", FLOATS)
def test_extreme_scores_give_finite_weights_and_no_nan_anywhere(row: Claims, dtype: torch.dtype) -> None:
    separation, scores = row.build(), extremes(dtype).requires_grad_()
    weights, potential = separation.weights(scores), separation.potential(scores)
    assert weights.isfinite().all()
    assert not potential.isnan().any()
    if row.total is not None:
        totals = torch.tensor([float(row.total(int((one > -torch.inf).sum()))) for one in scores])
        torch.testing.assert_close(weights.sum(-1).float(), totals, atol=4 * torch.finfo(dtype).eps, rtol=0)
    finite = torch.where(potential.isfinite(), potential, 0.0)
    outcome = (weights * torch.arange(4, dtype=dtype) / 4).sum() + finite.sum()
    (slope,) = torch.autograd.grad(outcome, scores)
    assert not slope.isnan().any()
    assert slope[:-2].isfinite().all()


@separations
@pytest.mark.parametrize("dtype", FLOATS)
def test_separations_keep_the_dtype(row: Claims, dtype: torch.dtype) -> None:
    scores = numbers(3, 5).to(dtype)
    separation = row.build()
    weights, potential = separation.weights(scores), separation.potential(scores)
    assert weights.dtype == potential.dtype == dtype
    near = 30 * torch.finfo(dtype).eps
    torch.testing.assert_close(weights.double(), separation.weights(scores.double()), atol=near, rtol=near)
    torch.testing.assert_close(potential.double(), separation.potential(scores.double()), atol=near, rtol=near)


@those(lambda row: isinstance(row.build(), Margined))
@quick
@given(st.integers(0, 10**6), st.floats(0.5, 2), st.integers(2, 6))
def test_the_k_best_are_read_alone_if_and_only_if_they_lead_by_the_margin(
    row: Claims, seed: int, part: float, n: int
) -> None:
    separation = row.build()
    k = getattr(separation, "k", 1) if "KSubsets" in repr(separation) else 1
    margin = float(torch.as_tensor(separation.margin).detach())
    lead = part * (margin if 0 < margin < torch.inf else 1.0)
    scores = -numbers(n + k, seed=seed).abs()
    scores = scores.sort(descending=True).values
    scores[:k] += scores[k] - scores[k - 1] + lead
    weights = separation.weights(scores)
    lead = (scores[k - 1] - scores[k]).item()
    if abs(lead - margin) > 0.02 * margin:
        assert bool(weights[k:].eq(0).all()) == (lead >= margin)
        assert lead < margin or weights[:k].eq(1).all()


@those(lambda row: isinstance(row.build(), Proportional))
@quick
@given(rows_of_scores)
def test_shares_are_weights_over_their_sum(row: Claims, scores: list[float]) -> None:
    separation, given_scores = row.build(), torch.tensor(scores, dtype=torch.float64)
    weights = separation.weights(given_scores)
    total = weights.sum()
    wanted = weights / total if total > 0 else torch.zeros_like(weights)
    torch.testing.assert_close(separation.shares(given_scores), wanted, rtol=1e-9, atol=1e-12)


def test_every_similarity_and_separation_is_in_a_row() -> None:
    exported = {*similarity_room.__all__, *separation_room.__all__, "InFeatures"}
    assert exported <= set(attention.__all__)
    parts = [row.build(4) for row in SIMILARITIES.values()] + [row.build() for row in SEPARATIONS.values()]
    assert exported - PROTOCOLS - DRAWN == {type(part).__name__ for part in parts}
