import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory import SparseDistributedMemory
from hybridattn.memory.matrices import sparse_distributed
from hybridattn.memory.matrices.binomial import radius_of

from .kanerva import critical, fidelity, tail


def signs(m: int, n: int, seed: int) -> Tensor:
    return torch.randint(2, (m, n), generator=torch.Generator().manual_seed(seed)).float() * 2 - 1


def flipped(rows: Tensor, many: int, seed: int) -> Tensor:
    chance = torch.rand(rows.shape, generator=torch.Generator().manual_seed(seed))
    places = chance.argsort(-1)[:, :many]
    return rows * (1 - 2 * torch.zeros_like(rows).scatter(1, places, 1.0))


@settings(max_examples=25)
@given(seed=st.integers(0, 999), radius=st.integers(0, 10), paired=st.booleans(), limit=st.sampled_from([None, 1, 3]))
def test_it_is_the_machine_of_the_book(seed: int, radius: int, paired: bool, limit: int | None) -> None:
    memory = SparseDistributedMemory(
        10,
        7 if paired else None,
        locations=20,
        radius=radius,
        limit=limit,
        generator=torch.Generator().manual_seed(seed),
    )
    keys, values = signs(8, 10, seed), signs(8, 7, seed + 1) if paired else None
    memory.write(keys, values)
    data = (keys if values is None else values).tolist()
    counters = [[0] * len(data[0]) for _ in range(20)]
    places = memory.addresses.tolist()

    def near(key: list[float]) -> list[int]:
        return [i for i, place in enumerate(places) if sum(a != b for a, b in zip(place, key, strict=True)) <= radius]

    for key, row in zip(keys.tolist(), data, strict=True):
        for i in near(key):
            for j, bit in enumerate(row):
                full = counters[i][j] + int(bit)
                counters[i][j] = full if limit is None else max(-limit, min(limit, full))
    assert memory.counters.tolist() == counters
    query = signs(1, 10, seed + 2)[0]
    active = near(query.tolist())
    sums = [sum(counters[i][j] for i in active) for j in range(len(data[0]))]
    kept = [0.0] * 7 if paired else query.tolist()
    assert memory.activated(query).item() == len(active)
    wanted = [float((s > 0) - (s < 0)) if s else k for s, k in zip(sums, kept, strict=True)]
    assert memory.read(query).value.tolist() == wanted


@settings(max_examples=50)
@given(bits=st.integers(1, 300), activation=st.floats(1e-6, 1.0))
def test_the_radius_is_the_smallest_that_reaches_the_activation(bits: int, activation: float) -> None:
    radius = radius_of(bits, activation)
    assert tail(bits, radius) >= activation * (1 - 1e-12)
    assert tail(bits, radius - 1) <= activation * (1 + 1e-12)


def test_kanerva_s_own_radius() -> None:
    assert radius_of(1000, 0.001) == 451


def test_as_many_locations_are_active_as_the_tail_says() -> None:
    memory = SparseDistributedMemory(100, locations=5000, activation=0.02)
    chance = tail(100, memory.radius)
    counts = memory.activated(signs(200, 100, 1)).double()
    # 10^6 pairs, 200 queries of one set of locations: the mean has the error of 5000 draws, less its sharing.
    assert counts.mean() / 5000 == pytest.approx(chance, abs=4 * (chance / 5000 / 200) ** 0.5 * 4)


def memories(kind: int | None) -> list[tuple[SparseDistributedMemory, Tensor]]:
    made = []
    for seed in range(4):
        generator = torch.Generator().manual_seed(seed)
        memory = SparseDistributedMemory(256, kind, locations=3000, activation=0.01, generator=generator)
        rows = signs(100, 256, seed + 50)
        memory.write(rows, None if kind is None else rows)
        made.append((memory, rows))
    return made


@pytest.mark.parametrize("apart", [0, 20, 40, 60, 80])
def test_bits_are_read_as_surely_as_the_theory_says(apart: int) -> None:
    right = torch.stack(
        [((m.read(flipped(rows, apart, 9)).value * rows).mean() + 1) / 2 for m, rows in memories(256)]
    )  # an undecided bit counts half
    wanted = fidelity(256, memories(256)[0][0].radius, 3000, 100, apart)
    # The theory takes shared locations at their mean. About 30 of them scatter by 18 %, which moves a normal tail in
    # second order by up to .015; the rest is the scatter from memory to memory.
    assert float(right.mean()) == pytest.approx(wanted, abs=0.015 + 4 * float(right.std()) / 2)


def test_reads_come_nearer_below_the_critical_distance_and_no_nearer_above() -> None:
    bound = critical(256, radius_of(256, 0.01), 3000, 100)
    assert bound == 54
    for memory, rows in memories(None):
        for apart, nearer in ((bound - 16, True), (bound + 16, False)):
            after = (memory.read(flipped(rows, apart, 3)).value != rows).double().sum(-1).mean()
            assert (after < apart) == nearer
        assert (memory.settle(flipped(rows, 10, 4)).state == rows).all(-1).double().mean() > 0.9


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = signs(30, 40, 0)
    whole = SparseDistributedMemory(40, locations=100, activation=0.1)
    whole.write(rows)
    monkeypatch.setattr(sparse_distributed, "_ROWS", 7)
    monkeypatch.setattr(sparse_distributed, "_LOCATIONS", 13)
    parts = SparseDistributedMemory(40, locations=100, activation=0.1)
    parts.write(rows)
    assert parts.counters.equal(whole.counters)
    queries, found = signs(20, 40, 1), parts.read(signs(20, 40, 1)).value
    counts = parts.activated(queries)
    monkeypatch.undo()
    assert whole.read(queries).value.equal(found)
    assert whole.activated(queries).equal(counts)


def test_a_chain_of_pairs_is_followed() -> None:
    memory = SparseDistributedMemory(200, 200, locations=2000, activation=0.02)
    rows = signs(6, 200, 2)
    memory.write(rows[:-1], rows[1:])
    state = flipped(rows[:1], 20, 3)[0]
    for wanted in rows[1:]:
        state = memory.read(state).value
        assert state.equal(wanted)
    with pytest.raises(ArgumentError, match="settle needs a memory whose keys are its values"):
        memory.settle(state)


def test_leading_axes_types_and_form() -> None:
    memory = SparseDistributedMemory(12, 5, locations=30, activation=0.3, limit=9)
    memory.write(signs(3, 12, 0), signs(3, 5, 1))
    queries = signs(6, 12, 2).reshape(2, 3, 12)
    assert memory.read(queries).value.shape == (2, 3, 5)
    assert memory.activated(queries).shape == (2, 3)
    assert memory.read(queries[:0]).value.shape == (0, 3, 5)
    assert memory.activated(queries[:0]).shape == (0, 3)
    for dtype in (torch.float64, torch.bfloat16):
        found = memory.read(queries.to(dtype)).value
        assert found.dtype == dtype
        assert found.float().equal(memory.read(queries).value)
    assert memory.read(queries.to(torch.int64)).value.dtype == torch.float32
    assert (memory.counters.dtype, memory.addresses.dtype) == (torch.int8, torch.int8)
    other = SparseDistributedMemory(**memory.arguments())
    other.load_state_dict(memory.state_dict())
    assert other.read(queries).value.equal(memory.read(queries).value)
    twin, before = copy.deepcopy(memory), memory.state_dict()
    memory.write(signs(3, 12, 0), signs(3, 5, 1))
    assert before["counters"].equal(twin.counters)
    radius = memory.radius
    wanted = f"key_dim=12, value_dim=5, locations=30, radius={radius}, limit=9, written=6"
    assert repr(memory) == f"SparseDistributedMemory({wanted}, device=cpu)"


def test_counters_saturate_where_asked() -> None:
    memory = SparseDistributedMemory(4, locations=3, radius=4, limit=2)
    memory.write(torch.ones(5, 4))
    assert memory.counters.unique().tolist() == [2]
    memory.write(-torch.ones(4))
    assert memory.counters.unique().tolist() == [1]


def test_bad_input_says_whose_it_is_and_changes_nothing() -> None:
    memory = SparseDistributedMemory(4, 2, locations=3, radius=4)
    with pytest.raises(ArgumentError, match=r"keys must be -1 or \+1; got 0"):
        memory.write(torch.zeros(4), torch.ones(2))
    with pytest.raises(ArgumentError, match=r"values must be -1 or \+1; got 3"):
        memory.write(torch.ones(4), 3 * torch.ones(2))
    with pytest.raises(ShapeError, match="values must be one a key, 2; got 1"):
        memory.write(torch.ones(2, 4), torch.ones(1, 2))
    with pytest.raises(ArgumentError, match="takes values of 2; got none"):
        memory.write(torch.ones(4))
    with pytest.raises(ArgumentError, match=r"query must be -1 or \+1; got nan"):
        memory.read(torch.full((4,), torch.nan))
    with pytest.raises(ArgumentError, match="has no slots: top must be None; got 2"):
        memory.read(torch.ones(4), top=2)
    with pytest.raises(ArgumentError, match="radius must be 0 to key_dim=4, or None; got 5"):
        SparseDistributedMemory(4, radius=5)
    with pytest.raises(ArgumentError, match="limit must be 1 to 127, or None; got 128"):
        SparseDistributedMemory(4, limit=128)
    with pytest.raises(ArgumentError, match="locations must be at least 1; got 0"):
        SparseDistributedMemory(4, locations=0)
    for activation in (0.0, 1.5, float("nan")):
        with pytest.raises(ArgumentError, match="activation must be above 0 and at most 1"):
            SparseDistributedMemory(4, activation=activation)
    assert not memory.counters.any()
    assert int(memory.next_id) == 0
