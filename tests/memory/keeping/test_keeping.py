"""A file gives back what was saved, whole or by slots; anything else is an error that says what is wrong."""

import errno
import json
import os
import stat
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from hybridattn import attention
from hybridattn import memory as room
from hybridattn.attention import Cosine, Softmax
from hybridattn.errors import ArgumentError, MemoryFileError
from hybridattn.memory import CodebookMemory, DeltaMemory, HebbianMemory, SlotMemory, load, save
from hybridattn.memory.keeping import layout
from hybridattn.memory.keeping.known import known


def filled(slots: int = 50, width: int = 4, **parts: object) -> SlotMemory:
    memory = SlotMemory(width, 3, **parts)
    generator = torch.Generator().manual_seed(slots)
    memory.write(torch.randn(slots, width, generator=generator), torch.randn(slots, 3, generator=generator))
    return memory


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.safetensors"


def rewritten(path: Path, **changes: object) -> None:
    """Change the manifest of a file and sign it again, as someone who knows the format could."""
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    listed, tensors = json.loads(whole[8 : 8 + length]), whole[8 + length :]
    changes_of_tensors = changes.pop("tensors", {})
    for name, change in changes_of_tensors.items():
        listed[name].update(change)
    manifest = json.loads(listed["__metadata__"]["hybridattn"])
    manifest.update(changes)
    listed["__metadata__"] = {"checksum": "0" * 64, "hybridattn": json.dumps(manifest)}
    raw = json.dumps(listed).encode()
    raw = raw.replace(b"0" * 64, sha256(raw).hexdigest().encode(), 1)
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + tensors)


def test_safetensors_reads_the_file(path: Path) -> None:
    """The peer finds the same tensors, and the bytes where it puts them itself."""
    memory = filled()
    save(memory, path)
    found = load_file(path)
    assert all(found[name].equal(tensor) for name, tensor in memory.state_dict().items())
    assert set(found) == set(memory.state_dict())
    with safe_open(path, "pt") as file:
        assert json.loads(file.metadata()["hybridattn"])["version"] == 1
        assert file.get_slice("keys")[10:20].equal(memory.keys[10:20])


def test_a_second_save_is_the_same_file(path: Path, tmp_path: Path) -> None:
    save(filled(), path)
    save(load(path), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_dtypes_last(path: Path, dtype: torch.dtype) -> None:
    memory = filled(similarity=Cosine()).to(dtype)
    save(memory, path)
    other = load(path)
    assert other.keys.dtype == dtype
    assert other.keys.equal(memory.keys)
    assert other.evidence.dtype == torch.float64


def test_what_is_loaded_goes_on(path: Path) -> None:
    memory = filled()
    memory.erase(torch.tensor([3, 49]))
    save(memory, path)
    other = load(path)
    assert other.write(torch.ones(4), torch.ones(3)).tolist() == [50]
    assert len(other) == 49
    assert torch.isfinite(other.read(torch.ones(4)).value).all()


def test_a_trainable_memory_stays_trainable(path: Path) -> None:
    memory = SlotMemory(4, trainable=True, slots=6, generator=torch.Generator().manual_seed(0))
    save(memory, path)
    other = load(path)
    assert isinstance(other.keys, nn.Parameter)
    assert other.keys.requires_grad
    part = load(path, slots=slice(2, 5))
    assert isinstance(part.keys, nn.Parameter)
    assert part.keys.equal(memory.keys[2:5])


@pytest.mark.parametrize(
    "slots", [slice(0, 50), slice(None), slice(10, 20), slice(-5, None), range(49, 50), range(7, 7), slice(60, 70)]
)
def test_a_range_of_slots(path: Path, monkeypatch: pytest.MonkeyPatch, slots: slice | range) -> None:
    """Small blocks, so that ranges begin and end inside of them."""
    monkeypatch.setattr(layout, "BLOCK", 100)
    monkeypatch.setattr("hybridattn.memory.keeping.reading.BLOCK", 100)
    monkeypatch.setattr("hybridattn.memory.keeping.writing.BLOCK", 100)
    memory = filled(52)
    memory.erase(torch.tensor([0, 30]))
    save(memory, path)
    other = load(path, slots=slots)
    kept = slice(slots.start, slots.stop)
    for name in ("keys", "values", "ids", "evidence"):
        assert getattr(other, name).equal(getattr(memory, name)[kept]), name
    assert other.write(torch.ones(4), torch.ones(3)).tolist() == [52]


def test_a_part_of_a_codebook_memory(path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    memory = CodebookMemory(torch.randn(9, 4, generator=generator), torch.randn(3, 2, generator=generator))
    ids = memory.write_codes(torch.tensor([[i % 9, i % 3, i % 7] for i in range(30)]))
    save(memory, path)
    other = load(path, slots=range(5, 12))
    assert other.ids.equal(ids[5:12])
    assert other.keys_of(ids[5:12]).equal(memory.keys_of(ids[5:12]))


def test_a_part_reads_the_blocks_of_that_part_only(path: Path) -> None:
    """Damage elsewhere is not seen, damage in its block is: 2 MiB of keys, 256 KiB of rows from the front."""
    memory = SlotMemory(64)
    memory.write(torch.randn(8192, 64, generator=torch.Generator().manual_seed(0)))
    save(memory, path)
    whole = bytearray(path.read_bytes())
    [entry] = [one for one in layout.sorted_entries(memory.state_dict()) if one.name == "keys"]
    place = 8 + int.from_bytes(whole[:8], "little") + entry.begin + 8000 * 256
    whole[place] ^= 1
    path.write_bytes(whole)
    assert load(path, slots=range(1024)).keys.equal(memory.keys[:1024])
    for slots in (None, slice(7999, 8001), range(4096, 4097)):
        with pytest.raises(MemoryFileError, match="rows 4096 to 8191 of keys differ from their checksum"):
            load(path, slots=slots)


@pytest.mark.parametrize("slots", [range(0, 10, 2), slice(0, 10, 3), range(-1, 4), range(51), slice(9, 3, -1)])
def test_ranges_that_are_none(path: Path, slots: slice | range) -> None:
    save(filled(), path)
    with pytest.raises(ArgumentError, match="slots must be a range of the 50 slots with step 1; got"):
        load(path, slots=slots)


def test_a_memory_without_slots_has_no_part(path: Path) -> None:
    save(DeltaMemory(4, 3), path)
    with pytest.raises(ArgumentError, match="DeltaMemory has no slots: slots must be None; got range"):
        load(path, slots=range(2))


class Mine(SlotMemory):
    """A class that nobody else has."""


class Sharp(Softmax):
    """A part that nobody else has."""


def test_what_is_not_exported_is_not_saved(path: Path) -> None:
    for memory in (Mine(3), nn.Linear(2, 2), "no memory"):
        with pytest.raises(ArgumentError, match=f"cannot save {type(memory).__name__}: it is no memory that"):
            save(memory, path)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"cannot save separation=.*: it is no part that this library exports"):
        save(SlotMemory(3, separation=Sharp()), path)
    assert not path.exists()


def test_every_exported_memory_and_part_is_known() -> None:
    """By the shop windows themselves: what a memory can be made of has a name that a file may use."""
    assert {"SlotMemory", "HebbianMemory", "DeltaMemory", "CodebookMemory"} <= set(known())
    for name, kind in known().items():
        assert kind is getattr(room, name, None) or kind is getattr(attention, name, None)
    memories = [kind for name in room.__all__ if isinstance(kind := getattr(room, name), type)]
    assert {kind.__name__ for kind in memories if issubclass(kind, nn.Module)} <= set(known())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is no safetensors file, or it is cut off"),
        (b"1234567", "it is no safetensors file, or it is cut off"),
        (b"\xff" * 100, "it is no safetensors file, or it is cut off"),
        (b"\x02" + b"\0" * 7 + b"[]", "its header is no JSON object"),
        (b"\x02" + b"\0" * 7 + b"}{", "its header is no JSON object"),
        ((100_000).to_bytes(8, "little") + b"[" * 100_000, "its header is no JSON object"),
    ],
)
def test_no_safetensors_file(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(MemoryFileError, match=f"cannot load .*memory.safetensors: .*{message}"):
        load(path)


def test_a_safetensors_file_of_another_format(path: Path) -> None:
    save_file({"keys": torch.ones(2)}, path)
    with pytest.raises(MemoryFileError, match="it is a safetensors file of another format"):
        load(path)
    save_file({"keys": torch.ones(2)}, path, metadata={"format": "pt"})
    with pytest.raises(MemoryFileError, match="it is a safetensors file of another format"):
        load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "something else"}, "its format is 'something else', not 'hybridattn.memory'"),
        ({"version": 2}, "its version is 2: a newer hybridattn wrote it, this one reads up to 1"),
        ({"class": "Popen"}, "no memory or part with the name 'Popen'"),
        ({"class": "Softmax", "arguments": {}}, "Softmax is no memory"),
        ({"class": None}, "no memory or part with the name None"),
        ({"arguments": {"key_dim": 4, "value_dim": 3, "colour": 1}}, "SlotMemory cannot be made with"),
        ({"arguments": {"key_dim": 0}}, "key_dim must be at least 1; got 0"),
        ({"arguments": {"key_dim": 4, "similarity": {"part": "os.system", "arguments": {}}}}, "name 'os.system'"),
        ({"arguments": {"key_dim": 4, "similarity": {"path": "x"}}}, "no argument can be {'path': 'x'}"),
        ({"arguments": [4]}, "the arguments of SlotMemory must be named"),
        ({"arguments": {"key_dim": 5, "value_dim": 3}}, "its tensors do not fit its arguments"),
        (
            {"arguments": {"key_dim": 4, "value_dim": None}},
            "its tensors do not fit its arguments: values should be absent",
        ),
        ({"block": 5}, "has not one checksum for each block"),
        ({"sums": None}, "has not one checksum for each block"),
        ({"tensors": {"ids": {"dtype": "F64"}}}, "ids should be torch.int64, and is floating point"),
        ({"tensors": {"ids": {"dtype": "Q7"}}}, "its header is damaged"),
        ({"tensors": {"keys": {"shape": [25, 8]}}}, "different numbers of slots"),
        ({"tensors": {"keys": {"shape": [-50, -4]}}}, "its header is damaged"),
        ({"tensors": {"keys": {"shape": [51, 4]}}}, "is not where it should be"),
        ({"tensors": {"keys": {"data_offsets": [0, 10**15]}}}, "is not where it should be"),
    ],
)
def test_a_signed_file_that_does_not_fit(path: Path, changes: dict, message: str) -> None:
    save(filled(), path)
    rewritten(path, **changes)
    with pytest.raises(MemoryFileError) as caught:
        load(path)
    assert message in str(caught.value)


def test_rewriting_alone_does_no_harm(path: Path) -> None:
    """What the test above changes nothing of is a good file."""
    save(filled(), path)
    rewritten(path)
    assert load(path).keys.equal(filled().keys)


def mutations(whole: bytes, number: int, seed: int) -> list[tuple[str, bytes]]:
    """Change files in every region: a bit, a byte, a cut, an insertion, a swap, a longer end."""
    random = Random(seed)
    header = int.from_bytes(whole[:8], "little")
    regions = [(0, 8), (8, 8 + header), (8 + header, len(whole))]
    found = []
    for turn in range(number):
        start, end = regions[turn % 3]
        place = random.randrange(start, end)
        kind = random.choice(["bit", "byte", "cut", "insert", "delete", "swap", "longer", "zeros"])
        changed = bytearray(whole)
        if kind == "bit":
            changed[place] ^= 1 << random.randrange(8)
        elif kind == "byte":
            changed[place] = random.randrange(256)
        elif kind == "cut":
            del changed[place:]
        elif kind == "insert":
            changed.insert(place, random.randrange(256))
        elif kind == "delete":
            del changed[place]
        elif kind == "swap":
            other = random.randrange(start, end)
            changed[place], changed[other] = changed[other], changed[place]
        elif kind == "longer":
            changed += bytes(random.randrange(1, 9))
        else:
            changed[place : place + 16] = bytes(len(changed[place : place + 16]))
        if changed != whole:
            found.append((f"{kind} at {place}", bytes(changed)))
    return found


def check_mutations(path: Path, number: int) -> None:
    memories: list[nn.Module] = [filled(40), HebbianMemory(6), DeltaMemory(4, 3)]
    memories[1].write(torch.rand(5, 6, generator=torch.Generator().manual_seed(1)))
    for seed, memory in enumerate(memories):
        save(memory, path)
        whole = path.read_bytes()
        changed = mutations(whole, number // len(memories) + number // 10 + 30, seed)  # some change nothing
        assert len(changed) >= number // len(memories)
        for what, content in changed:
            path.write_bytes(content)
            try:
                load(path)
            except MemoryFileError:
                continue
            pytest.fail(f"{type(memory).__name__}: {what} went unseen")


def test_no_altered_file_is_read(path: Path) -> None:
    check_mutations(path, 200)


@pytest.mark.slow
def test_no_altered_file_is_read_of_thousands(path: Path) -> None:
    check_mutations(path, 3000)


def test_no_single_byte_of_a_file_goes_unchecked(path: Path) -> None:
    """Every byte of a small file, one after the other."""
    memory = SlotMemory(1)
    memory.write(torch.ones(1, 1))
    save(memory, path)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(MemoryFileError):
            load(path)


def test_cut_files_say_so(path: Path) -> None:
    save(filled(), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(MemoryFileError, match="it is cut off or too long: its tensors take"):
        load(path)
    path.write_bytes(whole[:100])
    with pytest.raises(MemoryFileError, match="cut off: it ends before its header"):
        load(path)


def test_a_file_that_is_not_there(path: Path, tmp_path: Path) -> None:
    with pytest.raises(MemoryFileError, match=r"cannot read .*memory\.safetensors: No such file"):
        load(path)
    with pytest.raises(MemoryFileError, match=r"cannot read .*: Is a directory"):
        load(tmp_path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MemoryFileError, match=r"cannot write .*none/memory: No such file or directory"):
        save(filled(), tmp_path / "none" / "memory")
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(MemoryFileError, match=r"cannot write"):
        save(filled(), tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(MemoryFileError, match=r"cannot write .*: Not a directory"):
        save(filled(), tmp_path / "file" / "memory")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(MemoryFileError, match=r"cannot write .*: Permission denied"):
        save(filled(), tmp_path / "memory")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_save_leaves_the_older_file(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    save(filled(), path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(MemoryFileError, match=r"cannot write .*: No space left on device"):
        save(filled(9), path)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_an_interrupted_save_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(filled(), path)
    assert list(path.parent.iterdir()) == []


def test_a_file_is_readable_by_others_as_files_are(path: Path) -> None:
    save(filled(), path)
    plain = path.parent / "plain"
    plain.write_text("")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_link_is_followed(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    save(filled(), link)
    assert link.is_symlink()
    assert load(path).keys.equal(filled().keys)


def test_gradients_and_views_do_not_matter(path: Path) -> None:
    memory = SlotMemory(4)
    keys = torch.randn(5, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    memory.write(keys)
    save(memory, path)
    found: Tensor = load(path).keys
    assert found.equal(keys)
    assert not found.requires_grad
