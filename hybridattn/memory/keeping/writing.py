"""Write a memory to one file, whole or not at all."""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from torch import Tensor, nn

from hybridattn.errors import ArgumentError, MemoryFileError
from hybridattn.memory.keeping.encoding import encoded_all
from hybridattn.memory.keeping.known import form_of
from hybridattn.memory.keeping.layout import BLOCK, FORMAT, VERSION, Entry, header_bytes, raw_bytes, sorted_entries

__all__ = ["save", "sync_folder", "write_whole"]


def save(memory: nn.Module, path: str | os.PathLike[str]) -> None:
    """Save a memory as one safetensors file with a versioned header and checksums; `load` gives it back.

    The file holds the state of the memory, its class and its `arguments()`; parts by their names. It takes the place of
    an older one at once and whole: it is written beside it, flushed to the disk, and renamed. No second copy of the
    memory is made: blocks of at most 1 MiB go through.

    Args:
        memory: a memory that this library exports, with parts that it exports.
        path: where to; the folder must exist.

    Raises:
        ArgumentError: the memory, or a part of it, is nothing that this library exports.
        MemoryFileError: the file cannot be written; what was there is still there.

    >>> from hybridattn.memory import SlotMemory, load
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save(SlotMemory(2, beta=8.0), f"{folder}/empty.safetensors")
    ...     load(f"{folder}/empty.safetensors")
    SlotMemory(key_dim=2, ...)
    """
    arguments = form_of(memory)
    if arguments is None or not isinstance(memory, nn.Module):
        raise ArgumentError(f"cannot save {type(memory).__name__}: it is no memory that this library exports")
    tensors = _state(memory)
    manifest: dict[str, Any] = {"format": FORMAT, "version": VERSION, "class": type(memory).__name__, "block": BLOCK}
    manifest["arguments"] = encoded_all(arguments)
    entries = sorted_entries(tensors)
    write_whole(Path(os.path.realpath(path)), lambda file: _fill(file, entries, tensors, manifest))


def _state(memory: nn.Module) -> dict[str, Tensor]:
    state = memory.state_dict(keep_vars=True)  # without copies
    for name, tensor in state.items():
        if not isinstance(tensor, Tensor):
            raise ArgumentError(f"cannot save {type(memory).__name__}: its state {name} is no tensor")
    return {name: tensor.detach() for name, tensor in state.items()}


def _fill(file: BinaryIO, entries: list[Entry], tensors: Mapping[str, Tensor], manifest: Mapping[str, Any]) -> None:
    """Write room for the header, then the tensors, then the header with their checksums, which is as long."""
    unknown = {one.name: ["0" * 64] * len(one.blocks) for one in entries}
    file.write(header_bytes(entries, {**manifest, "sums": unknown}))
    sums = {one.name: [_written(file, block) for block in _blocks(tensors[one.name], one)] for one in entries}
    file.seek(0)
    file.write(header_bytes(entries, {**manifest, "sums": sums}))


def _written(file: BinaryIO, block: memoryview) -> str:
    file.write(block)
    return sha256(block).hexdigest()


def _blocks(tensor: Tensor, entry: Entry) -> Iterator[memoryview]:
    rows = tensor if tensor.ndim else tensor.reshape(1)
    for block in entry.blocks:
        yield raw_bytes(rows[block.start : block.stop].cpu().contiguous())


def write_whole(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Fill a file beside its place, flush it to the disk, and only then put it there; MemoryFileError if that fails."""
    beside = path.with_name(f".hybridattn-{secrets.token_hex(8)}")
    try:
        with open(beside, "xb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        sync_folder(path.parent)
    except OSError as error:
        raise MemoryFileError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    if os.name != "posix":
        return
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
