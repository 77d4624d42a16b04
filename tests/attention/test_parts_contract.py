"""Each similarity and each separation is one row of claims."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hybridattn import attention
from hybridattn.attention import Cosine, Dot, Factored, Hard, NegativeSquaredEuclidean, Separation, Similarity, Softmax

SIMILARITIES = {"Dot": Dot(), "Cosine": Cosine(), "NegativeSquaredEuclidean": NegativeSquaredEuclidean()}
SEPARATIONS = {"Softmax": Softmax(), "Hard": Hard()}
# Similarity of (3, 4) to (6, 8), (0, 0) and (-4, 3), worked out by hand.
BY_HAND = {"Dot": [50, 0, 0], "Cosine": [1, 0, 0], "NegativeSquaredEuclidean": [-25, -25, -50]}

similarities = pytest.mark.parametrize("similarity", SIMILARITIES.values(), ids=SIMILARITIES)
separations = pytest.mark.parametrize("separation", SEPARATIONS.values(), ids=SEPARATIONS)
rows_of_scores = st.lists(st.one_of(st.floats(-30, 30), st.just(-torch.inf)), min_size=0, max_size=8)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("name", SIMILARITIES)
def test_similarities_by_hand(name: str) -> None:
    query, keys = torch.tensor([[3.0, 4.0]]), torch.tensor([[6.0, 8.0], [0.0, 0.0], [-4.0, 3.0]])
    torch.testing.assert_close(SIMILARITIES[name](query, keys), torch.tensor([BY_HAND[name]], dtype=torch.float32))


@similarities
def test_similarities_compare_each_query_with_each_key(similarity: Similarity) -> None:
    query, keys = numbers(2, 3, 4), numbers(2, 5, 4, seed=1)
    found = similarity(query, keys)
    assert isinstance(similarity, Similarity)
    assert found.shape == (2, 3, 5)
    torch.testing.assert_close(found[1, 2, 4], similarity(query[1, 2:], keys[1, 4:])[0, 0])
    torch.testing.assert_close(found, similarity(keys, query).mT)


@similarities
def test_similarities_have_the_slopes_they_should(similarity: Similarity) -> None:
    sides = numbers(3, 4).requires_grad_(), numbers(5, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(similarity, sides)
    same, zero = numbers(2, 4), torch.zeros(1, 4, dtype=torch.float64)
    keys = torch.cat((same, zero)).requires_grad_()
    similarity(torch.cat((same, zero)), keys).sum().backward()
    assert keys.grad.isfinite().all()


@similarities
def test_factors_multiply_to_the_similarity(similarity: Similarity) -> None:
    assert isinstance(similarity, Factored) == (not isinstance(similarity, NegativeSquaredEuclidean))
    if isinstance(similarity, Factored):
        query, keys = numbers(3, 4), torch.cat((numbers(5, 4, seed=1), torch.zeros(1, 4)))
        mapped, onto = similarity.factors(query, keys)
        torch.testing.assert_close(mapped @ onto.mT, similarity(query, keys))


@similarities
def test_bfloat16_stays_bfloat16(similarity: Similarity) -> None:
    assert similarity(numbers(2, 4).bfloat16(), numbers(3, 4).bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1.0, 1e20, 1e30])
def test_cosine_does_not_depend_on_length(scale: float) -> None:
    query, keys = numbers(3, 4).float(), numbers(5, 4, seed=1).float()
    torch.testing.assert_close(Cosine()(query * scale, keys), Cosine()(query, keys / scale))
    assert Cosine()(query, keys).abs().max() <= 1 + 1e-6


def test_distance_of_an_exact_match_far_from_the_origin_is_exactly_zero() -> None:
    keys = numbers(3, 4).float() + 1e4
    assert NegativeSquaredEuclidean()(keys, keys).diagonal().tolist() == [0.0, 0.0, 0.0]


@separations
@settings(deadline=None)
@given(rows_of_scores)
def test_weights_are_the_slope_of_the_potential(separation: Separation, scores: list[float]) -> None:
    assert isinstance(separation, Separation)
    row = torch.tensor(scores, dtype=torch.float64, requires_grad=True)
    weights, potential = separation.weights(row), separation.potential(row)
    (slope,) = torch.autograd.grad(potential, row)
    torch.testing.assert_close(weights, slope)
    if row.isfinite().any():
        assert weights.sum().item() == pytest.approx(1)
        assert weights[row == -torch.inf].eq(0).all()
    else:
        assert weights.eq(0).all()
        assert potential == -torch.inf


@separations
def test_weights_are_the_differences_of_the_potential(separation: Separation) -> None:
    scores, step = numbers(6), 1e-5
    nudges = torch.eye(6, dtype=torch.float64) * step
    differences = (separation.potential(scores + nudges) - separation.potential(scores - nudges)) / (2 * step)
    torch.testing.assert_close(separation.weights(scores), differences, atol=1e-9, rtol=1e-7)


@separations
@settings(deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1))
def test_potentials_are_convex(separation: Separation, seed: int, part: float) -> None:
    one, two = numbers(5, seed=seed) * 3, numbers(5, seed=seed + 1) * 3
    between = separation.potential(part * one + (1 - part) * two)
    assert between <= part * separation.potential(one) + (1 - part) * separation.potential(two) + 1e-12


@separations
def test_weights_follow_the_slots_when_these_are_moved(separation: Separation) -> None:
    scores, order = numbers(2, 7), torch.tensor([3, 0, 6, 1, 5, 2, 4])
    torch.testing.assert_close(separation.weights(scores[:, order]), separation.weights(scores)[:, order])


def test_softmax_shares_are_slotwise_exponentials() -> None:
    scores = numbers(4)
    torch.testing.assert_close(Softmax().weights(scores), scores.exp() / scores.exp().sum())


def test_hard_gives_equals_to_the_lower_slot() -> None:
    assert Hard().weights(torch.tensor([2.0, 5.0, 5.0, 5.0])).tolist() == [0, 1, 0, 0]


@separations
def test_masked_scores_give_no_nan_in_the_slopes(separation: Separation) -> None:
    scores = torch.full((2, 3), -torch.inf, dtype=torch.float64).requires_grad_()
    outcome = (separation.weights(scores) * numbers(2, 3)).sum() + separation.potential(scores).sum()
    (slope,) = torch.autograd.grad(outcome, scores)
    assert slope.isfinite().all()


def test_every_similarity_and_separation_is_in_a_row() -> None:
    exported = {name for name in attention.__all__ if isinstance(getattr(attention, name), type)}
    assert exported - {"Read", "Similarity", "Factored", "Separation"} == {*SIMILARITIES, *SEPARATIONS}
