"""Linear attention is the read of features, and random features estimate the softmax."""

import math

import pytest
import torch
from torch import Tensor, nn

from hybridattn import (
    DPFP,
    FAVOR,
    ArgumentError,
    EluPlusOne,
    InFeatures,
    Linear,
    LinearAttentionMemory,
    MeanShift,
    ShapeError,
    linear_attention,
    linear_attention_loop,
    linearised_read,
    load,
    read,
    save,
)
from hybridattn.attention.linearised.favor import orthogonal_normals

MAPS = {"elu": EluPlusOne(), "dpfp": DPFP(2), "favor": FAVOR(6, 32)}


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def three(n: int, q: int | None = None, lead: tuple[int, ...] = (2, 3)) -> list[Tensor]:
    return [numbers(*lead, q or n, 6), numbers(*lead, n, 6, seed=1), numbers(*lead, n, 5, seed=2)]


def elu_by_hand(x: Tensor) -> Tensor:
    return torch.where(x > 0, x + 1, x.exp())


@pytest.mark.parametrize("n", [1, 63, 100])
def test_the_plain_formula(n: int) -> None:
    sides = [side.requires_grad_() for side in three(n, 7)]
    query, keys, values = sides
    weights = elu_by_hand(query) @ elu_by_hand(keys).mT
    wanted = weights / weights.sum(-1, keepdim=True) @ values
    found = linearised_read(*sides)
    torch.testing.assert_close(found, wanted)
    slope = numbers(*wanted.shape, seed=5)
    slopes = [torch.autograd.grad((value * slope).sum(), sides) for value in (found, wanted)]
    for mine, theirs in zip(*slopes, strict=True):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("name", MAPS)
def test_the_read_of_features_and_the_memory_are_the_same(name: str) -> None:
    query, keys, values = three(30, 7, lead=())
    wanted = read(query, keys, values, similarity=InFeatures(MAPS[name]), separation=MeanShift(Linear()), top=2)
    torch.testing.assert_close(linearised_read(query, keys, values, feature_map=MAPS[name]), wanted.value)
    memory = LinearAttentionMemory(6, 5, feature_map=MAPS[name], dtype=torch.float64)
    memory.write(keys[:20], values[:20])
    memory.write(keys[20:], values[20:])
    torch.testing.assert_close(memory.read(query).value, wanted.value)


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("n", [1, 63, 100])
def test_the_causal_one_is_the_masked_read_of_features(name: str, n: int) -> None:
    query, keys, values = three(n)
    allowed = torch.ones(n, n, dtype=torch.bool).tril()
    parts = {"similarity": InFeatures(MAPS[name]), "separation": MeanShift(Linear()), "mask": allowed}
    found = linear_attention(query, keys, values, feature_map=MAPS[name]).output
    torch.testing.assert_close(found, read(query, keys, values, **parts).value)


def test_slots_that_are_not_there_are_not_read() -> None:
    query, keys, values = three(20, 4)
    there = torch.arange(20) < torch.tensor([20, 13]).view(2, 1, 1)
    keys[1, :, 13:], values[1, :, 13:] = math.nan, math.nan
    found = linearised_read(query, keys, values, slots=there)
    torch.testing.assert_close(found[1], linearised_read(query[1], keys[1, :, :13], values[1, :, :13]))
    assert (linearised_read(query, keys, values, slots=torch.zeros(20, dtype=torch.bool)) == 0).all()
    assert linearised_read(query, keys[..., :0, :], values[..., :0, :]).eq(0).all()
    assert linearised_read(query[..., :0, :], keys, values).shape == (2, 3, 0, 5)


@pytest.mark.parametrize(("q", "n"), [(8, 8), (5, 100), (100, 63), (1, 1)])
def test_performers_of_their_package(q: int, n: int) -> None:
    peer = pytest.importorskip("performer_pytorch.performer_pytorch", reason="needs performer-pytorch, of `peers`")
    query, keys, values = (side.float() for side in three(n, q))
    phi = FAVOR(6, 48, seed=3)
    named = {"projection_matrix": phi.projection, "eps": 0.0}  # its eps is none of the paper's, and biases the estimate
    asked = peer.softmax_kernel(query, is_query=True, **named)
    stored = peer.softmax_kernel(keys, is_query=False, **named)
    wanted = peer.linear_attention(asked, stored, values)
    found = linearised_read(query * 6**-0.25, keys * 6**-0.25, values, feature_map=phi)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)


def test_causal_performers_of_their_package() -> None:
    peer = pytest.importorskip("performer_pytorch.performer_pytorch", reason="needs performer-pytorch, of `peers`")
    query, keys, values = (side.float() for side in three(100))
    phi = FAVOR(6, 32)
    wanted = peer.causal_linear_attention_noncuda(phi(query), phi(keys), values, chunk_size=7, eps=0.0)
    found = linear_attention(query, keys, values, feature_map=phi).output
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)


def test_features_estimate_the_exponential_without_bias() -> None:
    """E phi(x) . phi(y) = exp(x . y), with the variance of lemma 2 of Choromanski et al. 2021 at most (rows apart)."""
    x, y = 0.4 * numbers(6), 0.4 * numbers(6, seed=1)
    found = torch.stack([FAVOR(6, 60, seed=seed)(x) @ FAVOR(6, 60, seed=seed)(y) for seed in range(400)])
    wanted = (x @ y).exp()
    variance = (wanted**2 * ((x + y).square().sum().exp() - 1)) / 60
    assert abs(found.mean() - wanted) < 4 * (variance / 400).sqrt()
    assert found.var() < 1.2 * variance


def test_more_features_come_nearer_to_the_softmax() -> None:
    query, keys, values = (0.3 * side for side in three(50))
    wanted = torch.softmax(query @ keys.mT, -1) @ values
    errors = []
    for features in (64, 1024, 16_384):
        found = linearised_read(query, keys, values, feature_map=FAVOR(6, features))
        errors.append((found - wanted).square().mean().sqrt() / wanted.square().mean().sqrt())
    assert errors[1] < errors[0] / 2
    assert errors[2] < errors[1] / 2
    assert errors[2] < 0.03


def test_rows_are_orthogonal_in_groups_and_as_long_as_normal_ones() -> None:
    rows = orthogonal_normals(2000, 8, generator=torch.Generator().manual_seed(0))
    lengths = rows.norm(dim=-1)
    for group in (rows / lengths.unsqueeze(-1)).split(8):
        torch.testing.assert_close(group @ group.mT, torch.eye(8), atol=1e-5, rtol=0)
    assert abs(lengths.square().mean() - 8) < 4 * math.sqrt(16 / 2000)
    assert (rows.mean(0).abs() < 4 / math.sqrt(2000)).all()
    torch.testing.assert_close(rows.mT @ rows / 2000, torch.eye(8), atol=0.12, rtol=0)


def test_features_of_huge_vectors_are_finite() -> None:
    huge = torch.full((4, 6), 1e15)
    for phi in (FAVOR(6, 16), FAVOR(6, 16, seed=2)):
        assert phi(huge).isfinite().all()
        assert linearised_read(huge, huge, huge, feature_map=phi).eq(0).all()
    tall = FAVOR(6, 16)
    tall.projection.mul_(30)
    assert linearised_read(tall.projection[:6, :6], tall.projection, tall.projection, feature_map=tall).isfinite().all()


def test_a_memory_of_random_features_is_saved_with_its_rows(tmp_path) -> None:
    memory = LinearAttentionMemory(6, 5, feature_map=FAVOR(6, 32, seed=4))
    assert isinstance(memory.feature_map, nn.Module)
    memory.feature_map.projection.mul_(1.5)
    query, keys, values = (side.float() for side in three(9, 2, lead=()))
    memory.write(keys, values)
    save(memory, tmp_path / "favor")
    assert torch.equal(load(tmp_path / "favor").read(query).value, memory.read(query).value)


def test_wrong_input() -> None:
    query, keys, values = three(9)
    with pytest.raises(ArgumentError, match=r"^slots must be bool, True where there is a slot; got torch.float64$"):
        linearised_read(query, keys, values, slots=torch.ones(9, dtype=torch.float64))
    with pytest.raises(ShapeError, match=r"^mask must broadcast to \(2, 3, 9, 9\); got shape \(1, 8\)$"):
        linearised_read(query, keys, values, slots=torch.ones(8, dtype=torch.bool))
    with pytest.raises(ShapeError, match=r"^values must hold n=9 slots as keys do"):
        linearised_read(query, keys, values[..., 1:, :])
    with pytest.raises(ShapeError, match=r"^vectors must end in dim=5; got width 6$"):
        linearised_read(query, keys, values, feature_map=FAVOR(5, 8))
    with pytest.raises(ArgumentError, match=r"^features must be at least 1; got 0$"):
        FAVOR(5, 0)


@pytest.mark.parametrize("normalise", [True, False])
def test_a_long_sequence_is_the_same_in_segments(normalise: bool) -> None:
    """Against one position after the other, whose last positions start from the state of the first."""
    sides = [numbers(2, 4200, 3, seed=seed).requires_grad_() for seed in range(3)]
    found, state = linear_attention(*sides, normalise=normalise)
    first = linear_attention(*(side[:, :4000] for side in sides), normalise=normalise)
    rest, last = linear_attention_loop(*(side[:, 4000:] for side in sides), normalise=normalise, state=first.state)
    wanted = torch.cat((first.output, rest), 1)
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(state, last)
    slope = numbers(*found.shape, seed=5)
    slopes = [torch.autograd.grad((value * slope).sum(), sides, retain_graph=True) for value in (found, wanted)]
    for mine, theirs in zip(*slopes, strict=True):
        torch.testing.assert_close(mine, theirs)
