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
from hybridattn.attention.tiles import equals, factors, layout, rows
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
    for module in (layout, stream, factors):
        monkeypatch.setattr(module, "TILE", 1 << 8)
    monkeypatch.setattr(reading, "_SMALL", 0)
    monkeypatch.setattr(rows, "TILE", 1 << 6)
    monkeypatch.setattr(factors, "GROUP", 4)
    monkeypatch.setattr(stream, "GROUP", 4)
    monkeypatch.setattr(factors, "_ROWS", 8)
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


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("d", [1, 3, 17, 64])
def test_one_key_in_every_slot_is_read_from_the_lowest(d: int, dtype: torch.dtype, threads: int) -> None:
    """More duplicates than candidates, in every tile, beside a better key that stands alone and a worse one."""
    query = numbers(9, d, dtype=dtype).abs()
    for n, q in ((40, 4), (96, 9), (257, 1), (1031, 3)):
        keys = numbers(1, d, seed=1, dtype=dtype).abs().repeat(n, 1)
        keys[n - 2], keys[1] = 2 * keys[0], 0.5 * keys[0]
        wanted = [[n - 2, 0, 2, 3]] * q
        for separation, small in ((Softmax(), 1 << 40), (Softmax(), 0), (Hard(), 0)):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(reading, "_SMALL", small)
                found = read(query[:q], keys, keys, separation=separation, top=4).slots.tolist()
                alike = read(query[:q], keys[2:-2], keys[2:-2], separation=separation, top=1).slots.tolist()
            assert found == (wanted if isinstance(separation, Softmax) else [[n - 2, -1, -1, -1]] * q)
            assert alike == [[0]] * q


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("similarity", [Dot(), Cosine(), NegativeSquaredEuclidean()])
def test_equals_across_the_borders_of_tiles(similarity: Similarity, dtype: torch.dtype, small_tiles: None) -> None:
    keys = numbers(7, 19, seed=1, dtype=dtype).repeat(29, 1)  # key i is key i + 7
    query = numbers(23, 19, dtype=dtype).expand(3, -1, -1)
    winner = similarity(query, keys[:7]).argmax(-1)
    mask = torch.arange(len(keys)) >= 7 * torch.arange(3)[:, None, None]  # the first, second or third of each is read
    for separation, k in ((Softmax(), 5), (Hard(), 1)):
        found = read(query, keys, keys, similarity=similarity, separation=separation, mask=mask, top=k).slots
        assert found.equal(7 * torch.arange(3)[:, None, None] + winner[..., None] + 7 * torch.arange(k))
        alone = [
            read(row, keys, keys, similarity=similarity, separation=separation, mask=mask, top=k)
            for row in query.split(1, 1)
        ]
        assert found.equal(torch.cat([one.slots for one in alone], -2))


@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_equals_among_few_slots_go_to_the_lower(n: int) -> None:
    keys, query = numbers(1, 6, seed=1).repeat(n, 1), numbers(4, 6)
    found = read(query, keys, keys, top=3)
    assert found.slots.tolist() == [[*range(min(n, 3)), *[-1] * (3 - n)]] * 4
    assert found.shares[:, : min(n, 3)].eq(found.shares[:, :1]).all()


@pytest.mark.parametrize("similarity", [Dot(), Cosine()])
def test_equal_keys_with_other_priors_are_ranked_by_these(similarity: Similarity, small_tiles: None) -> None:
    keys, query = numbers(1, 33, seed=1).repeat(90, 1), numbers(3, 33)
    prior = torch.tensor([0.0, 1.0, 1.0]).double().repeat(30)
    found = read(query, keys, keys, similarity=similarity, prior=prior, top=40).slots
    ones = [i for i in range(90) if i % 3]
    assert found.tolist() == [ones[:40]] * 3


@pytest.mark.parametrize("separation", [Softmax(), Hard()])
def test_a_zero_query_reads_the_lowest_slots(separation, request: pytest.FixtureRequest) -> None:
    keys, query = numbers(300, 7, seed=1), torch.cat((torch.zeros(2, 7), numbers(1, 7)))
    for _ in range(2):
        found = read(query, keys, keys, separation=separation, top=3).slots
        assert found[:2].tolist() == [[0, 1, 2] if isinstance(separation, Softmax) else [0, -1, -1]] * 2
        request.getfixturevalue("small_tiles")


def test_slots_that_share_a_mark_are_told_apart_by_sorting(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = torch.tensor([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], [0.0, 1.0], [3.0, 4.0], [-0.0, 1.0]])[None]
    assert equals.first_equals(keys).tolist() == [[0, 1, 0, 3, 1, 3]]
    assert equals.first_equals(keys[:, [0, 1, 3]]) is None
    monkeypatch.setattr(equals, "_marks", lambda keys: torch.zeros(keys.shape[:-1]))
    assert equals.first_equals(keys).tolist() == [[0, 1, 0, 3, 1, 3]]


def test_equal_keys_keep_their_own_slopes() -> None:
    query, keys, _ = stored(2, 3)
    keys = keys.repeat(2, 1).requires_grad_()
    found = read(query, keys, numbers(6, 3), similarity=NegativeSquaredEuclidean(), top=2)
    (mine,) = torch.autograd.grad(found.value.sum(), keys)
    weights = torch.softmax(NegativeSquaredEuclidean()(query, keys), -1)
    (theirs,) = torch.autograd.grad((weights @ numbers(6, 3)).sum(), keys)
    torch.testing.assert_close(mine, theirs)


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
    for module in (stream, factors):
        monkeypatch.setattr(module, "TILE", 1 << 16)
    monkeypatch.setattr(reading, "_SMALL", 1 << 16)
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


HUGE = [1e30, torch.finfo(torch.float32).max]
ALL = [Dot(), Cosine(), NegativeSquaredEuclidean()]


@pytest.mark.parametrize("beta", HUGE)
@pytest.mark.parametrize("similarity", ALL)
@pytest.mark.parametrize("top", [None, 3])
def test_a_huge_beta_reads_the_best_key_and_equals_in_equal_parts(beta, similarity, top, request) -> None:
    query, keys, values = stored(4, 60, dtype=torch.float32)
    best_two = similarity(query, keys).topk(2)
    assert (best_two.values[:, 0] - best_two.values[:, 1]).min() > 1e-3
    twice, both = torch.cat((keys, keys)), torch.cat((values, 3 * values))
    query.requires_grad_()
    for _ in range(2):
        found = read(query, twice, both, similarity=similarity, beta=beta, top=top)
        torch.testing.assert_close(found.value, 2 * values[best_two.indices[:, 0]])
        if top:
            assert found.slots[:, :2].tolist() == [[i, i + 60] for i in best_two.indices[:, 0].tolist()]
        (slope,) = torch.autograd.grad(found.value.sum(), query)
        assert not slope.isnan().any()
        request.getfixturevalue("small_tiles")


@pytest.mark.parametrize("beta", [0.0, 1e-40, 1e-45, 1e-300])
@pytest.mark.parametrize("similarity", ALL)
def test_a_beta_too_small_to_matter_reads_the_mean(beta: float, similarity: Similarity) -> None:
    query, keys, values = stored(3, 40, dtype=torch.float32)
    for top in (None, 2):
        query = query.detach().requires_grad_()
        found = read(query, keys, values, similarity=similarity, beta=beta, top=top)
        torch.testing.assert_close(found.value, values.mean(0).expand(3, -1))
        assert torch.autograd.grad(found.value.sum(), query)[0].isfinite().all()


@pytest.mark.parametrize("similarity", ALL)
@pytest.mark.parametrize("top", [None, 2])
def test_zero_vectors_and_exact_matches_have_finite_slopes(similarity: Similarity, top: int | None) -> None:
    query, keys, values = stored(3, 6)
    query, keys = torch.cat((query, keys[:2], torch.zeros(1, 5))), torch.cat((keys, torch.zeros(1, 5), keys[:1]))
    query, keys, values = query.requires_grad_(), keys.requires_grad_(), numbers(8, 3).requires_grad_()
    found = read(query, keys, values, similarity=similarity, top=top)
    weights = torch.softmax(similarity(query, keys), -1)
    torch.testing.assert_close(found.value, weights @ values)
    slopes = torch.autograd.grad(found.value.square().sum(), (query, keys, values))
    wanted = torch.autograd.grad((weights @ values).square().sum(), (query, keys, values))
    for mine, theirs in zip(slopes, wanted, strict=True):
        assert mine.isfinite().all()
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("top", [None, 2])
def test_a_read_of_nothing_is_zero_and_has_slopes_of_zero(top: int | None) -> None:
    query, keys, values = (side.requires_grad_() for side in stored(3, 4))
    none, masked = (
        read(query, keys[:0], values[:0], top=top),
        read(query, keys, values, mask=torch.zeros(3, 4) > 0, top=top),
    )
    for found in (none, masked):
        assert found.value.eq(0).all()
        slopes = torch.autograd.grad(found.value.sum(), query, allow_unused=True, materialize_grads=True)
        assert slopes[0].eq(0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("similarity", ALL)
@pytest.mark.parametrize("separation", [Softmax(), Hard()])
def test_half_precision_is_summed_in_float32(dtype, similarity, separation, small_tiles) -> None:
    query, keys, values = (side.to(dtype) for side in stored(5, 300, d=16))
    wide = [side.float() for side in (query, keys, values)]
    weights = separation.weights(BETA * similarity(*wide[:2]))
    for top in (None, 3):
        found = read(query, keys, values, similarity=similarity, separation=separation, beta=BETA, top=top)
        assert found.value.dtype == dtype
        grain = 2 * torch.finfo(dtype).eps
        # Without a top, Cosine's factors are rounded to the dtype before they are multiplied.
        off = 4 * grain if isinstance(similarity, Cosine) else grain
        torch.testing.assert_close(found.value.float(), weights @ wide[2], atol=off, rtol=off)


def test_a_query_that_is_not_finite_spoils_its_own_row_only(request: pytest.FixtureRequest) -> None:
    query, keys, values = stored(4, 70)
    broken = query.clone()
    broken[1, 0], broken[2, 0] = torch.nan, torch.inf
    for _ in range(2):
        for top in (None, 2):
            found, whole = read(broken, keys, values, top=top), read(query, keys, values, top=top)
            assert found.value[1:3].isnan().all()
            torch.testing.assert_close(found.value[[0, 3]], whole.value[[0, 3]])
        request.getfixturevalue("small_tiles")


class Signed:
    """Weights that are the scores themselves: neither positive nor a share of one."""

    def weights(self, scores: Tensor) -> Tensor:
        return scores.masked_fill(scores == -torch.inf, 0.0)

    def potential(self, scores: Tensor) -> Tensor:
        return self.weights(scores).square().sum(-1) / 2


def test_top_ranks_weights_by_magnitude_and_shares_are_the_weights() -> None:
    keys = torch.tensor([[1.0], [-3.0], [0.0], [2.0], [-2.0]])
    found = read(torch.tensor([[2.0]]), keys, keys, separation=Signed(), top=5)
    assert found.slots.tolist() == [[1, 3, 4, 0, -1]]
    assert found.shares.tolist() == [[-6.0, 4.0, -4.0, 2.0, 0.0]]
    assert found.value.item() == 2.0 * (1 + 9 + 4 + 4)


@pytest.mark.parametrize("named", [{"log_mass": True}, {"top": 2}])
def test_small_reads_with_mass_are_differentiable_twice_and_large_ones_say_no(named, request) -> None:
    query, keys, values = stored(2, 9)
    sides = query.requires_grad_(), keys.requires_grad_()
    assert torch.autograd.gradgradcheck(lambda *two: read(*two, values, **named).value, sides)
    request.getfixturevalue("small_tiles")
    (slope,) = torch.autograd.grad(read(*sides, values, **named).value.sum(), query, create_graph=True)
    with pytest.raises(ArgumentError, match="differentiable once, not twice"):
        slope.square().sum().backward()


def test_reads_under_vmap() -> None:
    query, keys, values = stored(3, 40, lead=(4,))
    for named in ({}, {"log_mass": True}):
        found = torch.vmap(lambda one: read(one, keys, values, **named).value)(query)  # noqa: B023
        torch.testing.assert_close(found, read(query, keys, values, **named).value)


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
        (ArgumentError, r"beta must be at most 3.40282e\+38, .* torch.float32; got 1e\+39", (Q, K, V), {"beta": 1e39}),
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


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("offset", [0.0, -1e5, 3e5])
def test_priors_beyond_half_precision_are_read_alike_in_every_path(dtype, offset) -> None:
    """float16 ends at 65504, and bfloat16 has 8 bits: a prior that all slots share may not hide what they differ by."""
    query, keys, values = stored(4, 6, dtype=dtype)
    prior = (torch.arange(24.0).reshape(4, 6) / 4 + offset).float()
    prior[0, 2], prior[1] = -torch.inf, -torch.inf
    mask = torch.tensor([True] * 5 + [False])
    wide = (side.double() for side in (query, keys, values))
    wanted = dense(*wide, beta=1.0, mask=mask, prior=prior.double() - offset)[0]
    for named in ({}, {"log_mass": True}, {"top": 2}):
        found = read(query, keys, values, mask=mask, prior=prior, **named).value
        torch.testing.assert_close(found.double(), wanted, atol=0.03, rtol=0)


def test_a_prior_of_float64_leaves_dtypes_alone(request: pytest.FixtureRequest) -> None:
    query, keys, values = stored(4, 40, dtype=torch.float32)
    for _ in range(2):
        for separation in (Softmax(), Hard()):
            found = read(query, keys, values, prior=numbers(4, 40), separation=separation, top=3)
            assert {part.dtype for part in (found.value, found.shares)} == {torch.float32}
            assert found.log_mass is None or found.log_mass.dtype == torch.float32
        request.getfixturevalue("small_tiles")


def test_keys_without_width_are_all_alike() -> None:
    found = read(torch.zeros(2, 0), torch.zeros(4, 0), torch.eye(4), top=2)
    assert found.slots.tolist() == [[0, 1], [0, 1]]
    torch.testing.assert_close(found.value, torch.full((2, 4), 0.25))


@pytest.mark.parametrize(("b", "q", "d"), [(0, 4, 3), (2, 0, 3), (2, 4, 0)])
@pytest.mark.parametrize("top", [1, 50])
def test_a_top_of_nothing(request: pytest.FixtureRequest, b: int, q: int, d: int, top: int) -> None:
    query, keys, values = numbers(b, q, d), numbers(b, 40, d), numbers(b, 40, 3)
    for _ in range(2):
        found = read(query, keys, values, top=top)
        assert found.slots.shape == found.shares.shape == (b, q, top)
        assert found.slots.equal(torch.arange(top).where(torch.arange(top) < 40, -1).expand(b, q, top))
        torch.testing.assert_close(found.value, values.mean(1, keepdim=True).expand(b, q, 3))
        request.getfixturevalue("small_tiles")


def test_reads_of_other_queries_do_not_merge() -> None:
    one, other = (read(*stored(q, 3), log_mass=True) for q in (2, 4))
    with pytest.raises(ShapeError, match=r"^merge needs values of the same queries and width; got shapes \(2, 3\) and"):
        one.merge(other)
