"""Where weights start: of the spread that is documented, and all from the generator that was given."""

import pytest
import torch

from hybridattn import LSTMN, AlternatingCoattention, ParallelCoattention, Summary

KINDS = [lambda **place: LSTMN(50, 20, 1000, **place)]
KINDS += [lambda kind=kind, **place: kind(50, 1000, **place) for kind in (ParallelCoattention, AlternatingCoattention)]


def widths(name: str) -> int:
    """Give how many numbers a weight takes, by its name."""
    if "vector" in name:
        return 1000
    if name == "gates.weight":
        return 70
    return 20 if name in {"attention.past", "attention.before"} else 50


@pytest.mark.parametrize("kind", KINDS)
def test_the_variance_is_one_over_the_width(kind):
    model = kind(generator=torch.Generator().manual_seed(0))
    named = dict(model.named_parameters())
    bias = named.pop("gates.bias", torch.zeros(1))
    assert not bias.any()
    for name, weight in named.items():
        five_deviations = 5 * (2 / weight.numel()) ** 0.5  # of the variance of so many normal numbers
        assert float(weight.square().mean()) * widths(name) == pytest.approx(1, abs=five_deviations)


@pytest.mark.parametrize("kind", KINDS)
def test_the_generator_says_all(kind):
    states = []
    for seed in (1, 2):
        torch.manual_seed(seed)  # which is to change nothing
        states.append(kind(generator=torch.Generator().manual_seed(0)).state_dict())
    assert all(one.equal(states[1][name]) for name, one in states[0].items())


def test_a_query_starts_small():
    torch.manual_seed(0)
    query = Summary(3, 400).query
    assert query.abs().max() <= 1 / 20
    assert query.min() < 0 < query.max()
