"""Talking heads and gates against their formulas, with all scores written out."""

import math

import pytest
import torch
from torch import Tensor

from hybridattn import ALiBi, ArgumentError, Band, HeadGate, Places, ShapeError, TalkingHeads, read


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def three(n: int, q: int | None = None) -> list[Tensor]:
    return [numbers(2, 3, q or n, 4), numbers(2, 3, n, 4, seed=1), numbers(2, 3, n, 5, seed=2)]


def talking(inner: int | None = None) -> TalkingHeads:
    return TalkingHeads(3, inner, generator=torch.Generator().manual_seed(5)).double()


@pytest.mark.parametrize("inner", [None, 1, 4])
@pytest.mark.parametrize(("q", "n"), [(1, 1), (63, 63), (100, 100), (5, 40)])
def test_talking_heads(q: int, n: int, inner: int | None) -> None:
    heads = talking(inner)
    sides = [*(side.requires_grad_() for side in three(n, q)), heads.before, heads.after]
    query, keys, values = sides[:3]
    scores = torch.einsum("bhqd,bhnd,hg->bgqn", query, keys, heads.before) / 2
    wanted = torch.einsum("bgqn,gf,bfnv->bfqv", scores.softmax(-1), heads.after, values)
    found = heads(query, keys, values, beta=0.5)
    torch.testing.assert_close(found.value, wanted)
    slope = numbers(*wanted.shape, seed=5)
    slopes = [torch.autograd.grad((value * slope).sum(), sides) for value in (found.value, wanted)]
    for mine, theirs in zip(*slopes, strict=True):
        torch.testing.assert_close(mine, theirs)


def test_talking_heads_under_places() -> None:
    query, keys, values = three(40)
    heads = talking()
    allowed = Band(6).matrix(40, 40)
    distance = (torch.arange(40) - torch.arange(40)[:, None]).abs()
    bias = -torch.tensor([2**-4.0, 2**-8.0, 2**-2.0], dtype=torch.float64)[:, None, None] * distance
    scores = torch.einsum("bhqd,bhnd,hg->bgqn", query, keys, heads.before) + bias
    weights = scores.masked_fill(~allowed, -math.inf).softmax(-1)
    found = heads(query, keys, values, Places(Band(6), ALiBi(3), block=16), top=2)
    torch.testing.assert_close(found.value, torch.einsum("bgqn,gf,bfnv->bfqv", weights, heads.after, values))
    torch.testing.assert_close(found.shares, weights.topk(2, -1).values)


def test_heads_that_do_not_talk_are_heads() -> None:
    query, keys, values = three(20)
    found = TalkingHeads(3)(query, keys, values)
    torch.testing.assert_close(found.value, read(query, keys, values).value)


@pytest.mark.parametrize("dim", [None, 4])
def test_gates(dim: int | None) -> None:
    gate = HeadGate(3, dim).double()
    query, _, value = three(20)
    with torch.no_grad():
        gate.bias.copy_(torch.tensor([0.0, 30.0, -30.0]))
        if dim:
            gate.weight.copy_(numbers(3, 4, seed=8))
    opened = torch.tensor([0.0, 30.0, -30.0], dtype=torch.float64)[None, :, None]
    if dim:
        opened = opened + (query * numbers(3, 4, seed=8)[:, None]).sum(-1)
    wanted = value / (1 + (-opened.unsqueeze(-1)).exp())
    torch.testing.assert_close(gate(value, query if dim else None), wanted)
    assert abs(torch.sigmoid(HeadGate(3).bias[0]) - 0.88) < 0.01


def test_wrong_input() -> None:
    query, keys, values = three(20)
    with pytest.raises(ShapeError, match=r"^keys must have heads=3 as axis -3; got shape \(2, 2, 20, 4\)$"):
        talking()(query, keys[:, :2], values)
    with pytest.raises(ArgumentError, match=r"^generator must be given where inner=2 differs from heads=3$"):
        TalkingHeads(3, 2)
    with pytest.raises(ArgumentError, match=r"^inner must be at least 1; got 0$"):
        TalkingHeads(3, 0)
    with pytest.raises(ArgumentError, match=r"^query must be given for gates with dim, and only for them$"):
        HeadGate(3)(values, query)
    with pytest.raises(ArgumentError, match=r"^query must be given for gates with dim, and only for them$"):
        HeadGate(3, 4)(values)
    with pytest.raises(ShapeError, match=r"^value must have heads=4 as axis -3; got shape \(2, 3, 20, 5\)$"):
        HeadGate(4)(values)
    for shape in ((2, 3, 20, 3), (2, 3, 19, 4), (2, 2, 20, 4), (5, 3, 20, 4), (4,)):
        with pytest.raises(ShapeError, match=r"^query must end in dim=4 and broadcast to \(2, 3, 20, 4\); got \("):
            HeadGate(3, 4)(values, numbers(*shape))
    with pytest.raises(ArgumentError, match=r"^dim must be at least 1; got 0$"):
        HeadGate(3, 0)
