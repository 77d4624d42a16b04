"""`read` against the line of mathematics that it is, over every way it can be taken."""

import gc
import importlib
import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hybridattn.attention import Cosine, Dot, Hard, NegativeSquaredEuclidean, Read, Similarity, Softmax, read
from hybridattn.attention.tiles import layout, rows
from hybridattn.errors import ArgumentError, ShapeError

BETA = 0.7
stream = importlib.import_module("hybridattn.attention.tiles.stream")  # likewise
reading = importlib.import_module("hybridattn.attention.read")  # the function has the name of its module


def numbers(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def stored(q: int, n: int, d: int = 5, v: int = 3, *, lead: tuple[int, ...] = (), dtype: torch.dtype = torch.float64):
    return numbers(*lead, q, d, dtype=dtype), numbers(n, d, seed=1, dtype=dtype), numbers(n, v, seed=2, dtype=dtype)


def dense(query, keys, values, *, beta=BETA, mask=None, prior=None):
    """Softmax attention and its log mass, written out slot by slot."""
    scores = torch.einsum("...qd,...nd->...qn", query, keys) * beta
    scores = scores if prior is None else scores + prior
    scores = scores if mask is None else torch.where(mask, scores, -torch.inf)
    weights = scores.exp()
    mass = weights.sum(-1)
    shares = torch.where(mass.unsqueeze(-1) > 0, weights / mass.unsqueeze(-1), 0.0)
    return torch.einsum("...qn,...nv->...qv", shares, values), mass.log(), shares


def best(shares: Tensor, k: int) -> list[list[int]]:
    rows = [sorted(range(len(row)), key=lambda i: (-row[i], i)) for row in shares.tolist()]
    return [([i for i in row if shares[r][i] > 0] + [-1] * k)[:k] for r, row in enumerate(rows)]


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a few hundred scores already too many to hold, so that small tests take the way of large reads."""
    for module in (layout, stream):
        monkeypatch.setattr(module, "TILE", 1 << 8)
    monkeypatch.setattr(reading, "_SMALL", 0)
    monkeypatch.setattr(rows, "TILE", 1 << 6)
    monkeypatch.setattr(stream, "_GROUP", 4)
    monkeypatch.setattr(stream, "_ROWS", 8)
    monkeypatch.setattr(stream, "_SPAN", 2)


@pytest.mark.parametrize(("q", "n"), [(1, 1), (2, 3), (9, 33), (20, 129), (1, 500), (70, 7)])
@pytest.mark.parametrize("biased", [False, True])
def test_large_and_small_reads_are_the_dense_softmax(
    q: int, n: int, biased: bool, request: pytest.FixtureRequest
) -> None:
    query, keys, values = stored(q, n)
    mask, prior = (numbers(q, n, seed=3) > -0.5, numbers(1, n, seed=4)) if biased else (None, None)
    value, mass, shares = dense(query, keys, values, mask=mask, prior=prior)
    ways = [read(query, keys, values, beta=BETA, mask=mask, prior=prior, top=4)]
    request.getfixturevalue("small_tiles")
    ways.append(read(query, keys, values, beta=BETA, mask=mask, prior=prior, top=4))
    for found in ways:
        torch.testing.assert_close(found.value, value)
        torch.testing.assert_close(found.log_mass, mass)
        assert found.slots.tolist() == best(shares, 4)
        expected = torch.where(found.slots < 0, 0.0, shares.gather(-1, found.slots.clamp(min=0)))
        torch.testing.assert_close(found.shares, expected)


@pytest.mark.parametrize(
    "lead", [((), (), ()), ((2, 3), (), ()), ((2, 3), (3,), (3,)), ((3,), (2, 1), (1, 3)), ((), (2,), ())]
)
def test_leading_axes_broadcast(lead: tuple[tuple[int, ...], ...], request: pytest.FixtureRequest) -> None:
    query, keys, values = numbers(*lead[0], 4, 5), numbers(*lead[1], 9, 5, seed=1), numbers(*lead[2], 9, 3, seed=2)
    value, mass, shares = dense(query, keys, values)
    lead_all = torch.broadcast_shapes(*lead)
    for _ in range(2):
        found = read(query, keys, values, beta=BETA, top=9)
        torch.testing.assert_close(found.value, value)
        torch.testing.assert_close(found.log_mass.expand(*lead_all, 4), mass.expand(*lead_all, 4))
        torch.testing.assert_close(found.shares.sum(-1), torch.ones(*lead_all, 4, dtype=torch.float64))
        torch.testing.assert_close(found.shares, shares.expand(*lead_all, 4, 9).gather(-1, found.slots))
        request.getfixturevalue("small_tiles")


def test_masks_priors_and_betas_with_leading_axes(small_tiles: None) -> None:
    query, keys, values = numbers(2, 3, 4, 5), numbers(3, 9, 5, seed=1), numbers(9, 3, seed=2)
    mask, prior, beta = numbers(3, 1, 9, seed=3) > -1, numbers(2, 1, 4, 1, seed=4), numbers(2, 1, 1, 1, seed=5).abs()
    value, mass, _ = dense(query * beta, keys, values, beta=1.0, mask=mask, prior=prior)
    found = read(query, keys, values, beta=beta, mask=mask, prior=prior, log_mass=True)
    torch.testing.assert_close(found.value, value)
    torch.testing.assert_close(found.log_mass, mass)


@pytest.mark.parametrize("similarity", [Dot(), Cosine(), NegativeSquaredEuclidean()])
@pytest.mark.parametrize("separation", [Softmax(), Hard()])
def test_every_combination_is_separation_of_beta_similarity_times_values(similarity, separation, small_tiles) -> None:
    query, keys, values = stored(6, 40)
    weights = separation.weights(BETA * similarity(query, keys))
    found = read(query, keys, values, similarity=similarity, separation=separation, beta=BETA, top=3)
    torch.testing.assert_close(found.value, weights @ values)
    assert found.slots.tolist() == best(weights, 3)
    assert (found.log_mass is None) == isinstance(separation, Hard)


@pytest.mark.parametrize("similarity", [Dot(), Cosine(), NegativeSquaredEuclidean()])
def test_gradients_of_value_shares_and_mass(similarity: Similarity, small_tiles: None) -> None:
    query, keys, values = (side.requires_grad_() for side in stored(3, 37))
    mask, prior = numbers(3, 37, seed=3) > -1, numbers(1, 37, seed=4).requires_grad_()
    beta = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)

    def parts(query, keys, values, beta, prior):
        found = read(query, keys, values, similarity=similarity, beta=beta, mask=mask, prior=prior, top=2)
        return found.value, found.log_mass, found.shares

    assert torch.autograd.gradcheck(parts, (query, keys, values, beta, prior), fast_mode=True)
    assert torch.autograd.gradcheck(parts, (query, keys, values, beta, prior.detach()), fast_mode=True)


def test_gradient_of_the_log_mass_is_beta_times_the_read_of_the_keys(small_tiles: None) -> None:
    query, keys, _ = stored(7, 50)
    query.requires_grad_()
    read(query, keys, keys, beta=BETA, log_mass=True).log_mass.sum().backward()
    torch.testing.assert_close(query.grad, BETA * dense(query.detach(), keys, keys)[0])


@pytest.mark.parametrize("similarity", [Dot(), Cosine(), NegativeSquaredEuclidean()])
@pytest.mark.parametrize("separation", [Softmax(), Hard()])
def test_potential_is_that_of_the_scores(similarity, separation, request: pytest.FixtureRequest) -> None:
    query, keys, _ = stored(9, 70, lead=(2,))
    wanted = separation.potential(BETA * similarity(query, keys))
    for _ in range(2):
        found = reading.potential(query, keys, similarity=similarity, separation=separation, beta=BETA)
        torch.testing.assert_close(found, wanted)
        request.getfixturevalue("small_tiles")
        request.getfixturevalue("monkeypatch").setattr(reading, "_SMALL", 0)


def test_rows_without_a_readable_slot_give_zero_and_no_nan_anywhere(request: pytest.FixtureRequest) -> None:
    query, keys, values = (side.requires_grad_() for side in stored(4, 11))
    mask = torch.ones(4, 11, dtype=torch.bool)
    mask[1] = False
    for separation, prior in itertools.product((Softmax(), Hard()), (None, torch.zeros(11).double().requires_grad_())):
        for _ in range(2):
            found = read(query, keys, values, separation=separation, mask=mask, prior=prior, top=2)
            assert found.value[1].eq(0).all()
            assert found.slots[1].tolist() == [-1, -1]
            assert found.shares[1].tolist() == [0.0, 0.0]
            outcome = found.value.sum() + found.shares.square().sum()
            if found.log_mass is not None:
                assert found.log_mass[1] == -torch.inf
                outcome = outcome + found.log_mass[[0, 2, 3]].sum()
            slopes = torch.autograd.grad(outcome, (query, keys, values), materialize_grads=True)
            assert all(slope.isfinite().all() for slope in slopes)
            assert slopes[0][1].eq(0).all()
        request.getfixturevalue("small_tiles")


@pytest.mark.parametrize("separation", [Softmax(), Hard()])
@pytest.mark.parametrize(("q", "n"), [(0, 4), (3, 0), (0, 0)])
def test_empty_reads(q: int, n: int, separation: Softmax | Hard) -> None:
    query, keys, values = stored(q, n)
    found = read(query, keys, values, separation=separation, top=2)
    assert found.value.shape == (q, 3)
    assert found.slots.shape == found.shares.shape == (q, 2)
    if n == 0:
        assert found.value.eq(0).all()
        assert found.slots.eq(-1).all()
    if n == 0 and isinstance(separation, Softmax):
        assert found.log_mass.eq(-torch.inf).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("q", [1, 2, 3, 300])
@pytest.mark.parametrize("n", [1023, 2049, 6000])
def test_equal_scores_go_to_the_lower_slot_whatever_the_batch(dtype: torch.dtype, q: int, n: int) -> None:
    keys = numbers(5, 16, dtype=dtype).repeat(n // 5 + 1, 1)[:n]  # key i is key i + 5
    query = numbers(300, 16, seed=1, dtype=dtype)
    winner = (query @ keys[:5].mT).argmax(-1)
    for part in (query[:q], torch.zeros_like(query[:q])):
        wanted = [[w, w + 5, w + 10] if part.any() else [0, 1, 2] for w in winner[:q].tolist()]
        for small in (1 << 40, 0):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(reading, "_SMALL", small)
                assert read(part, keys, keys, top=3).slots.tolist() == wanted


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 300), st.integers(0, 10**6))
def test_a_row_alone_reads_what_it_reads_in_a_batch(q: int, n: int, seed: int) -> None:
    query, keys = numbers(q, 8, seed=seed, dtype=torch.float32), numbers(n, 8, seed=seed + 1, dtype=torch.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_SMALL", 500)
        together, alone = read(query, keys, keys, top=3), read(query[-1:], keys, keys, top=3)
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one[-1:], other, atol=1e-5, rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=3, max_size=5), st.randoms(use_true_random=False))
def test_merging_reads_of_parts_in_any_order_is_the_read_of_the_whole(sizes: list[int], random) -> None:
    query, keys, values = stored(3, sum(sizes))
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    parts = []
    for start, size in zip(starts, sizes, strict=True):
        part = read(query, keys[start : start + size], values[start : start + size], beta=BETA, top=2)
        parts.append(part._replace(slots=torch.where(part.slots < 0, -1, part.slots + start)))
    while len(parts) > 1:  # a random tree of merges, over a random order
        random.shuffle(parts)
        parts.append(parts.pop().merge(parts.pop()))
    whole = read(query, keys, values, beta=BETA, top=2)
    for one, other in zip(parts[0], whole, strict=True):
        torch.testing.assert_close(one, other)


def test_merge_is_differentiable_beside_an_empty_read() -> None:
    query, keys, values = stored(3, 6)
    query.requires_grad_()
    empty = read(query, keys[:0], values[:0], log_mass=True)
    merged = empty.merge(read(query, keys, values, log_mass=True)).merge(empty)
    merged.value.sum().backward()
    whole = query.grad.clone()
    query.grad = None
    read(query, keys, values).value.sum().backward()
    torch.testing.assert_close(whole, query.grad)
    assert empty.merge(empty).log_mass.eq(-torch.inf).all()


def test_merge_without_log_mass_says_what_to_do() -> None:
    one = Read(torch.zeros(1, 2))
    with pytest.raises(ArgumentError, match=r"merge needs the log mass of both reads: read with Softmax\(\)"):
        one.merge(one)


def test_bfloat16_is_summed_in_float32() -> None:
    query, keys, values = (side.bfloat16() for side in stored(3, 4096, d=64))
    exact = dense(query.double(), keys.double(), values.double(), beta=0.1)
    for small in (1 << 40, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "_SMALL", small)
            found = read(query, keys, values, beta=0.1, top=4)
        assert found.value.dtype == torch.bfloat16
        assert found.log_mass.dtype == found.shares.dtype == torch.float32
        torch.testing.assert_close(found.value.double(), exact[0], atol=4e-3, rtol=8e-3)  # 2^-8, the grain of bfloat16
        torch.testing.assert_close(found.log_mass.double(), exact[1], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(found.shares.double(), exact[2].topk(4).values, atol=1e-5, rtol=1e-4)


def test_a_large_read_holds_no_matrix_of_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "TILE", 1 << 16)
    query, keys, values = stored(64, 1 << 15, d=8, v=4, dtype=torch.float32)
    sizes: list[int] = []

    class Sizes(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            sizes.extend(
                part.untyped_storage().nbytes() // 4
                for part in (out if isinstance(out, tuple | list) else [out])
                if isinstance(part, Tensor)
            )
            return out

    query.requires_grad_()
    gc.collect()
    with Sizes():
        read(query, keys, values, beta=0.5, top=3).log_mass.sum().backward()
    assert max(sizes) <= max(1 << 16, 8 * len(keys)) < query.shape[0] * keys.shape[0] // 2


Q, K, V = torch.zeros(2, 4), torch.zeros(3, 4), torch.zeros(3, 5)


@pytest.mark.parametrize(
    ("error", "message", "sides", "named"),
    [
        (ShapeError, r"query must end in d=4 as keys do; got shape \(2, 3\)", (torch.zeros(2, 3), K, V), {}),
        (ShapeError, r"values must hold n=3 slots as keys do; got shape \(2, 5\)", (Q, K, V[:2]), {}),
        (ShapeError, r"at least 2 axes; got shapes \(4,\)", (Q[0], K, V), {}),
        (ShapeError, r"leading axes .* must broadcast; got", (Q.expand(2, 2, 4), K.expand(3, 3, 4), V), {}),
        (ShapeError, r"mask must broadcast to \(2, 3\); got shape \(2, 4\)", (Q, K, V), {"mask": Q > 0}),
        (
            ShapeError,
            r"prior must broadcast to \(2, 3\); got shape \(5, 2, 3\)",
            (Q, K, V),
            {"prior": torch.zeros(5, 2, 3)},
        ),
        (ShapeError, r"beta must broadcast to \(2, 1\); got shape \(2, 3\)", (Q, K, V), {"beta": torch.ones(2, 3)}),
        (ArgumentError, r"share one floating-point dtype; got torch.float32, torch.float64", (Q, K.double(), V), {}),
        (ArgumentError, r"top must be at least 1, or None; got 0", (Q, K, V), {"top": 0}),
        (ArgumentError, r"mask must be bool, .*; got torch.float32", (Q, K, V), {"mask": torch.ones(2, 3)}),
        (ArgumentError, r"beta must be finite and at least 0; got -1", (Q, K, V), {"beta": -1}),
        (ArgumentError, r"beta must be finite and at least 0; got nan", (Q, K, V), {"beta": float("nan")}),
        (
            ArgumentError,
            r"log_mass is known for Softmax\(\) only; got Hard\(\)",
            (Q, K, V),
            {"separation": Hard(), "log_mass": True},
        ),
    ],
)
def test_bad_input_is_refused_in_words(error, message, sides, named) -> None:
    with pytest.raises(error, match=message):
        read(*sides, **named)
