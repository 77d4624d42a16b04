"""Equal rows are found, and only equal rows: hashing checked against comparing every pair."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from hybridattn.memory.codebooks.fingerprint import ROWS_AT_ONCE, RowIndex, fingerprint

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
few = st.sampled_from([-1.0, -0.0, 0.0, 0.5, 1.0])


def first_equal(rows: list[list[float]], query: list[float]) -> int:
    return next((i for i, row in enumerate(rows) if row == query), -1)


def rows_of(width: int, least: int = 0) -> st.SearchStrategy[list[list[float]]]:
    return st.lists(st.lists(few, min_size=width, max_size=width), min_size=least, max_size=8)


@given(rows_of(3, least=1), rows_of(3, least=1))
def test_fingerprints_are_equal_exactly_where_rows_are(left: list[list[float]], right: list[list[float]]) -> None:
    same = fingerprint(torch.tensor(left))[:, None] == fingerprint(torch.tensor(right))[None]
    assert same.tolist() == [[one == other for other in right] for one in left]


@pytest.mark.parametrize("dtype", DTYPES)
def test_negative_zero_counts_as_zero(dtype: torch.dtype) -> None:
    rows = torch.tensor([[0.0, -0.0, 1.0], [-0.0, 0.0, 1.0]], dtype=dtype)
    assert fingerprint(rows[0]) == fingerprint(rows[1])
    assert RowIndex(rows[:1]).find(rows[1:]).tolist() == [0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_near_duplicates_differ(dtype: torch.dtype) -> None:
    row = torch.rand(64, generator=torch.Generator().manual_seed(0)).to(dtype)
    bits = {2: torch.int16, 4: torch.int32, 8: torch.int64}[dtype.itemsize]
    last_bit_flipped = (row.view(bits)[None] ^ torch.eye(64, dtype=bits)).view(dtype)
    rows = torch.cat([row[None], last_bit_flipped])
    assert len(set(fingerprint(rows).tolist())) == 65
    assert RowIndex(rows[1:]).find(row[None]).tolist() == [-1]


def test_the_place_of_a_number_matters() -> None:
    rows = torch.eye(300)
    assert len(set(fingerprint(rows).tolist())) == 300
    assert fingerprint(torch.tensor([1.0, 2.0, 3.0])) != fingerprint(torch.tensor([3.0, 2.0, 1.0]))


def test_random_rows_do_not_collide_and_use_all_the_bits() -> None:
    rows = torch.randn(20_000, 4, generator=torch.Generator().manual_seed(1))
    prints = fingerprint(rows)
    assert len(prints.unique()) == 20_000
    ones = torch.stack([(prints >> bit) & 1 for bit in range(64)]).double().mean(1)
    assert ((ones - 0.5).abs() < 6 * 0.5 / 20_000**0.5).all()  # six standard deviations of a fair coin


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_transformation_of_a_row_is_lost(dtype: torch.dtype) -> None:
    # Sign-extending shifts in the mixer lose the sign bit: words and their complements would come out the same.
    row = torch.tensor([1.0, 0.25, 3.0, 7.0], dtype=dtype)
    complement = (~row.view(torch.int64)).view(dtype)
    rows = torch.stack([row, complement, -row])
    assert bool(rows.isfinite().all())
    assert len(set(fingerprint(rows).tolist())) == 3
    assert RowIndex(rows).find(rows).tolist() == [0, 1, 2]


def test_leading_axes_and_layout_do_not_matter() -> None:
    rows = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(3))
    whole = fingerprint(rows)
    assert whole.shape == (2, 3)
    assert whole.dtype == torch.int64
    one_by_one = torch.tensor([[int(fingerprint(rows[i, j])) for j in range(3)] for i in range(2)])
    assert torch.equal(whole, one_by_one)
    strided = rows.mT.contiguous().mT
    assert not strided.is_contiguous()
    assert torch.equal(fingerprint(strided), whole)
    assert torch.equal(fingerprint(strided.double()), fingerprint(rows.double()))


@given(rows_of(2), rows_of(2, least=1))
def test_find_agrees_with_comparing_every_row(rows: list[list[float]], queries: list[list[float]]) -> None:
    found = RowIndex(torch.tensor(rows).reshape(-1, 2)).find(torch.tensor(queries))
    assert found.dtype == torch.int64
    assert found.tolist() == [first_equal(rows, query) for query in queries]


def test_find_without_rows_or_queries() -> None:
    assert RowIndex(torch.empty(0, 4)).find(torch.ones(2, 4)).tolist() == [-1, -1]
    assert RowIndex(torch.ones(2, 4)).find(torch.empty(0, 4)).tolist() == []


def test_find_beyond_one_block_of_hashing() -> None:
    rows = torch.arange(ROWS_AT_ONCE + 3, dtype=torch.float32)[:, None].expand(-1, 2)
    wanted = torch.tensor([0, ROWS_AT_ONCE - 1, ROWS_AT_ONCE, ROWS_AT_ONCE + 2])
    assert torch.equal(RowIndex(rows).find(rows[wanted]), wanted)


def test_what_shares_a_fingerprint_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "hybridattn.memory.codebooks.fingerprint.fingerprint", lambda rows: torch.zeros(rows.shape[:-1]).long()
    )
    index = RowIndex(torch.tensor([[1.0, 2.0]]))
    assert index.find(torch.tensor([[1.0, 2.0], [1.0, 3.0]])).tolist() == [0, -1]


def test_find_is_of_the_query_alone() -> None:
    generator = torch.Generator().manual_seed(4)
    rows: Tensor = torch.randn(50, 6, generator=generator)
    queries = torch.cat([rows[::3], torch.randn(20, 6, generator=generator)])
    together = RowIndex(rows).find(queries).tolist()
    assert together == [int(RowIndex(rows).find(query[None])) for query in queries]
    assert together == [*range(0, 50, 3), *[-1] * 20]
