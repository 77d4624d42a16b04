"""Each memory is one row: it keeps every promise that it says it keeps."""

import re
from collections.abc import Callable
from inspect import isfunction
from pathlib import Path

import pytest
import torch
from memory_rows import ALL_ROWS, ROWS, Row
from torch import Tensor, nn

from hybridattn import memory as room
from hybridattn.errors import ArgumentError, ShapeError, SlotError
from hybridattn.memory import Addressable, Energetic, Erasable, Evidential, Memory, Settling, load, save

OTHER_SUITES: set[str] = set()
"""Memories that have a contract suite of their own."""

BUILD_NO_MEMORY = {
    "delta_rule",
    "delta_rule_loop",
    "export_store",
    "gated_delta_rule",
    "gated_delta_rule_loop",
    "indexed_store",
    "load",
    "read_blocks",
    "read_coded",
    "repair_store",
    "save",
    "snapshot_store",
    "verify_store",
}
"""Exported functions that are no name of a combination."""

rows = pytest.mark.parametrize("row", ALL_ROWS.values(), ids=ALL_ROWS)
modules = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def written(row: Row, m: int = 6) -> tuple[nn.Module, Tensor]:
    memory = row.build()
    return memory, memory.write(row.keys(m), row.values(m))


def those(what: Callable[[nn.Module], bool]) -> pytest.MarkDecorator:
    """The rows whose memories make a promise."""
    kept = {name: row for name, row in ALL_ROWS.items() if what(row.build())}
    return pytest.mark.parametrize("row", kept.values(), ids=kept)


def descends(memory: nn.Module) -> bool:
    """A memory may have no energy for its parts: it says so."""
    if not (isinstance(memory, Settling) and isinstance(memory, Energetic)):
        return False
    try:
        memory.energy(torch.zeros(memory.key_dim))
    except ArgumentError:
        return False
    return True


def has_slots(memory: nn.Module) -> bool:
    return isinstance(memory, Addressable)


@rows
def test_ids_are_new_each_time(row: Row) -> None:
    memory, ids = written(row)
    assert isinstance(memory, Memory)
    assert ids.dtype == torch.int64
    more = memory.write(row.keys(8)[6:], None if row.values(8) is None else row.values(8)[6:])
    assert len({*ids.tolist(), *more.tolist()}) == 8


@those(has_slots)
def test_a_stored_key_reads_its_own_slot_best(row: Row) -> None:
    memory, ids = written(row)
    found = memory.read(row.keys(6), top=2)
    assert found.slots[:, 0].tolist() == ids.tolist()
    assert (found.shares[:, 0] >= found.shares[:, 1]).all()
    assert found.shares.sum(-1).max() <= 1 + 1e-5
    assert memory.read(row.keys(6)).slots is None


@those(lambda memory: not has_slots(memory))
def test_a_memory_without_slots_recalls_what_it_stored(row: Row) -> None:
    memory, _ = written(row)
    wanted = row.keys(6) if row.values(6) is None else row.values(6)
    torch.testing.assert_close(memory.read(row.keys(6)).value, wanted, atol=1e-5, rtol=1e-5)
    with pytest.raises(ArgumentError, match="has no slots"):
        memory.read(row.keys(1), top=1)


@rows
def test_a_query_reads_the_same_alone_and_in_a_batch(row: Row) -> None:
    memory, _ = written(row)
    queries = row.keys(6).reshape(2, 3, -1)
    together, alone = memory.read(queries), memory.read(queries[1, 2])
    torch.testing.assert_close(alone.value, together.value[1, 2], atol=1e-5, rtol=1e-5)
    if has_slots(memory):
        assert memory.read(queries[1, 2], top=3).slots.tolist() == memory.read(queries, top=3).slots[1, 2].tolist()


@rows
def test_a_wrong_width_is_refused(row: Row) -> None:
    memory, _ = written(row)
    for act in (memory.read, memory.write):
        with pytest.raises(ShapeError, match="got shape"):
            act(row.keys(2)[:, 1:])


@modules
def test_state_goes_from_one_to_another(row: Row) -> None:
    memory, _ = written(row)
    other = row.build()
    other.load_state_dict(memory.state_dict())
    torch.testing.assert_close(memory.read(row.keys(6)).value, other.read(row.keys(6)).value)
    if has_slots(memory):
        assert memory.read(row.keys(9), top=2).slots.equal(other.read(row.keys(9), top=2).slots)


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


@those(lambda memory: isinstance(memory, Evidential) and has_slots(memory))
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
    kinds = {name: getattr(room, name) for name in room.__all__}
    exported = {
        name
        for name, kind in kinds.items()
        if isfunction(kind) or (isinstance(kind, type) and issubclass(kind, nn.Module))
    }
    assert exported - OTHER_SUITES - BUILD_NO_MEMORY == {row.kind.__name__ for row in ROWS.values()}


@modules
def test_arguments_make_an_empty_memory_that_takes_the_state(row: Row) -> None:
    memory, _ = written(row)
    kind, arguments = type(memory), memory.arguments()
    other = kind(**arguments)
    other.load_state_dict(memory.state_dict())
    torch.testing.assert_close(other.read(row.keys(9)).value, memory.read(row.keys(9)).value)
    assert repr(other.arguments()) == repr(arguments)


@modules
def test_a_file_gives_the_memory_back(row: Row, tmp_path: Path) -> None:
    memory, _ = written(row)
    save(memory, tmp_path / "memory.safetensors")
    other = load(tmp_path / "memory.safetensors")
    assert type(other) is type(memory)
    assert repr(other) == repr(memory)
    state = memory.state_dict()
    assert {name: tensor.dtype for name, tensor in other.state_dict().items()} == {
        name: tensor.dtype for name, tensor in state.items()
    }
    assert all(tensor.equal(state[name]) for name, tensor in other.state_dict().items())
    assert other.read(row.keys(9)).value.equal(memory.read(row.keys(9)).value)
    assert other.training == memory.training


@rows
def test_it_says_what_it_is_in_a_line_or_a_few(row: Row) -> None:
    """Class, sizes, what is stored, beta where there is one, and the device; never a tensor."""
    memory, _ = written(row)
    text = repr(memory)
    assert text.startswith(f"{type(memory).__name__}(")
    assert f"dim={memory.key_dim}," in text
    assert re.search(r"\b(slots|written|transitions)=6\b", text)
    assert re.search(r"\b(slots|written|transitions)=0\b", repr(row.build()))
    assert ("beta=" in text) == hasattr(memory, "beta")
    assert text.count("device=cpu") == 1
    assert "tensor(" not in text
    assert max(map(len, text.splitlines())) < 240
