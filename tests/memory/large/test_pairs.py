"""Reads of a few slots a query: by hand, with and without gradients."""

import math

import pytest
import torch
from torch import Tensor

from hybridattn.memory.large.pairs import read_pairs

COUNTS = torch.tensor([3, 0, 1, 4])
SLOTS = torch.tensor([5, 2, 9, 7, 0, 5, 2, 3])


def parts(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(n, w, generator=generator).to(dtype) for n, w in ((4, 6), (10, 6), (10, 3)))


@pytest.mark.parametrize("slope", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_each_query_reads_its_own_slots(slope: bool, dtype: torch.dtype) -> None:
    query, keys, values = (side.requires_grad_(slope) for side in parts(dtype))
    found = read_pairs(query, keys, values, counts=COUNTS, slots=SLOTS, ids=torch.arange(10) + 50, top=2)
    for row, own in enumerate(SLOTS.split(COUNTS.tolist())):
        scores = keys[own] @ query[row]
        shares = torch.softmax(scores, -1)
        torch.testing.assert_close(found.value[row], shares @ values[own])
        mass = torch.logsumexp(scores, -1) if len(own) else torch.tensor(-math.inf, dtype=dtype)
        torch.testing.assert_close(found.log_mass[row], mass)
        best = scores.argsort(descending=True)[:2]
        named = (own[best] + 50).tolist() + [-1] * (2 - len(best))
        assert found.slots[row].tolist() == named
        torch.testing.assert_close(found.shares[row][: len(best)], shares[best])
        assert (found.shares[row][len(best) :] == 0).all()


def test_gradients_reach_everything_that_was_read() -> None:
    def loss(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        found = read_pairs(query, keys, values, counts=COUNTS, slots=SLOTS, ids=torch.arange(10), top=2)
        return found.value.sin().sum() + found.log_mass[COUNTS > 0].sum() + found.shares.square().sum()

    sides = [side.requires_grad_() for side in parts(torch.float64)]
    assert torch.autograd.gradcheck(loss, sides)
    for_query, for_keys, for_values = torch.autograd.grad(loss(*sides), sides)
    assert for_query[1].eq(0).all()
    read = torch.zeros(10, dtype=torch.bool).index_fill(0, SLOTS, True)
    for slope in (for_keys, for_values):
        assert slope[~read].eq(0).all()
        assert slope[read].ne(0).any(-1).all()


def test_halves_are_summed_in_float32() -> None:
    query, keys, values = parts()
    half = read_pairs(query, keys.half(), values.half(), counts=COUNTS, slots=SLOTS, ids=torch.arange(10), top=None)
    whole = read_pairs(query, keys, values, counts=COUNTS, slots=SLOTS, ids=torch.arange(10), top=None)
    assert half.value.dtype == torch.float16
    assert half.log_mass.dtype == torch.float32
    torch.testing.assert_close(half.value.float(), whole.value, atol=5e-3, rtol=5e-3)


def test_no_slots_at_all() -> None:
    query, keys, values = (side.requires_grad_() for side in parts())
    none = torch.zeros(4, dtype=torch.int64)
    found = read_pairs(query, keys, values, counts=none, slots=none[:0], ids=torch.arange(10), top=2)
    assert found.value.eq(0).all()
    assert (found.log_mass == -math.inf).all()
    assert (found.slots == -1).all()
    (found.value.sum() + found.shares.sum()).backward()
    assert query.grad is None or query.grad.eq(0).all()


def test_equal_keys_go_to_the_lower_id() -> None:
    keys = torch.ones(10, 6)
    found = read_pairs(
        torch.ones(1, 6), keys, keys, counts=torch.tensor([4]), slots=torch.tensor([8, 1, 6, 3]),
        ids=torch.arange(10).flip(0), top=4,
    )  # fmt: skip
    assert found.slots.tolist() == [[1, 3, 6, 8]]
    torch.testing.assert_close(found.shares, torch.full((1, 4), 0.25))


def test_what_rounding_would_lose_is_not_fetched() -> None:
    """A slot whose share is below the rounding of the sum changes nothing, whatever its value."""
    keys, values = torch.tensor([[0.0], [40.0]]), torch.tensor([[1e9], [1.0]])
    parts = {"counts": torch.tensor([2]), "slots": torch.tensor([0, 1]), "ids": torch.arange(2), "top": None}
    found = read_pairs(torch.ones(1, 1), keys, values, **parts)
    assert found.value.tolist() == [[1.0]]
    torch.testing.assert_close(found.log_mass, torch.tensor([40.0]))
    near = read_pairs(torch.full((1, 1), 0.25), keys, values, **parts)  # a share of 4.5e-5 does count
    torch.testing.assert_close(near.value, torch.softmax(torch.tensor([0.0, 10.0]), -1)[None] @ values)
