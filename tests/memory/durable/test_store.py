"""What a store takes, what it refuses and in which words, and what one writer and many readers see."""

import json
import os
import sqlite3
from pathlib import Path

import pytest
import stores
import torch

from hybridattn.errors import ArgumentError, MemoryFileError, NotFiniteError, ShapeError, SlotError, StoreBusyError
from hybridattn.memory import (
    HebbianMemory,
    HopfieldNetwork,
    Memory,
    MemoryStore,
    SlotMemory,
    StoreReader,
    verify_store,
)
from hybridattn.memory.durable.files import MappedSegment, database
from hybridattn.memory.durable.reading import blocks as blocks_module
from hybridattn.memory.durable.records import state as state_module
from hybridattn.memory.durable.records.sealing import sealed, unsealed
from hybridattn.memory.durable.writing import writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store"


def filled(path: Path, rows: int = 300, *, flushed: bool = True) -> MemoryStore:
    memory = stores.new_store(path)
    stores.act(memory, ("append", [(1.0, 2.0, f"slot {place}") for place in range(rows)]))
    if flushed:
        memory.flush()
    return memory


def test_what_is_written_is_there_in_another_process_s_eyes(path: Path) -> None:
    with filled(path, flushed=False) as memory, StoreReader(path) as reader:
        assert isinstance(memory, Memory)
        ids = torch.tensor([[7, 299], [0, 7]])
        assert reader.keys_of(ids).equal(stores.keys_of(ids.flatten()).reshape(2, 2, -1))
        assert reader.values_of(ids).equal(stores.values_of(ids.flatten()).reshape(2, 2, -1))
        assert reader.evidence_of(ids).tolist() == [[[1, 2]] * 2] * 2
        assert reader.labels_of(ids) == ["slot 7", "slot 299", "slot 0", "slot 7"]
        frequency, confidence = reader.truth(2.0)
        assert frequency.tolist() == confidence.tolist() == [0.5] * 300


def test_one_slot_and_defaults(path: Path) -> None:
    with MemoryStore(path, 2) as memory:
        assert memory.write(torch.tensor([3.0, 4.0])).tolist() == [0]
        assert memory.write(torch.empty(0, 2)).tolist() == []
        assert (memory.beta, memory.dtype, memory.value_dim, len(memory), memory.next_id) == (
            1,
            torch.float32,
            None,
            1,
            1,
        )
        assert memory.values_of(torch.tensor(0)).tolist() == [3, 4]
        assert memory.labels_of(torch.tensor([0])) == [None]
        assert memory.evidence_of(torch.tensor([0])).tolist() == [[1, 1]]
        assert memory.read(torch.tensor([1.0, 0.0])).value.tolist() == [3, 4]
        assert memory.read(torch.empty(0, 2), top=3).slots.shape == (0, 3)


def test_an_empty_store_reads_nothing(path: Path) -> None:
    with MemoryStore(path, 2, 3) as memory:
        found = memory.read(torch.ones(4, 2), top=2)
        assert found.value.equal(torch.zeros(4, 3))
        assert (found.log_mass == -torch.inf).all()
        assert (found.slots == -1).all()
        assert (found.shares == 0).all()
        assert list(memory.segments()) == []
        assert memory.ids.tolist() == []
        memory.compact()
        memory.flush()
    assert verify_store(path).is_sound


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_dtypes_last(path: Path, dtype: torch.dtype) -> None:
    keys = torch.randn(70, 8, generator=torch.Generator().manual_seed(0))
    with MemoryStore(path, 8, beta=2.0, dtype=dtype) as memory:
        memory.write(keys)
        memory.flush()
        memory.write(keys.double())
    other = SlotMemory(8, beta=2.0, dtype=dtype)
    other.write(torch.cat((keys, keys)))
    with StoreReader(path) as reader:
        assert reader.keys_of(reader.ids).equal(other.keys)
        query = other.keys[:5]
        torch.testing.assert_close(reader.read(query).value, other.read(query).value, atol=2e-2, rtol=2e-2)
        assert reader.read(query).value.dtype == dtype


def test_a_store_keeps_its_beta_and_a_reader_may_have_another(path: Path) -> None:
    filled(path).close()
    query = torch.ones(1, stores.KEY_DIM)
    with StoreReader(path) as one, StoreReader(path, beta=50.0) as other:
        assert (one.beta, other.beta) == (4.0, 50.0)
        torch.testing.assert_close(one.read(query * 12.5).log_mass, other.read(query).log_mass)


def test_blocks_stream_mapped_and_in_the_size_asked_for(path: Path) -> None:
    with filled(path) as memory:
        stores.act(memory, ("append", [(1.0, 1.0, None)] * 50))
        found = [len(block.ids) for block in memory.segments(rows=80)]
        assert found == [80, 80, 80, 60, 50]
        assert [len(block.ids) for block in memory.segments()] == [300, 50]
        with pytest.raises(ArgumentError, match="rows must be at least 1; got 0"):
            next(memory.segments(rows=0))


def test_a_default_block_is_of_the_bytes_it_says(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_module, "BLOCK_BYTES", 100 * 8 * 4)
    with filled(path) as memory:
        assert [len(block.ids) for block in memory.segments()] == [100, 100, 100]


def test_a_store_that_changes_ends_its_stream(path: Path) -> None:
    with filled(path) as memory:
        stream = memory.segments(rows=100)
        next(stream)
        memory.erase(torch.tensor([0]))
        with pytest.raises(ArgumentError, match="was changed, or refreshed, while its slots streamed by"):
            next(stream)


@pytest.mark.parametrize("flushed", [True, False])
def test_slots_that_are_not_alive(path: Path, flushed: bool) -> None:
    with filled(path, flushed=flushed) as memory:
        memory.erase(torch.tensor([[5, 6], [5, 299]]))
        assert len(memory) == 297
        for act in (
            memory.erase,
            memory.keys_of,
            memory.values_of,
            memory.labels_of,
            memory.evidence_of,
            lambda ids: memory.add_evidence(ids, torch.tensor([1.0, 1.0])),
        ):
            for ids, told in (
                ([1, 5], "no slot has id 5"),
                ([300], "no slot has id 300"),
                ([-1, 2, 6], r"no slot has id -1"),
            ):
                with pytest.raises(SlotError, match=f"^{told}"):
                    act(torch.tensor(ids))
        with pytest.raises(ArgumentError, match=r"ids must be whole numbers; got torch.float32"):
            memory.keys_of(torch.tensor([1.0]))
        assert len(memory) == 297
        assert memory.labels_of(torch.tensor([1])) == ["slot 1"]


def test_evidence_adds_up_and_twice_is_twice(path: Path) -> None:
    with filled(path) as memory:
        memory.add_evidence(torch.tensor([3, 200, 3]), torch.tensor([[1.0, 1.0], [0.0, 5.0], [0.5, 2.0]]))
        assert memory.evidence_of(torch.tensor([3, 200, 4])).tolist() == [[2.5, 5], [1, 7], [1, 2]]
        for wrong, kind in (([2.0, 1.0], ArgumentError), ([torch.nan, 1.0], NotFiniteError), ([1.0], ShapeError)):
            with pytest.raises(kind, match=r"evidence must be|evidence must have"):
                memory.add_evidence(torch.tensor([3]), torch.tensor(wrong))
        with pytest.raises(NotFiniteError, match="evidence in all must be finite"):
            memory.add_evidence(torch.tensor([3, 3]), torch.tensor([1e308, 1.7e308], dtype=torch.float64))
        assert memory.evidence_of(torch.tensor([3])).tolist() == [[2.5, 5]]


WRONG = [
    ({"keys": torch.ones(2, 4), "values": torch.ones(2, 3)}, ShapeError, r"keys must have shape \(5,\) or \(m, 5\)"),
    ({"keys": torch.ones(2, 5), "values": torch.ones(2, 4)}, ShapeError, r"values must have shape \(3,\) or \(m, 3\)"),
    ({"keys": torch.ones(2, 5), "values": torch.ones(3, 3)}, ShapeError, "values must be one a key, 2; got 3"),
    ({"keys": torch.ones(2, 5)}, ArgumentError, "takes values of 3; got none"),
    ({"keys": torch.full((1, 5), torch.nan), "values": torch.ones(1, 3)}, NotFiniteError, "keys must be finite"),
    (
        {"keys": torch.ones(1, 5), "values": torch.full((1, 3), 1e39, dtype=torch.float64)},
        NotFiniteError,
        "values must be finite",
    ),
    ({"labels": ["a"]}, ShapeError, "labels must be one a key, 2; got 1"),
    ({"labels": ["a", 7]}, ArgumentError, "labels must be texts or None; got 7 at place 1"),
    ({"labels": ["a", b"b"]}, ArgumentError, "labels must be texts or None; got b'b' at place 1"),
    ({"labels": ["a", "\ud800"]}, ArgumentError, "labels must be Unicode that UTF-8 can hold; place 1"),
    ({"evidence": torch.tensor([2.0, 1.0])}, ArgumentError, "evidence must have 0 <= w"),
    ({"evidence": torch.ones(3, 2)}, ShapeError, "evidence must be"),
]


@pytest.mark.parametrize(("what", "kind", "told"), WRONG, ids=range(len(WRONG)))
def test_what_cannot_be_stored(path: Path, what: dict[str, object], kind: type[Exception], told: str) -> None:
    given = {"keys": torch.ones(2, 5), **({} if "keys" in what else {"values": torch.ones(2, 3)}), **what}
    with filled(path) as memory:
        before = stores.held(memory)
        generation = memory.generation
        with pytest.raises(kind, match=told):
            memory.write(**given)
        assert stores.held(memory) == before
        assert memory.generation == generation


def test_labels_of_every_kind_come_back(path: Path) -> None:
    labels = ["", "a\0b", "\n", '"', "\N{SNOWMAN}", None, "x" * 100_000]
    with MemoryStore(path, 1) as memory:
        ids = memory.write(torch.ones(7, 1), labels=labels)
        assert memory.labels_of(ids) == labels
    with StoreReader(path) as reader:
        assert reader.labels_of(ids) == labels


def test_a_query_that_does_not_fit(path: Path) -> None:
    with filled(path) as memory:
        with pytest.raises(ShapeError, match=r"query must end in key_dim=5; got shape \(2, 4\)"):
            memory.read(torch.ones(2, 4))
        with pytest.raises(
            ArgumentError, match=r"query must have the dtype torch.float32 of the store; got torch.float64"
        ):
            memory.read(torch.ones(2, 5, dtype=torch.float64))
        with pytest.raises(ArgumentError, match="top must be at least 1"):
            memory.read(torch.ones(2, 5), top=0)


def test_one_writer(path: Path) -> None:
    with filled(path) as memory:
        with pytest.raises(
            StoreBusyError, match=f"{path} has a writer already, process {os.getpid()}; others can read"
        ):
            MemoryStore(path)
        stores.act(memory, ("append", [(1.0, 1.0, None)]))
    MemoryStore(path).close()


def test_a_refused_opening_leaves_the_store_free(path: Path) -> None:
    filled(path).close()
    for arguments, kind, told in (
        ({"key_dim": 4}, ShapeError, f"key_dim must be 5, that of the store {path}, or None; got 4"),
        ({"value_dim": 4}, ShapeError, "value_dim must be 3, that"),
        ({"dtype": torch.float16}, ArgumentError, "dtype must be float32, that of the store"),
        ({"beta": 0.0}, ArgumentError, "beta must be above 0"),
        ({"beta": 1e13}, ArgumentError, r"beta must be above 0 and at most 1e\+12; got"),
    ):
        with pytest.raises(kind, match=told):
            MemoryStore(path, **arguments)
    MemoryStore(path, 5, 3, dtype=torch.float32).close()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"key_dim": 0}, "key_dim must be at least 1; got 0"),
        ({"key_dim": 2, "value_dim": 0}, "value_dim must be at least 1; got 0"),
        ({"key_dim": 2, "dtype": torch.int64}, "dtype must be one of float64, float32, float16, bfloat16; got int64"),
        ({"key_dim": 2, "beta": -1.0}, "beta must be above 0"),
        ({"key_dim": 2, "beta": float("nan")}, "beta must be above 0"),
    ],
)
def test_what_no_store_can_be(path: Path, arguments: dict[str, object], told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        MemoryStore(path, **arguments)
    assert os.listdir(path.parent) == []


def test_where_no_store_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").write_text("x")
    for name, told in (
        ("none", "none is no store: it does not exist"),
        ("file", "file is no store: it is no folder"),
        ("folder", "folder is no store: it has no store.sqlite"),
    ):
        for kind in (StoreReader, MemoryStore, verify_store):
            with pytest.raises(MemoryFileError, match=told):
                kind(tmp_path / name)
    for name in ("file", "folder"):
        with pytest.raises(MemoryFileError, match="is no store"):
            MemoryStore(tmp_path / name, 2)
    with pytest.raises(MemoryFileError, match=r"cannot make .*: No such file or directory"):
        MemoryStore(tmp_path / "no" / "where", 2)
    for name in ("x" * 300, "a\0b"):
        for act in (StoreReader, MemoryStore, verify_store, lambda path: MemoryStore(path, 2)):
            with pytest.raises(MemoryFileError, match=r"does not exist|cannot make .* too long|names no folder"):
                act(tmp_path / name)
    (tmp_path / "empty").mkdir()
    MemoryStore(tmp_path / "empty", 2).close()
    assert sorted(os.listdir(tmp_path)) == ["empty", "file", "folder"]


def test_a_closed_store(path: Path) -> None:
    memory = filled(path)
    memory.close()
    memory.close()
    for act in (
        lambda: memory.read(torch.ones(5)),
        lambda: memory.write(torch.ones(5), torch.ones(3)),
        lambda: memory.labels_of(torch.tensor([0])),
        memory.compact,
        memory.refresh,
    ):
        with pytest.raises(ArgumentError, match=f"the store {path} is closed"):
            act()


def test_a_reader_keeps_its_segments_while_the_writer_compacts(path: Path) -> None:
    with filled(path) as memory:
        stores.act(memory, ("append", [(1.0, 1.0, None)] * 50))
        memory.flush()
        reader = StoreReader(path)
        seen = stores.held(memory)
        memory.erase(torch.arange(0, 350, 3))
        memory.compact()
        assert len(os.listdir(path / "segments")) == 3, "the reader still needs two of them"
        assert stores.held(reader) == seen
        reader.refresh()
        assert stores.held(reader) == stores.held(memory)
        memory.compact()
        assert len(os.listdir(path / "segments")) == 1
        assert stores.held(reader) == stores.held(memory)
        reader.close()


def test_files_that_a_reader_needed_go_when_the_next_writer_opens(path: Path) -> None:
    with filled(path) as memory, StoreReader(path):
        memory.erase(torch.tensor([0]))
        memory.compact()
    assert len(os.listdir(path / "segments")) == 2
    MemoryStore(path).close()
    assert len(os.listdir(path / "segments")) == 1


def test_compaction_gives_room_back_and_is_done_once(path: Path) -> None:
    with filled(path, 2000) as memory:
        before = os.path.getsize(path / "segments" / os.listdir(path / "segments")[0])
        memory.erase(torch.arange(0, 2000, 2))
        memory.compact()
        [after] = os.listdir(path / "segments")
        assert os.path.getsize(path / "segments" / after) < 0.6 * before
        generation = memory.generation
        memory.compact()
        assert memory.generation == generation
        assert os.listdir(path / "segments") == [after]
        memory.erase(memory.ids)
        memory.compact()
        assert os.listdir(path / "segments") == []
        assert memory.write(torch.ones(5), torch.ones(3)).tolist() == [2000]


def test_left_over_files_are_found_and_go(path: Path) -> None:
    filled(path).close()
    for name in ("0000000099.safetensors", ".hybridattn-0011"):
        (path / "segments" / name).write_bytes(b"half")
    (path / "segments" / "mine.txt").write_text("of someone else")
    assert verify_store(path).left_over == (".hybridattn-0011", "0000000099.safetensors")
    assert verify_store(path).is_sound
    MemoryStore(path).close()
    assert sorted(os.listdir(path / "segments")) == ["0000000001.safetensors", "mine.txt"]
    assert verify_store(path).left_over == ()


def rewritten(path: Path, change: dict[str, object]) -> None:
    """Change the state and sign it again, as someone who knows the format could."""
    connection = sqlite3.connect(path / "store.sqlite")
    [(text,)] = connection.execute("SELECT record FROM state").fetchall()
    record = state_module.to_json({**json.loads(text), **change})
    connection.execute("UPDATE state SET record = ?, sum = ?", (record, state_module.digest(record)))
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version": 2}, "its version is 2; this hybridattn reads version 1"),
        ({"format": "other"}, "its format is 'other', not 'hybridattn.store'"),
        ({"next_id": "7"}, "it is damaged: next_id cannot be '7'"),
        ({"form": {"key_dim": -1, "value_dim": 3, "dtype": "float32", "beta": 1.0}}, "key_dim must be at least 1"),
        ({"form": {"key_dim": 5, "value_dim": 3, "dtype": "os.system", "beta": 1.0}}, "dtype must be one of"),
        ({"generation": 1}, "2 of its 3 commits are lost"),
    ],
)
def test_another_version_and_altered_states(path: Path, change: dict[str, object], told: str) -> None:
    filled(path).close()
    rewritten(path, change)
    for kind in (StoreReader, MemoryStore):
        with pytest.raises(MemoryFileError, match=told):
            kind(path)
    assert not verify_store(path).is_sound


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "0000000001.safetensors/../x", "", 5, "..", "a\0b"])
def test_a_name_that_leaves_the_store(path: Path, name: object) -> None:
    """A segment's record that is signed, and names a file elsewhere, is refused before anything is opened."""
    filled(path).close()
    (path.parent / "secret").write_text("secret")
    connection = sqlite3.connect(path / "store.sqlite")
    [(text,)] = connection.execute("SELECT record FROM segments").fetchall()
    record = state_module.to_json({**json.loads(text), "file": name})
    connection.execute("UPDATE segments SET record = ?", (record,))
    connection.commit()
    connection.close()
    rewritten(path, {"records": state_module.digest(record, "")})
    for kind in (StoreReader, MemoryStore):
        with pytest.raises(MemoryFileError, match=r"which is no file of a store|file cannot be 5"):
            kind(path)
    assert (path.parent / "secret").read_text() == "secret"


def test_a_retired_name_that_leaves_the_store_is_not_removed(path: Path) -> None:
    filled(path).close()
    (path.parent / "secret").write_text("secret")
    connection = sqlite3.connect(path / "store.sqlite")
    connection.execute("INSERT INTO retired(file) VALUES ('../../secret'), ('0000000001.safetensors')")
    connection.commit()
    connection.close()
    with pytest.raises(MemoryFileError, match="no file of a store"):
        MemoryStore(path)
    assert (path.parent / "secret").read_text() == "secret"
    assert len(stores.read_back(path).slots) == 300


@pytest.mark.parametrize("what", ["segment", "segments", "database", "lock"])
def test_links_are_not_followed(path: Path, what: str) -> None:
    filled(path).close()
    place = {
        "segment": path / "segments" / "0000000001.safetensors",
        "segments": path / "segments",
        "database": path / "store.sqlite",
        "lock": path / "lock",
    }[what]
    if what == "lock":
        place.unlink()
        (path.parent / "moved").write_text("mine")
    else:
        place.rename(path.parent / "moved")
    place.symlink_to(path.parent / "moved")
    with pytest.raises(MemoryFileError):
        MemoryStore(path).read(torch.ones(5))
    if what == "lock":
        assert (path.parent / "moved").read_text() == "mine"
    else:
        with pytest.raises(MemoryFileError):
            stores.read_back(path)


@pytest.mark.parametrize(
    "line", ["CREATE TRIGGER t AFTER INSERT ON tail BEGIN SELECT 1; END", "CREATE VIEW v AS SELECT 1"]
)
def test_a_database_with_more_in_it_is_refused(path: Path, line: str) -> None:
    filled(path).close()
    connection = sqlite3.connect(path / "store.sqlite")
    connection.execute(line)
    connection.commit()
    connection.close()
    with pytest.raises(MemoryFileError, match="a database of another kind, or its tables were altered"):
        MemoryStore(path)


def test_a_segment_of_another_store_is_refused(path: Path) -> None:
    filled(path).close()
    other = path.with_name("other")
    with stores.new_store(other) as memory:
        stores.act(memory, ("append", [(1.0, 1.0, None)] * 300))
        memory.erase(torch.tensor([0]))
        memory.write(torch.ones(5), torch.ones(3))
        memory.flush()
    os.replace(other / "segments" / "0000000001.safetensors", path / "segments" / "0000000001.safetensors")
    with pytest.raises(MemoryFileError, match="its header differs from its checksum"):
        stores.read_back(path)


def test_damage_elsewhere_in_a_segment_is_not_read(path: Path) -> None:
    """Only blocks that are touched are looked at: a lookup near the front does not see damage at the end."""
    keys = torch.randn(6000, 128, generator=torch.Generator().manual_seed(0))
    with MemoryStore(path, 128) as memory:
        memory.write(keys)
        memory.flush()
    segment = path / "segments" / "0000000001.safetensors"
    data = bytearray(segment.read_bytes())
    data[-1] ^= 1
    segment.write_bytes(data)
    with StoreReader(path) as reader:
        assert reader.keys_of(torch.tensor([3])).equal(keys[3:4])
        with pytest.raises(MemoryFileError, match="rows 4096 to 5999 of keys differ from their checksum"):
            reader.keys_of(torch.tensor([5999]))
        with pytest.raises(MemoryFileError, match="rows 4096 to 5999 of keys differ"):
            reader.read(keys[:1])
    assert verify_store(path).problems == ("0000000001.safetensors: its keys differ from their checksum",)


def test_a_mapped_segment_is_that_of_safetensors(path: Path) -> None:
    from safetensors.torch import load_file

    with filled(path) as memory:
        [segment] = memory._state.segments
        found = load_file(path / "segments" / segment.file)
        assert found["keys"].equal(stores.keys_of(torch.arange(300)))
        assert found["ids"].equal(torch.arange(300))
        mapped = MappedSegment(path / "segments" / segment.file, size=segment.size, digest=segment.digest)
        for low, high in ((0, 300), (7, 8), (299, 300), (5, 5)):
            assert mapped.rows("values", low, high).equal(found["values"][low:high])


def test_memories_are_kept_beside_slots(path: Path) -> None:
    network = HopfieldNetwork(8)
    network.write(torch.ones(2, 8))
    with filled(path) as memory, StoreReader(path) as reader:
        memory.keep("net", {"net": network}, about={"α": [1, None]})
        memory.keep("other", {})
        assert (memory.kept_names, reader.kept_names) == (["net", "other"], [])
        reader.refresh()
        kept = reader.kept("net")
        assert kept.about == {"α": [1, None]}
        assert kept.memories["net"].read(torch.ones(8)).value.equal(network.read(torch.ones(8)).value)
        memory.keep("net", {"a": HebbianMemory(2, 2), "b": HebbianMemory(3, 3)})
        assert reader.kept("net").about == {"α": [1, None]}, "a reader keeps what it saw"
        assert set(memory.kept("net").memories) == {"a", "b"}
        reader.refresh()
        memory.keep("net", {"a": HebbianMemory(2, 2)})
        for wrong, told in (
            (lambda: memory.keep("net", {"x": torch.nn.Linear(2, 2)}), "it is no memory that this library exports"),
            (lambda: memory.keep("net", {}, about={"x": torch.nan}), "about must be plain data with finite numbers"),
            (lambda: memory.keep("net", {}, about={"x": object()}), "about must be plain data"),
            (lambda: memory.keep("", {}), "name must be a printable text; got ''"),
            (lambda: memory.kept("nothing"), "keeps nothing named 'nothing'; it keeps"),
        ):
            with pytest.raises(ArgumentError, match=told):
                wrong()
        assert list(memory.kept("net").memories) == ["a"]
    MemoryStore(path).close()
    assert len(os.listdir(path / "segments")) == 2
    assert verify_store(path).is_sound


def test_what_is_kept_may_not_be_exchanged(path: Path) -> None:
    with stores.new_store(path) as memory:
        memory.keep("one", {"a": HebbianMemory(2, 2)})
        memory.keep("two", {"a": HebbianMemory(3, 3)})
    os.replace(path / "segments" / "0000000002.safetensors", path / "segments" / "0000000001.safetensors")
    with StoreReader(path) as reader:
        for name, told in (("one", "it is not the file that was kept"), ("two", "No such file")):
            with pytest.raises(MemoryFileError, match=told):
                reader.kept(name)
    assert len(verify_store(path).problems) >= 1


def test_the_log_is_emptied_unless_an_old_state_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOG_BYTES", 100_000)
    monkeypatch.setattr(database, "PATIENCE", 0.02)
    log = path / "store.sqlite-wal"

    def longest(memory: MemoryStore) -> int:
        found = []
        for _ in range(40):
            stores.act(memory, ("append", [(1.0, 1.0, None)] * 100))
            found.append(log.stat().st_size)
        return max(found)

    with filled(path) as memory:
        assert longest(memory) < 200_000
        reader = StoreReader(path)
        stores.act(memory, ("append", [(1.0, 1.0, None)]))
        assert longest(memory) > 400_000
        assert len(stores.held(reader).slots) == len(memory) - 4001
        reader.close()
        longest(memory)
        assert log.stat().st_size < 2_000_000
        assert longest(memory) < 2_000_000


def test_a_store_that_lacks_slots_gives_no_answer(path: Path) -> None:
    filled(path).close()
    rewritten(path, {"live": 299})
    with StoreReader(path) as reader, pytest.raises(MemoryFileError, match="299 slots live, and 300 are there"):
        reader.read(torch.ones(stores.KEY_DIM))
    assert not verify_store(path).is_sound


@pytest.mark.parametrize("first", [1, 400])
def test_newest_slots_under_other_ids_are_refused(path: Path, first: int) -> None:
    filled(path, flushed=False).close()
    connection = sqlite3.connect(path / "store.sqlite")
    [(data,)] = connection.execute("SELECT sealed FROM tail").fetchall()
    connection.execute("UPDATE tail SET first = ?, sealed = ?", (first, sealed(unsealed(data, 0, "rows"), first)))
    connection.commit()
    connection.close()
    with StoreReader(path) as reader:
        for act in (lambda: list(reader.segments()), lambda: reader.keys_of(torch.tensor([3]))):
            with pytest.raises(MemoryFileError, match="slot 0 is in no segment, and not among the newest slots"):
                act()


def test_labels_of_erased_slots_are_gone(path: Path) -> None:
    with filled(path) as memory:
        memory.write(torch.ones(5), torch.ones(3), labels=["a secret"])
        memory.erase(torch.tensor([300]))
        assert not [1 for (data,) in memory._database.rows("SELECT sealed FROM labels") if b"secret" in data]


def test_a_change_that_fails_late_leaves_no_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with filled(path, flushed=False) as memory:
        before = stores.held(memory)

        def full(*_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(writer, "write_state", full)
            with pytest.raises(MemoryFileError, match=r"cannot write to .*: database or disk is full"):
                memory.flush()
        assert os.listdir(path / "segments") == []
        assert stores.held(memory) == before
        memory.flush()
        assert stores.held(memory) == before


def test_a_commit_that_fails_leaves_its_files_until_the_next(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows what the disk has kept of it: what it names must be there."""
    with filled(path, flushed=False) as memory:
        before, run = stores.held(memory), database.Database.run

        def failing(self: database.Database, line: str, *values: object) -> None:
            if line == "COMMIT":
                raise sqlite3.OperationalError("disk I/O error")
            run(self, line, *values)

        with monkeypatch.context() as patch:
            patch.setattr(database.Database, "run", failing)
            with pytest.raises(MemoryFileError, match="disk I/O error"):
                memory.flush()
        assert len(os.listdir(path / "segments")) == 1
        assert stores.held(memory) == before
        stores.act(memory, ("append", [(1.0, 1.0, None)]))
        assert os.listdir(path / "segments") == []
        memory.flush()
    assert verify_store(path).is_sound
