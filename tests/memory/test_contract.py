"""Each memory is one row: it keeps every promise that it says it keeps."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from hybridattn import memory as room
from hybridattn.attention import Cosine, Dot, Hard, NegativeSquaredEuclidean
from hybridattn.errors import ShapeError, SlotError
from hybridattn.memory import Addressable, CodebookMemory, Energetic, Erasable, Evidential, Memory, Settling, SlotMemory


class Row(NamedTuple):
    """A memory: `build()` an empty one, `keys(m)` and `values(m)` that it can store, all different, and
    more of them beginning with the fewer."""

    kind: type
    build: Callable[[], nn.Module]
    keys: Callable[[int], Tensor]
    values: Callable[[int], Tensor | None]


def numbers(m: int, width: int, seed: int) -> Tensor:
    pool = torch.randn(64, width, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(pool, dim=-1)[:m]


def slots(value_dim: int | None = None, **parts: object) -> Row:
    return Row(
        SlotMemory,
        lambda: SlotMemory(8, value_dim, beta=20.0, **parts),
        lambda m: numbers(m, 8, 0),
        lambda m: None if value_dim is None else numbers(m, value_dim, 1),
    )


def codebook(entries: int) -> Row:
    """A memory of whose codebook the first keys and values are, or are not, entries yet."""
    entities, cues = numbers(64, 8, 2), numbers(4, 4, 3)
    return Row(
        CodebookMemory,
        lambda: CodebookMemory(entities[:entries], cues, beta=20.0),
        lambda m: torch.cat([entities[:m], cues.repeat(16, 1)[:m]], -1),
        lambda m: entities.flip(0)[:m],
    )


ROWS = {
    "keys only": slots(),
    "keys and values": slots(3),
    "hard": slots(3, separation=Hard()),
    "cosine": slots(3, similarity=Cosine()),
    "distance": slots(similarity=NegativeSquaredEuclidean()),
    "codebook": codebook(64),
    "growing codebook": codebook(3),
}
OTHER_SUITES: set[str] = set()
"""Memories that have a contract suite of their own."""

rows = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def written(row: Row, m: int = 6) -> tuple[nn.Module, Tensor]:
    memory = row.build()
    return memory, memory.write(row.keys(m), row.values(m))


def those(what: Callable[[nn.Module], bool]) -> pytest.MarkDecorator:
    """The rows whose memories make a promise."""
    kept = {name: row for name, row in ROWS.items() if what(row.build())}
    return pytest.mark.parametrize("row", kept.values(), ids=kept)


def descends(memory: nn.Module) -> bool:
    """Only by the dot product do updates go down an energy."""
    return isinstance(memory, Settling) and isinstance(memory, Energetic) and isinstance(memory.similarity, Dot)


@rows
def test_ids_are_new_each_time(row: Row) -> None:
    memory, ids = written(row)
    assert isinstance(memory, Memory)
    assert ids.dtype == torch.int64
    more = memory.write(row.keys(8)[6:], None if row.values(8) is None else row.values(8)[6:])
    assert len({*ids.tolist(), *more.tolist()}) == 8


@rows
def test_a_stored_key_reads_its_own_slot_best(row: Row) -> None:
    memory, ids = written(row)
    found = memory.read(row.keys(6), top=2)
    assert found.slots[:, 0].tolist() == ids.tolist()
    assert (found.shares[:, 0] >= found.shares[:, 1]).all()
    assert found.shares.sum(-1).max() <= 1 + 1e-5
    assert memory.read(row.keys(6)).slots is None


@rows
def test_a_query_reads_the_same_alone_and_in_a_batch(row: Row) -> None:
    memory, _ = written(row)
    queries = row.keys(12).reshape(3, 4, -1)
    together, alone = memory.read(queries, top=3), memory.read(queries[1, 2], top=3)
    torch.testing.assert_close(alone.value, together.value[1, 2], atol=1e-5, rtol=1e-5)
    assert alone.slots.tolist() == together.slots[1, 2].tolist()


@rows
def test_a_wrong_width_is_refused(row: Row) -> None:
    memory, _ = written(row)
    for act in (memory.read, memory.write):
        with pytest.raises(ShapeError, match="got shape"):
            act(row.keys(2)[:, 1:])


@rows
def test_state_goes_from_one_to_another(row: Row) -> None:
    memory, _ = written(row)
    other = row.build()
    other.load_state_dict(memory.state_dict())
    one, two = memory.read(row.keys(9), top=2), other.read(row.keys(9), top=2)
    torch.testing.assert_close(one.value, two.value)
    assert one.slots.equal(two.slots)


@those(lambda memory: isinstance(memory, Erasable))
def test_what_is_erased_is_not_read(row: Row) -> None:
    memory, ids = written(row)
    memory.erase(ids[1:3])
    assert not set(ids[1:3].tolist()) & set(memory.read(row.keys(6), top=6).slots.flatten().tolist())
    with pytest.raises(SlotError, match="no slot has id"):
        memory.erase(ids[:2])
    assert ids[0] in memory.read(row.keys(1), top=1).slots


@those(lambda memory: isinstance(memory, Addressable))
def test_what_is_addressed_is_what_was_written(row: Row) -> None:
    memory, ids = written(row)
    torch.testing.assert_close(memory.keys_of(ids[[3, 0]]), row.keys(6)[[3, 0]])
    values = row.keys(6) if row.values(6) is None else row.values(6)
    torch.testing.assert_close(memory.values_of(ids[[3, 0]]), values[[3, 0]])
    with pytest.raises(SlotError, match="no slot has id"):
        memory.values_of(ids + 6)


@those(lambda memory: isinstance(memory, Evidential))
def test_evidence_becomes_truth(row: Row) -> None:
    memory = row.build()
    memory.write(row.keys(3), row.values(3), evidence=torch.tensor([[1, 1], [0, 1], [2, 4]]))
    frequency, confidence = memory.truth()
    assert frequency.tolist() == [1.0, 0.0, 0.5]
    assert confidence.tolist() == [0.5, 0.5, 0.8]


@those(lambda memory: isinstance(memory, Settling))
def test_settling_ends_where_it_stays(row: Row) -> None:
    memory, _ = written(row)
    found = memory.settle(row.keys(6), tol=1e-6)
    assert found.converged.all()
    torch.testing.assert_close(memory.settle(found.state, steps=1).state, found.state, atol=1e-5, rtol=0)


@those(descends)
def test_settling_goes_down_the_energy(row: Row) -> None:
    memory, _ = written(row)
    state = row.keys(40)
    for _ in range(4):
        after = memory.settle(state, steps=1).state
        assert (memory.energy(after) <= memory.energy(state) + 1e-5).all()
        state = after


def test_every_memory_is_in_a_row() -> None:
    exported = {name for name in room.__all__ if issubclass(getattr(room, name), nn.Module)}
    assert exported - OTHER_SUITES == {row.kind.__name__ for row in ROWS.values()}
