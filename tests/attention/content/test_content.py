"""Reads by groups and by hashes are reads under the masks that they never hold."""

import math

import pytest
import torch
from torch import Tensor

from hybridattn import (
    LSH,
    ArgumentError,
    Causal,
    GaussianPrior,
    NegativeSquaredEuclidean,
    Places,
    RandomBlocks,
    ShapeError,
    Sparsemax,
    TopSoftmax,
    grouped_read,
    hashed_read,
    nearest_clusters,
    read,
)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def three(n: int, q: int | None = None, lead: tuple[int, ...] = (2, 3)) -> list[Tensor]:
    return [numbers(*lead, q or n, 6), numbers(*lead, n, 6, seed=1), numbers(*lead, n, 5, seed=2)]


def groups(*shape: int, some: int, seed: int = 0) -> Tensor:
    return torch.randint(some, shape, generator=torch.Generator().manual_seed(seed))


def lsh(buckets: int = 8, rounds: int = 1) -> LSH:
    return LSH(6, buckets, rounds=rounds, generator=torch.Generator().manual_seed(4))


def plain(query: Tensor, keys: Tensor, values: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
    scores = (0.5 * query @ keys.mT).masked_fill(~allowed, -math.inf)
    mass = scores.logsumexp(-1)
    return (scores - mass.masked_fill(mass == -math.inf, 0.0).unsqueeze(-1)).exp() @ values, mass


def same_slopes(found: Tensor, wanted: Tensor, sides: list[Tensor]) -> None:
    slope = numbers(*found.shape, seed=5)
    slopes = [torch.autograd.grad((value * slope).sum(), sides) for value in (found, wanted)]
    for mine, theirs in zip(*slopes, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("q", "n"), [(1, 1), (63, 63), (100, 100), (9, 40)])
@pytest.mark.parametrize("causal", [False, True])
def test_a_read_by_groups(q: int, n: int, causal: bool) -> None:
    sides = [side.requires_grad_() for side in three(n, q)]
    rows, stored = groups(2, 3, q, some=6), groups(2, 3, n, some=7, seed=1)
    allowed = rows.unsqueeze(-1) == stored.unsqueeze(-2)
    if causal:
        allowed = allowed & (torch.arange(n) <= torch.arange(q).unsqueeze(-1) + n - q)
    wanted, mass = plain(*sides, allowed)
    places = Places(Causal() if causal else None, start=n - q)
    found = grouped_read(*sides, (rows, stored), places=places, beta=0.5, log_mass=True)
    assert found.log_mass is not None
    torch.testing.assert_close(found.value, wanted, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(found.log_mass, mass, atol=1e-6, rtol=1e-6)
    same_slopes(found.value, wanted, sides)


def test_any_parts_and_the_best_slots() -> None:
    query, keys, values = three(50, 20)
    rows, stored = groups(20, some=3), groups(50, some=3, seed=1)
    allowed = rows.unsqueeze(-1) == stored
    parts = {"similarity": NegativeSquaredEuclidean(), "separation": Sparsemax(), "top": 4}
    found = grouped_read(query, keys, values, (rows, stored), **parts)
    wanted = read(query, keys, values, mask=allowed, **parts)
    for mine, theirs in zip(found, wanted, strict=True):
        if mine is not None:
            torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("rounds", [1, 2, 5])
@pytest.mark.parametrize(("q", "n"), [(1, 1), (63, 63), (100, 100), (9, 40)])
def test_a_read_by_hashes_is_the_softmax_over_all_that_meet(rounds: int, q: int, n: int) -> None:
    sides = [side.requires_grad_() for side in three(n, q)]
    one = lsh(rounds=rounds)
    allowed = (one(sides[0]).unsqueeze(-1) == one(sides[1]).unsqueeze(-2)).any(0)
    wanted, mass = plain(*sides, allowed)
    found = hashed_read(*sides, one, beta=0.5, log_mass=True)
    assert found.log_mass is not None
    torch.testing.assert_close(found.value, wanted, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(found.log_mass, mass, atol=1e-6, rtol=1e-6)
    same_slopes(found.value, wanted, sides)
    assert hashed_read(*sides, one, beta=0.5).log_mass is None


def test_slots_that_are_not_there_are_not_read() -> None:
    query, keys, values = three(30, 10)
    there = torch.arange(30) < torch.tensor([30, 17]).view(2, 1, 1)
    keys[1, :, 17:], values[1, :, 17:] = math.nan, math.nan
    for act in (
        lambda q, k, v, **more: hashed_read(q, k, v, lsh(rounds=3), **more).value,
        lambda q, k, v, **more: (
            grouped_read(q, k, v, (groups(10, some=2), groups(30, some=2)[: k.shape[-2]]), **more).value
        ),
    ):
        found = act(query, keys, values, slots=there)
        torch.testing.assert_close(found[1], act(query[1], keys[1, :, :17], values[1, :, :17]))
        torch.testing.assert_close(found[0], act(query[0], keys[0], values[0]))
        assert (act(query, keys, values, slots=torch.zeros(30, dtype=torch.bool)) == 0).all()


@pytest.mark.parametrize("rounds", [1, 3])
def test_keys_for_all_of_a_batch(rounds: int) -> None:
    query, keys, values = three(20, 9)
    one = lsh(rounds=rounds)
    for k, v in ((keys[0], values[0]), (keys[0, 0], values[0, 0]), (keys[:1], values)):
        rows, stored = one(query), one(k.expand(2, 3, 20, 6))
        wanted, _ = plain(query, k, v, (rows.unsqueeze(-1) == stored.unsqueeze(-2)).any(0))
        torch.testing.assert_close(hashed_read(query, k, v, one, beta=0.5).value, wanted)
    assert hashed_read(query[:0], keys[0], values[0], one).value.shape == (0, 3, 9, 5)


@pytest.mark.parametrize(("q", "n"), [(0, 4), (4, 0), (0, 0)])
def test_empty_sequences(q: int, n: int) -> None:
    query, keys, values = numbers(2, q, 6), numbers(2, n, 6), numbers(2, n, 5)
    for found in (
        hashed_read(query, keys, values, lsh(rounds=2), log_mass=True),
        grouped_read(query, keys, values, (groups(q, some=2), groups(n, some=2)), log_mass=True),
    ):
        assert found.value.shape == (2, q, 5)
        assert (found.value == 0).all()
        assert found.log_mass is not None
        assert (found.log_mass == -math.inf).all()


def test_the_future_changes_nothing() -> None:
    query, keys, values = three(40)
    before = hashed_read(query, keys, values, lsh(rounds=2), places=Places(Causal())).value
    keys[..., 25:, :], values[..., 25:, :] = 7.0, -7.0
    after = hashed_read(query, keys, values, lsh(rounds=2), places=Places(Causal())).value
    torch.testing.assert_close(before[..., :25, :], after[..., :25, :])
    assert not torch.allclose(before[..., 25:, :], after[..., 25:, :])


def test_hashes_by_hand_and_their_chances() -> None:
    """Two directions an angle t apart share one of two buckets with chance 1 - t / pi (Goemans and Williamson 1995)."""
    one = lsh()
    x = numbers(20, 6)
    turned = x @ one.directions[0].double()
    both = torch.cat((turned, -turned), -1)
    assert one(x)[0].tolist() == [row.tolist().index(max(row.tolist())) for row in both]
    assert torch.equal(one(3 * x), one(x))
    assert (one(-x) == (one(x) + 4) % 8).all()
    many = lsh(buckets=2, rounds=4000)
    y = torch.stack((numbers(6), numbers(6, seed=3)))
    angle = torch.acos(torch.cosine_similarity(y[0], y[1], 0))
    met = (many(y)[:, 0] == many(y)[:, 1]).double().mean()
    assert abs(met - (1 - angle / math.pi)) < 4 * 0.5 / math.sqrt(4000)


def test_rows_go_to_the_nearest_centre() -> None:
    query, keys, _ = three(40, 9, lead=())
    rows, stored = nearest_clusters(query, keys, 5)
    centres = torch.stack([keys[stored == c].mean(0) for c in range(5)])
    assert torch.equal(rows, torch.cdist(query, centres).argmin(-1))
    there = torch.arange(40) < 20
    rows, _ = nearest_clusters(query, keys, 30, slots=there)
    _, stored = nearest_clusters(query, keys, 30, slots=there)
    assert set(rows.tolist()) <= set(stored[:20].tolist())


def test_the_best_k_by_score_are_a_separation() -> None:
    query, keys, values = three(40, 9)
    scores = query @ keys.mT
    least = scores.topk(5, -1).values[..., -1:]
    wanted = scores.masked_fill(scores < least, -math.inf).softmax(-1) @ values
    torch.testing.assert_close(read(query, keys, values, separation=TopSoftmax(5)).value, wanted)


def test_wrong_input() -> None:
    query, keys, values = three(12, 5)
    rows, stored = groups(5, some=2), groups(12, some=2)
    with pytest.raises(ShapeError, match=r"^row groups must be int64 and end in 5; got torch.int64 \(12,\)$"):
        grouped_read(query, keys, values, (stored, stored))
    with pytest.raises(ShapeError, match=r"^slot groups must be int64 and end in 12; got torch.float32 \(12,\)$"):
        grouped_read(query, keys, values, (rows, stored.float()))
    with pytest.raises(ArgumentError, match=r"^slot groups must be at least 0; got -1$"):
        grouped_read(query, keys, values, (rows, stored - 1))
    with pytest.raises(ShapeError, match=r"^row groups must broadcast to \(2, 3, 5\); got shape \(4, 5\)$"):
        grouped_read(query, keys, values, (groups(4, 5, some=2), stored))
    with pytest.raises(ShapeError, match=r"^slot groups must broadcast to \(2, 3, 12\); got shape \(1, 1, 1, 12\)$"):
        grouped_read(query, keys, values, (rows, stored[None, None, None]))
    short = Places(RandomBlocks(11, size=4, generator=torch.Generator().manual_seed(0)))
    for act in (
        lambda p: grouped_read(query, keys, values, (rows, stored), places=p),
        lambda p: hashed_read(query, keys, values, lsh(), places=p),
    ):
        with pytest.raises(ShapeError, match=r"^positions must be below length=11; got rows to 4, 12 slots$"):
            act(short)
    with pytest.raises(ArgumentError, match=r"^clusters must be at least 1; got 0$"):
        nearest_clusters(query, keys, 0)
    with pytest.raises(ShapeError, match=r"^query must end in d=5 as keys do"):
        nearest_clusters(query, keys[..., :5], 2)
    with pytest.raises(ArgumentError, match=r"^a read by groups takes slots \(..., n\) and places, no mask or prior"):
        grouped_read(query, keys, values, (rows, stored), mask=torch.ones(5, 12, dtype=torch.bool))
    with pytest.raises(ArgumentError, match=r"^a read by groups takes slots"):
        grouped_read(query, keys, values, (rows, stored), places=Places(prior=GaussianPrior(1.0)))
    with pytest.raises(ArgumentError, match=r"^top must be None: rounds of hashing may name a slot twice; got 2$"):
        hashed_read(query, keys, values, lsh(), top=2)
    with pytest.raises(ShapeError, match=r"^query must end in d=5 as keys do"):
        hashed_read(query, keys[..., :5], values, lsh())
    with pytest.raises(ShapeError, match=r"^vectors must end in dim=6; got shape \(2, 3, 12, 5\)$"):
        lsh()(values)
    with pytest.raises(ArgumentError, match=r"^buckets must be even and at least 2; got 3$"):
        lsh(buckets=3)
    with pytest.raises(ArgumentError, match=r"^rounds must be at least 1; got 0$"):
        lsh(rounds=0)
