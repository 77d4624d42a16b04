"""The first models of attention in bfloat16, and lengths of either integer."""

import pytest
import torch
from seeding import numbers, seeded

from hybridattn import LSTMN, AligningModel, Summary


def test_lengths_may_be_of_either_integer():
    model, source = seeded(AligningModel(7, 4, 3)), torch.tensor([[1, 5, 2]])
    one, other = (model(source, source, lengths=torch.tensor([2], dtype=kind)) for kind in (torch.int32, torch.int64))
    assert one.logits.equal(other.logits)


@pytest.mark.parametrize("kind", [LSTMN, Summary])
def test_shares_of_bfloat16_are_bfloat16_and_sum_to_1(kind):
    model = seeded(kind(3, 4, 2) if kind is LSTMN else kind(3, 2)).bfloat16()
    value, shares = model(numbers(2, 5, 3).bfloat16())
    assert value.dtype == shares.dtype == torch.bfloat16
    sums = shares.float().sum(-1)
    sums = sums[:, 1:] if kind is LSTMN else sums  # whose first step reads nothing
    torch.testing.assert_close(sums, torch.ones_like(sums), rtol=0, atol=2**-8)  # each is rounded by up to 2^-9
