"""`read` with every similarity and every separation: values, masks, tops, betas, slopes, blocks."""

import importlib

import pytest
import torch
from attention_rows import SEPARATIONS, SIMILARITIES, Claims, Likeness
from torch import Tensor

from hybridattn import read
from hybridattn.attention import Dot, LearnedEntmax, Linear, Softmax
from hybridattn.attention.tiles import rows as row_tiles
from hybridattn.errors import ShapeError

reading = importlib.import_module("hybridattn.attention.read")
separations = pytest.mark.parametrize("row", SEPARATIONS.values(), ids=SEPARATIONS)
similarities = pytest.mark.parametrize("row", SIMILARITIES.values(), ids=SIMILARITIES)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(params=[1 << 21, 20], ids=["at once", "by blocks"])
def tiles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a read hold all scores, or a few rows of them only."""
    monkeypatch.setattr(row_tiles, "TILE", request.param)


@separations
def test_values_and_tops(row: Claims, tiles: None) -> None:
    separation, query, keys, values = row.build(), numbers(2, 5, 4), numbers(9, 4, seed=1), numbers(9, 3, seed=2)
    mask, beta = numbers(5, 9, seed=3) > -0.7, numbers(2, 5, 1, seed=4).abs() + 0.2
    mask[3] = False
    scores = torch.einsum("bqd,nd->bqn", query, keys) * beta
    weights = separation.weights(scores.masked_fill(~mask, -torch.inf))
    found = read(query, keys, values, separation=separation, beta=beta, mask=mask, top=4)
    torch.testing.assert_close(found.value, torch.einsum("bqn,nv->bqv", weights, values))
    assert found.value[:, 3].eq(0).all()
    assert found.slots[:, 3].eq(-1).all()
    for given, slots, shares in zip(
        weights.flatten(0, 1).tolist(), found.slots.flatten(0, 1).tolist(), found.shares.flatten(0, 1), strict=True
    ):
        order = sorted((slot for slot in range(9) if given[slot] != 0), key=lambda slot: (-abs(given[slot]), slot))
        assert [given[slot] for slot in slots if slot >= 0] == pytest.approx([given[slot] for slot in order[:4]])
        assert slots[len(order) :] == [-1] * max(0, 4 - len(order))
        assert shares.tolist() == pytest.approx([given[slot] if slot >= 0 else 0.0 for slot in slots])


@separations
def test_slopes(row: Claims, tiles: None) -> None:
    separation = row.build()
    sides = [numbers(3, 2).requires_grad_(), numbers(5, 2, seed=1).requires_grad_(), numbers(5, 2, seed=2)]
    beta, mask = torch.tensor(0.7, dtype=torch.float64, requires_grad=True), numbers(3, 5, seed=3) > -1
    mask[1] = False

    def value(query: Tensor, keys: Tensor, values: Tensor, beta: Tensor) -> Tensor:
        return read(query, keys, values, separation=separation, beta=beta, mask=mask).value

    assert torch.autograd.gradcheck(value, (*sides[:2], sides[2].requires_grad_(), beta), fast_mode=True)


@separations
def test_potentials(row: Claims, tiles: None) -> None:
    separation, query, keys = row.build(), numbers(2, 5, 4), numbers(9, 4, seed=1)
    found = reading.potential(query, keys, separation=separation, beta=0.6)
    torch.testing.assert_close(found, separation.potential(0.6 * query @ keys.T))


@separations
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_low_precision(row: Claims, dtype: torch.dtype) -> None:
    sides = [numbers(4, 8).to(dtype), numbers(9, 8, seed=1).to(dtype), numbers(9, 3, seed=2).to(dtype)]
    found = read(*sides, separation=row.build(), beta=0.3)
    wanted = read(*(side.double() for side in sides), separation=row.build(), beta=0.3)
    assert found.value.dtype == dtype
    near = 40 * torch.finfo(dtype).eps
    torch.testing.assert_close(found.value.double(), wanted.value, atol=near, rtol=near)


@similarities
@pytest.mark.parametrize("separation", [Softmax(), Linear()], ids=repr)
def test_similarities(row: Likeness, separation, tiles: None) -> None:
    similarity, query, keys, values = row.build(4), numbers(2, 5, 4), numbers(9, 4, seed=1), numbers(9, 3, seed=2)
    weights = separation.weights(0.6 * similarity(query, keys))
    for top in (None, 2):
        found = read(query, keys, values, similarity=similarity, separation=separation, beta=0.6, top=top)
        torch.testing.assert_close(found.value, weights @ values)


@similarities
def test_slopes_of_similarities(row: Likeness) -> None:
    similarity = row.build(2)
    trained = list(similarity.parameters()) if isinstance(similarity, torch.nn.Module) else []
    sides = [numbers(3, 2).requires_grad_(), numbers(5, 2, seed=1).requires_grad_(), numbers(5, 2, seed=2)]

    def value(query: Tensor, keys: Tensor, values: Tensor, *_: Tensor) -> Tensor:
        return read(query, keys, values, similarity=similarity).value

    assert torch.autograd.gradcheck(value, (*sides, *trained), fast_mode=True)


def test_linear_reads_are_the_matrix_of_hebb() -> None:
    query, keys, values = numbers(6, 4), numbers(9, 4, seed=1), numbers(9, 3, seed=2)
    found = read(query, keys, values, similarity=Dot(), separation=Linear(), beta=0.5)
    torch.testing.assert_close(found.value, 0.5 * query @ (keys.T @ values))


@pytest.mark.parametrize(
    ("query", "keys", "values"),
    [((2, 3, 5, 4), (3, 9, 4), (9, 3)), ((3, 5, 4), (9, 4), (3, 9, 3)), ((5, 4), (3, 9, 4), (2, 1, 9, 3))],
)
def test_heads_each_have_their_own_separation(query, keys, values, tiles: None) -> None:
    separation = LearnedEntmax(3, alpha=1.5, dtype=torch.float64)
    with torch.no_grad():
        separation.raw.copy_(torch.tensor([-2.0, 0.0, 2.0]))
    sides = numbers(*query), numbers(*keys, seed=1), numbers(*values, seed=2)
    mask, beta = numbers(3, 5, 9, seed=3) > -0.7, numbers(3, 1, 1, seed=4).abs() + 0.2
    mask[1, 2] = False
    scores = (sides[0] @ sides[1].mT * beta).masked_fill(~mask, -torch.inf)
    weights = separation.weights(scores)
    found = read(*sides, separation=separation, beta=beta, mask=mask, top=2)
    torch.testing.assert_close(found.value, weights @ sides[2])
    kept = torch.where(
        found.slots < 0, 0.0, weights.expand(*found.shares.shape[:-1], 9).gather(-1, found.slots.clamp(0))
    )
    torch.testing.assert_close(found.shares, kept)
    found.value.square().sum().backward()
    wanted = separation.raw.grad.clone()
    separation.raw.grad = None
    (separation.weights(scores) @ sides[2]).square().sum().backward()
    torch.testing.assert_close(wanted, separation.raw.grad)


def test_heads_that_are_not_there_are_said_to_be_missing() -> None:
    for lead in ((), (2,), (1,)):
        with pytest.raises(ShapeError, match=r"query or keys must have heads=3 as axis -3 .*; got shape \(.*5, 4\)"):
            read(numbers(*lead, 5, 4), numbers(9, 4), numbers(9, 4), separation=LearnedEntmax(3))
