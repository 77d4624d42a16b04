"""Memories that are kept whole beside the slots of a store, such as matrices: their records, and how they load."""

import os
import stat
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from hybridattn.errors import ArgumentError, MemoryFileError
from hybridattn.memory.durable.files import Folder
from hybridattn.memory.durable.records import State, field, from_json, to_json
from hybridattn.memory.keeping import load

__all__ = ["Kept", "files_of", "kept_named", "kept_record", "names_of"]


class Kept(NamedTuple):
    """What is kept under one name."""

    memories: dict[str, nn.Module]
    about: dict[str, Any]


def names_of(state: State) -> list[str]:
    """Name what is kept."""
    return [field(from_json(line, "a kept memory"), "name", str) for line in state.kept]


def files_of(state: State) -> set[str]:
    """Name all files that a state needs."""
    records = [field(from_json(line, "a kept memory"), "files", dict) for line in state.kept]
    return {*(one.file for one in state.segments), *(place[0] for files in records for place in files.values())}


def kept_record(folder: Folder, name: str, files: Mapping[str, str], about: Mapping[str, Any]) -> str:
    """Describe memories that were saved to files: their names, sizes and checksums. ArgumentError for odd `about`."""
    places = {part: [file, *_seen(folder.file(file))] for part, file in files.items()}
    try:
        return to_json({"name": name, "files": places, "about": dict(about)})
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(f"about must be plain data with finite numbers: {error}") from error


def kept_named(folder: Folder, state: State, name: str) -> Kept:
    """Load what is kept under a name; raises ArgumentError where there is none, MemoryFileError where it is damaged."""
    for line in state.kept:
        data = from_json(line, "a kept memory")
        if data.get("name") == name:
            files = field(data, "files", dict)
            return Kept({part: _loaded(folder, *place) for part, place in files.items()}, field(data, "about", dict))
    raise ArgumentError(f"{folder.path} keeps nothing named {name!r}; it keeps {names_of(state) or 'nothing'}")


def _loaded(folder: Folder, file: str, size: int, digest: str) -> nn.Module:
    path = folder.file(file)
    if _seen(path) != (size, digest):
        raise MemoryFileError(f"{path} is damaged: it is not the file that was kept")
    return load(path)


def _seen(path: Path) -> tuple[int, str]:
    """Give the size of a file and the SHA-256 of its header, which holds the checksums of the rest."""
    place = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        about = os.fstat(place)
        if not stat.S_ISREG(about.st_mode):
            raise MemoryFileError(f"{path} is damaged: it is no file")
        length = int.from_bytes(os.pread(place, 8, 0), "little")
        return about.st_size, sha256(os.pread(place, min(length, about.st_size), 8)).hexdigest()
    finally:
        os.close(place)
