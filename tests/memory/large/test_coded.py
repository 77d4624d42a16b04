"""Scores in fewer bits: bounds that hold, best slots that are right, reads that are off by no more than they say."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import normalize

from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError
from hybridattn.memory import Bfloat16Codes, CodedBlocks, Int8Codes, TensorBlocks, read_coded

codings = pytest.mark.parametrize("coding", [Bfloat16Codes(), Int8Codes()], ids=["bfloat16", "int8"])


def clustered(n: int, d: int = 16, seed: int = 0, spread: float = 0.4, c: int = 10) -> tuple[Tensor, Tensor, Tensor]:
    """Keys in c clusters, values of their own, and queries near stored keys."""
    generator = torch.Generator().manual_seed(seed)
    centres = normalize(torch.randn(c, d, generator=generator), dim=-1)
    keys = centres[torch.randint(c, (n,), generator=generator)]
    keys = normalize(keys + spread * torch.randn(n, d, generator=generator) / d**0.5, dim=-1)
    values = torch.randn(n, 5, generator=generator)
    query = keys[torch.randint(n, (12,), generator=generator)] + 0.1 * torch.randn(12, d, generator=generator)
    return keys, values, query


def by_hand(query: Tensor, keys: Tensor, values: Tensor, beta: float) -> tuple[Tensor, Tensor]:
    scores = beta * query.double() @ keys.double().T
    return torch.softmax(scores, -1) @ values.double(), torch.logsumexp(scores, -1)


@codings
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 999))
def test_no_score_is_further_off_than_the_bound(coding: Bfloat16Codes | Int8Codes, scale: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    keys = scale * torch.randn(40, 9, generator=generator) * torch.rand(40, 1, generator=generator)
    query = torch.randn(7, 9, generator=generator)
    scores, error = coding.scores(query, coding.encode(keys))
    exact = keys.double() @ query.double().T
    assert ((scores - exact).abs() <= error).all()
    assert (error < 0.1 * scale * query.norm(dim=-1) * 3 * 3).all(), "a bound of no use would hold as well"


@codings
def test_codes_are_as_small_as_they_say(coding: Bfloat16Codes | Int8Codes) -> None:
    codes = coding.encode(clustered(100)[0])
    assert codes.rows.element_size() == (2 if isinstance(coding, Bfloat16Codes) else 1)
    assert codes.rest < (0.004 if isinstance(coding, Bfloat16Codes) else 0.02)
    assert coding.encode(torch.zeros(3, 4)).rest == 0
    assert coding.encode(torch.zeros(0, 4)).length == 0


@codings
@given(beta=st.sampled_from([0.5, 4.0, 16.0, 64.0, 300.0]), seed=st.integers(0, 99), top=st.sampled_from([None, 1, 7]))
def test_reads_are_off_by_no_more_than_they_say(
    coding: Bfloat16Codes | Int8Codes, beta: float, seed: int, top: int | None
) -> None:
    keys, values, query = clustered(700, seed=seed)
    blocks = CodedBlocks(TensorBlocks(keys, values, rows=256), coding)
    found = read_coded(query, blocks, beta=beta, top=top)
    value, mass = by_hand(query, keys, values, beta)
    off = (found.read.value.double() - value).norm(dim=-1)
    assert (off <= found.error + 1e-4).all()
    assert ((found.missing >= 0) & (found.missing < 0.01)).all()
    assert ((found.read.log_mass.double() - mass).abs() < 0.05).all()
    if top:
        best = (query.double() @ keys.double().T).topk(top)
        assert found.read.slots.equal(best.indices)
        shares = (beta * best.values - mass[:, None]).exp()
        torch.testing.assert_close(found.read.shares.double(), shares, atol=1e-3, rtol=0.05)


@codings
def test_a_smaller_tolerance_is_a_smaller_error(coding: Bfloat16Codes | Int8Codes) -> None:
    keys, values, query = clustered(4000, spread=0.8)
    blocks = CodedBlocks(TensorBlocks(keys, values), coding)
    rough, fine = (read_coded(query, blocks, beta=24.0, tolerance=t) for t in (1.0, 1e-4))
    assert fine.error.mean() < 0.2 * rough.error.mean()
    value, _ = by_hand(query, keys, values, 24.0)
    off = [(found.read.value.double() - value).norm(dim=-1).mean() for found in (rough, fine)]
    assert off[1] < off[0]


@codings
def test_where_few_slots_have_all_the_attention_the_rest_is_left_out(coding: Bfloat16Codes | Int8Codes) -> None:
    keys, values, query = clustered(4000, d=64, c=200)
    found = read_coded(query, CodedBlocks(TensorBlocks(keys, values), coding), beta=60.0)
    assert (found.missing > 0).sum() >= 8, "else little was left out"
    assert (found.missing < 0.01).all()
    assert (found.error < 0.05 * values.norm(dim=-1).max()).all()
    assert (found.error >= found.missing * values.norm(dim=-1).max()).all(), "what is left out may have any value"


@codings
def test_a_query_reads_the_same_alone_and_in_a_batch(coding: Bfloat16Codes | Int8Codes) -> None:
    keys, values, query = clustered(900)
    blocks = CodedBlocks(TensorBlocks(keys, values, torch.arange(900) + 5000, rows=200), coding)
    together = read_coded(query.reshape(3, 4, -1), blocks, beta=20.0, top=3)
    alone = read_coded(query[6], blocks, beta=20.0, top=3)
    assert alone.read.slots.equal(together.read.slots[1, 2])
    assert (alone.read.slots >= 5000).all()
    off = (alone.read.value - together.read.value[1, 2]).norm()
    assert off <= alone.error + together.error[1, 2] + 1e-5
    assert tuple(together.error.shape) == tuple(together.missing.shape) == (3, 4)


def test_exact_numbers_need_no_second_look() -> None:
    """Keys and queries that bfloat16 holds are scored by their codes with no residual, and the read is exact."""
    keys = torch.randint(-3, 4, (300, 8), generator=torch.Generator().manual_seed(0)).float()
    query = keys[:5]
    found = read_coded(query, CodedBlocks(TensorBlocks(keys), Bfloat16Codes()), beta=0.5, top=2)
    value, mass = by_hand(query, keys, keys, 0.5)
    torch.testing.assert_close(found.read.value.double(), value, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found.read.log_mass.double(), mass, atol=1e-4, rtol=1e-4)


def test_blocks_of_a_few_slots_and_more_wanted_than_there_are() -> None:
    keys, values, query = clustered(5)
    found = read_coded(query, CodedBlocks(TensorBlocks(keys, values, rows=2), Int8Codes()), beta=9.0, top=8)
    assert found.read.slots.shape == (12, 8)
    assert ((found.read.slots >= 0).sum(-1) == 5).all()
    assert (found.read.shares.sum(-1) - 1).abs().max() < 1e-4


def test_no_slots_read_nothing() -> None:
    found = read_coded(
        torch.ones(2, 4),
        CodedBlocks([(torch.zeros(0).long(), torch.zeros(0, 4), torch.zeros(0, 3))], Int8Codes()),
        beta=1.0,
        top=2,
    )
    assert found.read.value.equal(torch.zeros(2, 3))
    assert (found.read.log_mass == -math.inf).all()
    assert (found.read.slots == -1).all()
    assert found.error.equal(torch.zeros(2))
    assert found.missing.equal(torch.zeros(2))


def test_bad_reads_are_refused() -> None:
    keys, values, query = clustered(50)
    blocks = CodedBlocks(TensorBlocks(keys, values), Int8Codes())
    with pytest.raises(ShapeError, match="query must end in 16, as the keys do; got 15"):
        read_coded(query[:, 1:], blocks, beta=1.0)
    with pytest.raises(ArgumentError, match=r"share one dtype; got torch\.float64"):
        read_coded(query.double(), blocks, beta=1.0)
    with pytest.raises(ArgumentError, match="beta must be finite and above 0; got 0"):
        read_coded(query, blocks, beta=0.0)
    for tolerance in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ArgumentError, match="tolerance must be finite and above 0"):
            read_coded(query, blocks, beta=1.0, tolerance=tolerance)
    with pytest.raises(NotFiniteError, match="query must be finite"):
        read_coded(query / 0, blocks, beta=1.0)
    with pytest.raises(NotFiniteError, match="keys of the blocks must be finite"):
        CodedBlocks(TensorBlocks(keys / 0), Int8Codes())
    with pytest.raises(NotFiniteError, match="the blocks hold a NaN"):
        read_coded(query, CodedBlocks(TensorBlocks(keys, values / 0), Int8Codes()), beta=1.0)
    with pytest.raises(ArgumentError, match="blocks hold no block"):
        read_coded(query, CodedBlocks([], Int8Codes()), beta=1.0)
    growing = [(torch.arange(50), keys, values)]
    coded = CodedBlocks(growing, Int8Codes())
    growing.append(growing[0])
    with pytest.raises(ArgumentError, match="blocks must stay as they were when they were coded"):
        read_coded(query, coded, beta=1.0)
