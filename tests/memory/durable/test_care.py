"""Stores are checked, mended and copied: nothing that can be read is lost, and nothing is there by halves."""

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
import stores
import torch
from safetensors.torch import load_file

from hybridattn.errors import ArgumentError, MemoryFileError, StoreBusyError
from hybridattn.memory import (
    HebbianMemory,
    MemoryStore,
    StoreReader,
    export_store,
    load,
    repair_store,
    snapshot_store,
    verify_store,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store of two segments and a tail, with erased slots in each."""
    with stores.new_store(tmp_path / "store") as memory:
        memory.keep("matrix", {"a": HebbianMemory(2, 2)}, about={"x": 1})
        for rows in (300, 200, 100):
            memory.flush()
            stores.act(memory, ("append", [(1.0, 2.0, f"slot {place}") for place in range(rows)]))
        memory.erase(torch.tensor([0, 7, 299, 300, 599]))
    return tmp_path / "store"


def flipped(file: Path, place: int) -> None:
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)


def segments(path: Path) -> list[Path]:
    with StoreReader(path) as reader:
        return [path / "segments" / one.file for one in reader._state.segments]


def test_a_sound_store(path: Path) -> None:
    found = verify_store(path)
    assert found.is_sound
    assert (found.slots, found.segments, found.left_over) == (595, 2, ())
    assert found.bytes == sum(file.stat().st_size for file in segments(path))
    assert found.to_json()["sound"] is True
    assert json.loads(json.dumps(found.to_json()))["slots"] == 595


def test_every_damaged_segment_is_named(path: Path) -> None:
    one, other = segments(path)
    flipped(one, -1)
    os.truncate(other, 100)
    [first, second] = verify_store(path).problems
    assert first == f"{one.name}: its values differ from their checksum"
    assert f"{other} is damaged: it has 100 bytes" in second


def test_repair_keeps_what_is_sound(path: Path) -> None:
    """A damaged block of one segment, a header of the other: slots elsewhere stay as they were."""
    before = stores.read_back(path)
    one, other = segments(path)
    flipped(one, -1)
    flipped(other, 20)
    assert len(verify_store(path).problems) == 2
    done = repair_store(path)
    assert done.set_aside == (one.name, other.name)
    assert set(done.lost) == set(before.slots) & set(range(500))
    assert verify_store(path).is_sound
    assert sorted(os.listdir(path / "damaged")) == sorted(done.set_aside)
    after = stores.read_back(path)
    assert after.slots == {i: slot for i, slot in before.slots.items() if i >= 500}
    assert after.next_id == before.next_id
    assert repair_store(path).to_json() == {"lost": [], "set_aside": []}


def test_repair_loses_only_the_blocks_that_are_damaged(tmp_path: Path) -> None:
    keys = torch.randn(6000, 128, generator=torch.Generator().manual_seed(0))
    with MemoryStore(tmp_path / "store", 128) as memory:
        memory.write(keys)
        memory.flush()
        memory.erase(torch.tensor([1, 3000, 4500]))
    [file] = segments(tmp_path / "store")
    header = 8 + int.from_bytes(file.read_bytes()[:8], "little")
    flipped(file, header + 6000 * 8 + 2048 * 512)  # a key is 512 bytes, and 2048 of them are a block
    done = repair_store(tmp_path / "store")
    assert done.lost == tuple(one for one in range(2048, 4096) if one != 3000)
    with StoreReader(tmp_path / "store") as reader:
        left = [one for one in range(6000) if not 2048 <= one < 4096 and one not in (1, 4500)]
        assert reader.ids.tolist() == left
        assert reader.keys_of(reader.ids).equal(keys[left])
        assert len(reader) == len(left)
    assert verify_store(tmp_path / "store").is_sound


def test_a_missing_segment_is_repaired_too(path: Path) -> None:
    one, other = segments(path)
    one.unlink()
    done = repair_store(path)
    assert done.set_aside == ()
    assert len(done.lost) == 297
    assert verify_store(path).is_sound
    assert not (path / "damaged").exists()
    assert other.exists()


def test_repair_needs_the_store_for_itself(path: Path) -> None:
    with MemoryStore(path), pytest.raises(StoreBusyError):
        repair_store(path)


def test_a_damaged_database_is_told(path: Path) -> None:
    data = bytearray((path / "store.sqlite").read_bytes())
    data[3000:3500] = bytes(500)
    data[4096 * 3 : 4096 * 4] = bytes(4096)
    (path / "store.sqlite").write_bytes(data)
    found = verify_store(path)
    assert not found.is_sound
    with pytest.raises(MemoryFileError):
        repair_store(path)


@pytest.mark.parametrize("writing", [False, True])
def test_a_snapshot_is_the_same_store(path: Path, tmp_path: Path, writing: bool) -> None:
    with (MemoryStore if writing else StoreReader)(path) as memory:
        snapshot_store(memory, tmp_path / "copy")
        generation, before = memory.generation, stores.held(memory)
    assert verify_store(tmp_path / "copy").is_sound
    assert stores.read_back(tmp_path / "copy") == before
    shutil.rmtree(path)
    with MemoryStore(tmp_path / "copy") as copy:
        assert (copy.generation, copy.beta, copy.kept("matrix").about) == (generation, 4.0, {"x": 1})
        stores.act(copy, ("append", [(1.0, 1.0, None)]))
        copy.compact()
        assert copy.next_id == before.next_id + 1


def test_a_snapshot_is_that_of_the_reader_s_state(path: Path, tmp_path: Path) -> None:
    with StoreReader(path) as reader, MemoryStore(path) as memory:
        before = stores.held(reader)
        memory.erase(torch.arange(1, 5))
        memory.compact()
        snapshot_store(reader, tmp_path / "copy")
    assert stores.read_back(tmp_path / "copy") == before
    assert verify_store(tmp_path / "copy").is_sound


@pytest.mark.parametrize("slots", [1, 100, 595, 10**6])
def test_shards_hold_all_slots(path: Path, tmp_path: Path, slots: int) -> None:
    if slots == 1:
        with MemoryStore(path) as memory:
            memory.erase(memory.ids[4:])
    with StoreReader(path) as reader:
        index = export_store(reader, tmp_path / "out", slots=slots)
        ids, counts, labels = reader.ids, reader.evidence_of(reader.ids), reader.labels_of(reader.ids)
    assert json.loads((tmp_path / "out" / "memory.safetensors.index.json").read_text()) == index
    assert index["metadata"]["slots"] == len(ids)
    parts = [load(tmp_path / "out" / shard["file"]) for shard in index["shards"]]
    assert [len(part) for part in parts] == [shard["slots"] for shard in index["shards"]]
    assert all(len(part) == slots for part in parts[:-1])
    assert torch.cat([part.ids for part in parts]).equal(ids)
    assert torch.cat([part.keys for part in parts]).equal(stores.keys_of(ids))
    assert torch.cat([part.values for part in parts]).equal(stores.values_of(ids))
    assert torch.cat([part.evidence for part in parts]).equal(counts)
    assert parts[0].beta == 4.0
    assert parts[-1].write(torch.ones(5), torch.ones(3)).tolist() == [600]
    told = [
        label for shard in index["shards"] for label in json.loads((tmp_path / "out" / shard["labels"]).read_text())
    ]
    assert told == labels
    for shard in index["shards"]:
        for file, sum_ in (("file", "sha256"), ("labels", "labels_sha256")):
            data = (tmp_path / "out" / shard[file]).read_bytes()
            assert sha256(data).hexdigest() == shard[sum_]
    names = [shard["file"] for shard in index["shards"]]
    assert names[0] == f"memory-00001-of-{len(names):05d}.safetensors"
    assert set(load_file(tmp_path / "out" / names[0])) >= {"ids", "keys", "values", "evidence"}


def test_an_export_of_nothing(tmp_path: Path) -> None:
    with MemoryStore(tmp_path / "store", 2) as memory:
        index = export_store(memory, tmp_path / "out")
        assert [shard["slots"] for shard in index["shards"]] == [0]
        assert len(load(tmp_path / "out" / index["shards"][0]["file"])) == 0
        with pytest.raises(ArgumentError, match="slots must be at least 1; got 0"):
            export_store(memory, tmp_path / "other", slots=0)


def test_copies_take_nobody_s_place(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with StoreReader(path) as reader:
        for copy in (snapshot_store, export_store):
            for place, told in ((path, "is not free: it is a folder with files"), (tmp_path / "file", "it is a file")):
                with pytest.raises(MemoryFileError, match=told):
                    copy(reader, place)
            with pytest.raises(MemoryFileError, match=r"cannot make .*No such file"):
                copy(reader, tmp_path / "no" / "where")
    assert sorted(os.listdir(tmp_path)) == ["file", "store"]
    assert (tmp_path / "file").read_text() == "mine"


def test_a_copy_of_a_damaged_store_fails_as_a_whole(path: Path, tmp_path: Path) -> None:
    flipped(segments(path)[1], -1)
    with StoreReader(path) as reader:
        for copy in (export_store, snapshot_store):
            with pytest.raises(MemoryFileError, match=r"is damaged|differ from their checksum"):
                copy(reader, tmp_path / "out")
    assert os.listdir(tmp_path) == ["store"]
