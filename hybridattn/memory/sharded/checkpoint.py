"""A checkpoint of a sharded memory: a checked file for each rank, and an index that names them all at once."""

import contextlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from hybridattn.errors import ArgumentError, MemoryFileError
from hybridattn.memory.keeping import load, save
from hybridattn.memory.keeping.writing import write_whole
from hybridattn.memory.sharded.routing import apportioned, range_of
from hybridattn.memory.slots.slot_memory import SlotMemory
from hybridattn.ranks import Ranks

if TYPE_CHECKING:
    from hybridattn.memory.sharded.memory import ShardedMemory

__all__ = ["read_part", "write_part"]

INDEX = "shards.json"
FORMAT, VERSION = "hybridattn.shards", 1
_NAME = re.compile(r"shard-[0-9]+-of-[0-9]+-[0-9a-f]{16}\.safetensors")
_Done = TypeVar("_Done")


def write_part(memory: "ShardedMemory", folder: str | os.PathLike[str]) -> None:
    """Save this rank's slots, and let rank 0 name all files in a new index once every rank has written its own."""
    place, ranks = Path(folder), memory.ranks
    tag = int(ranks.gathered(torch.tensor(secrets.randbits(62)))[0])
    names = [f"shard-{rank}-of-{ranks.size}-{tag:016x}.safetensors" for rank in range(ranks.size)]
    index = {"format": FORMAT, "version": VERSION, "files": names, "slots": memory.sizes(), "trained": memory.trainable}
    mine = place / names[ranks.rank]
    try:
        _together(ranks, lambda: _save(memory, mine), f"save to {place}")
        _together(ranks, lambda: _name_all(place, index) if ranks.rank == 0 else None, f"save to {place}")
    except BaseException:
        with contextlib.suppress(OSError):
            mine.unlink(missing_ok=True)
        raise
    if ranks.rank == 0:
        _drop_old(place, names)
    ranks.wait()


def _save(memory: "ShardedMemory", path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    part = SlotMemory(**{**memory.arguments(), "trainable": False, "slots": None})
    part.load_state_dict(memory.state_dict(), assign=True)
    save(part, path)


def _name_all(place: Path, index: Any) -> None:
    text = json.dumps(index, indent=1).encode()
    write_whole(place / INDEX, lambda file: file.write(text))


def _drop_old(place: Path, names: Sequence[str]) -> None:
    for old in place.glob("shard-*.safetensors"):
        if old.name not in names and _NAME.fullmatch(old.name):
            with contextlib.suppress(OSError):
                old.unlink()


def read_part(folder: str | os.PathLike[str], ranks: Ranks, make: Callable[..., "ShardedMemory"]) -> "ShardedMemory":
    """Read an even part of the slots of all files, and nothing else of them, into what `make` makes."""
    return _together(ranks, lambda: _read_part(Path(folder), ranks, make), f"load {folder}")


def _read_part(folder: Path, ranks: Ranks, make: Callable[..., "ShardedMemory"]) -> "ShardedMemory":
    names, sizes, trained = _index(folder)
    wanted = range_of(apportioned([0] * ranks.size, sum(sizes)), ranks.rank)
    parts = [_loaded(folder / name, part) for name, part in zip(names, _parts(sizes, wanted), strict=True)]
    first = parts[0]
    if len({repr(part.arguments()) for part in parts}) > 1:
        raise MemoryFileError(f"{folder} holds parts of different memories")
    memory = make(**first.arguments(), group=ranks)
    memory.load_state_dict(first.state_dict(), assign=True)
    order = torch.cat([part.ids for part in parts]).argsort()
    for name in memory._stored():
        setattr(memory, name, torch.cat([getattr(part, name) for part in parts])[order])
    memory.next_id = torch.stack([part.next_id for part in parts]).amax()
    if trained:
        memory.fix()
    return memory


def _parts(sizes: Sequence[int], wanted: range) -> Iterator[range]:
    """Give, for each file, which of its slots are among those wanted, counted through all files."""
    first = 0
    for size in sizes:
        start, stop = max(wanted.start - first, 0), min(wanted.stop - first, size)
        yield range(min(start, size), max(stop, min(start, size)))
        first += size


def _loaded(path: Path, part: range) -> SlotMemory:
    try:
        memory = load(path, slots=part)
    except ArgumentError as error:
        raise MemoryFileError(f"{path} has not the slots that the index says: {error}") from error
    if not isinstance(memory, SlotMemory):
        raise MemoryFileError(f"{path} is no part of a sharded memory: it holds a {type(memory).__name__}")
    return memory


def _index(folder: Path) -> tuple[list[str], list[int], bool]:
    path = folder / INDEX
    try:
        index: Any = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise MemoryFileError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise MemoryFileError(f"{path} is damaged: it is no JSON ({error})") from error
    if not isinstance(index, dict) or index.get("format") != FORMAT or index.get("version") != VERSION:
        raise MemoryFileError(f"{path} is no index of a sharded memory of version {VERSION}")
    names: Any = index.get("files")
    sizes: Any = index.get("slots")
    if not _are(names, lambda name: isinstance(name, str) and _NAME.fullmatch(name) is not None):
        raise MemoryFileError(f"{path} is damaged: files must be the names of one or more shards; got {names!r}")
    if not _are(sizes, lambda size: type(size) is int and size >= 0) or len(sizes) != len(names):
        raise MemoryFileError(f"{path} is damaged: slots must be a count for each of the files; got {sizes!r}")
    return names, sizes, bool(index.get("trained"))


def _are(listed: Any, kind: Callable[[Any], bool]) -> bool:
    return isinstance(listed, list) and bool(listed) and all(map(kind, listed))


def _together(ranks: Ranks, act: Callable[[], _Done], what: str) -> _Done:
    """Let each rank do its part; where one fails all raise MemoryFileError, so that none waits for it."""
    mistake: MemoryFileError | None = None
    try:
        done = act()
    except (MemoryFileError, OSError) as error:
        mistake = error if isinstance(error, MemoryFileError) else MemoryFileError(f"cannot {what}: {error}")
    failed = ranks.gathered(torch.tensor(mistake is not None)).nonzero().flatten().tolist()
    if mistake is not None:
        raise mistake
    if failed:
        raise MemoryFileError(f"cannot {what}: rank {failed[0]} failed")
    return done
