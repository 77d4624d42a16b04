"""Ages of sentences in keys and queries, against sums written out."""

import math

import pytest
import torch
from torch import nn

from hybridattn.controller import Residual
from hybridattn.knowledge.reading import Ages, AgeTable, TimedLink, smooth_ages


def test_smooth_ages_by_hand():
    found = smooth_ages(torch.tensor([0.0, 5.0]))
    assert found[0].tolist() == [1, 0, 1, 1, 1]
    assert found[1].tolist() == pytest.approx([1, 0.5, math.exp(-5), math.exp(-5 / 3), math.exp(-0.5)])


def test_a_table_tells_each_age_apart_until_its_span():
    assert AgeTable(3)(torch.arange(5.0)).argmax(-1).tolist() == [0, 1, 2, 2, 2]


def test_differences_are_of_older_younger_and_equal_ages():
    between = Ages(4).between
    assert between.shape == (4, 4, 11)
    three = smooth_ages(torch.tensor(3.0))
    assert between[3, 0].tolist() == [*three.tolist(), *[0] * 5, 0]  # 3 is older than 0
    assert between[0, 3].tolist() == [*[0] * 5, *three.tolist(), 0]
    assert between[2, 2].tolist() == [0] * 10 + [1]


def test_codes_are_one_hot_and_the_oldest_is_the_last():
    assert Ages(3).codes(torch.tensor([0, 2, 9])).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1]]


@pytest.mark.parametrize("relative", [True, False])
def test_the_link_by_sums(relative):
    generator = torch.Generator().manual_seed(0)
    ages = Ages(4).double()

    def numbers(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    values, keys, between = nn.Parameter(numbers(5, 3)), nn.Parameter(numbers(5, 3)), nn.Parameter(numbers(11, 3))
    query, value = numbers(2, 7), numbers(2, 7)
    link = TimedLink(Residual(), ages, values, keys, between if relative else None)
    found = link(query, value)
    for row in range(2):
        read, when = value[row, :3], value[row, 3:]
        following = query[row, :3] + read + sum(when[t] * ages.own[t] @ values for t in range(4))
        torch.testing.assert_close(found[row, :3], following)
        for t in range(4):
            score = ages.own[t] @ keys @ following
            if relative:
                score = score + sum(when[s] * ages.between[t, s] @ between @ following for s in range(4))
            torch.testing.assert_close(found[row, 3 + t], score)
