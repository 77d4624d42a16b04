"""Read a memory from its file, whole or a range of its slots."""

import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError, MemoryFileError
from hybridattn.memory.keeping.encoding import made
from hybridattn.memory.keeping.layout import BLOCK, Entry, raw_bytes, read_entries, read_manifest
from hybridattn.memory.slots.numbered import NumberedSlots

__all__ = ["load"]

_LONGEST_HEADER = 100_000_000  # that of safetensors


def load(
    path: str | os.PathLike[str],
    *,
    slots: slice | range | None = None,
    device: torch.device | str | None = None,
) -> nn.Module:
    """Load a memory that `save` wrote: one of the same class, with the same parts, state and ids.

    Every byte that is read is checked against its SHA-256: the header, and each block of rows (at most 1 MiB each).
    With `slots`, only the blocks that hold those rows are read, so that a part of a large memory loads in the time of
    the part. Nothing that the file names is imported, and nothing is unpickled.

    Args:
        path: the file.
        slots: which slots, counted in the order in which they were written from 0: a slice, or a range with step 1;
            None is all. Ids stay as they were. For memories of slots only.
        device: where the memory shall be; None is the CPU.

    Raises:
        MemoryFileError: the file cannot be read, is no file of a memory, is of a newer version, names what this library
            does not have, is cut off or altered, or its tensors do not fit its arguments.
        ArgumentError: the slots are no range of this memory.
    """
    try:
        with open(path, "rb") as file:
            memory = _loaded(file, os.fstat(file.fileno()).st_size, slots)
    except OSError as error:
        raise MemoryFileError(f"cannot read {os.fspath(path)}: {error.strerror or error}") from error
    except MemoryFileError as error:
        raise MemoryFileError(f"cannot load {os.fspath(path)}: {error}") from error
    return memory if device is None else memory.to(device)


def _loaded(file: BinaryIO, size: int, slots: slice | range | None) -> nn.Module:
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(size - 8, _LONGEST_HEADER):
        raise MemoryFileError("it is no safetensors file, or it is cut off: it ends before its header")
    listed, manifest = read_manifest(file.read(length))
    entries = read_entries(listed, size - 8 - length)
    sums = _sums(manifest, entries)
    arguments = manifest.get("arguments")
    places = range(0)
    if slots is not None:
        empty = _empty(manifest, arguments)
        places = _places(slots, empty, entries)
        if isinstance(arguments, dict) and arguments.get("slots") is not None:
            arguments = {**arguments, "slots": len(places)}
    memory = _empty(manifest, arguments)
    parts = _by_slot(memory) if slots is not None else []
    _must_fit(memory, entries)
    state = {
        one.name: _tensor(file, 8 + length, one, sums[one.name], places if one.name in parts else None)
        for one in entries
    }
    try:
        memory.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise MemoryFileError(f"its tensors do not fit its arguments: {error}") from error
    return memory


def _empty(manifest: Mapping[str, Any], arguments: Any) -> nn.Module:
    memory = made(manifest.get("class"), arguments)
    if not isinstance(memory, nn.Module):
        raise MemoryFileError(f"{manifest.get('class')} is no memory")
    return memory


def _by_slot(memory: nn.Module) -> Sequence[str]:
    """Name the tensors that hold a row a slot."""
    return memory._stored() if isinstance(memory, NumberedSlots) else ()


def _places(slots: slice | range, memory: nn.Module, entries: list[Entry]) -> range:
    rows = {one.rows for one in entries if one.name in _by_slot(memory) and one.name == "ids"}
    if len(rows) != 1:
        raise ArgumentError(f"{type(memory).__name__} has no slots: slots must be None; got {slots}")
    count = rows.pop()
    found = range(*slots.indices(count)) if isinstance(slots, slice) else slots
    if found.step != 1 or not 0 <= found.start <= max(found.start, found.stop) <= count:
        raise ArgumentError(f"slots must be a range of the {count} slots with step 1; got {slots}")
    return range(found.start, max(found.start, found.stop))


def _must_fit(memory: nn.Module, entries: list[Entry]) -> None:
    wanted = {name: _kind(tensor.dtype) for name, tensor in memory.state_dict().items()}
    found = {one.name: _kind(one.dtype) for one in entries}
    if wrong := sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)):
        name = wrong[0]
        which = f"{name} should be {wanted.get(name, 'absent')}, and is {found.get(name, 'absent')}"
        raise MemoryFileError(f"its tensors do not fit its arguments: {which}")
    counts = {one.shape[:1] for one in entries if one.name in _by_slot(memory)}
    if len(counts) > 1:
        raise MemoryFileError(f"its tensors have different numbers of slots: {sorted(counts)}")


def _kind(dtype: torch.dtype) -> str:
    """Name a dtype; floating-point numbers may have any width, as `.to()` gives them."""
    return "floating point" if dtype.is_floating_point else str(dtype)


def _sums(manifest: Mapping[str, Any], entries: list[Entry]) -> dict[str, Any]:
    sums = manifest.get("sums")
    found = {one.name: sums.get(one.name) for one in entries} if isinstance(sums, dict) else {}
    for one in entries:
        if manifest.get("block") != BLOCK or len(found.get(one.name) or ()) != len(one.blocks):
            raise MemoryFileError(f"its header is damaged: {one.name} has not one checksum for each block")
    return found


def _tensor(file: BinaryIO, begin: int, entry: Entry, sums: Sequence[str], places: range | None) -> Tensor:
    """Read rows of a tensor, all for None, block by block; each block is checked as a whole."""
    kept = range(entry.rows) if places is None else places
    tensor = torch.empty(entry.shape if places is None else (len(kept), *entry.shape[1:]), dtype=entry.dtype)
    into = raw_bytes(tensor) if tensor.numel() else memoryview(b"")
    for block, wanted in zip(entry.blocks, sums, strict=True):
        first, last = max(block.start, kept.start), min(block.stop, kept.stop)
        if first >= last:
            continue
        size = len(block) * entry.row_bytes
        mine = into[(first - kept.start) * entry.row_bytes : (last - kept.start) * entry.row_bytes]
        whole = mine if len(mine) == size else memoryview(bytearray(size))
        file.seek(begin + entry.begin + block.start * entry.row_bytes)
        if file.readinto(whole) != size or sha256(whole).hexdigest() != wanted:  # type: ignore[attr-defined]
            rows = f"rows {block.start} to {block.stop - 1}"
            raise MemoryFileError(f"it is damaged: {rows} of {entry.name} differ from their checksum")
        if whole is not mine:
            start = (first - block.start) * entry.row_bytes
            mine[:] = whole[start : start + len(mine)]
    return tensor
