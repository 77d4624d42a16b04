"""Write a segment: an immutable safetensors file, on the disk before anything names it."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

import torch
from torch import Tensor

from hybridattn.memory.keeping.layout import BLOCK, Entry, header_bytes, raw_bytes, sorted_entries
from hybridattn.memory.keeping.writing import sync_folder

__all__ = ["FORMAT", "VERSION", "write_segment"]

FORMAT, VERSION = "hybridattn.segment", 1


@dataclass(frozen=True)
class _Sums:
    """The checksums of a tensor: one a block, quick to check when it is read, and one of all of it."""

    blocks: list[str]
    whole: str


def write_segment(
    path: Path, shapes: Mapping[str, tuple[torch.dtype, tuple[int, ...]]], pieces: Mapping[str, Iterable[Tensor]]
) -> tuple[int, str]:
    """Write tensors, each in pieces of rows, to a new file: its size in bytes, and the SHA-256 of its header.

    The header holds the checksums of all tensors, so that its own stands for the whole file. File and folder are
    synced; OSError, and no file, where that cannot be done.
    """
    entries = sorted_entries(
        {name: torch.empty(shape, dtype=kind, device="meta") for name, (kind, shape) in shapes.items()}
    )
    file = open(path, "xb")  # noqa: SIM115
    try:
        with file:
            found = _fill(file, entries, pieces)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return found


def _fill(file: BinaryIO, entries: list[Entry], pieces: Mapping[str, Iterable[Tensor]]) -> tuple[int, str]:
    """Write room for the header, then the tensors, then the header with their checksums, which is as long."""
    file.write(_header(entries, {one.name: _Sums(["0" * 8] * len(one.blocks), "0" * 64) for one in entries}))
    sums = {one.name: _written(file, one, pieces[one.name]) for one in entries}
    size = file.tell()
    header = _header(entries, sums)
    file.seek(0)
    file.write(header)
    return size, sha256(header[8:]).hexdigest()


def _header(entries: list[Entry], sums: Mapping[str, _Sums]) -> bytes:
    manifest: dict[str, Any] = {"format": FORMAT, "version": VERSION, "block": BLOCK}
    manifest["sums"] = {name: one.blocks for name, one in sums.items()}
    manifest["digests"] = {name: one.whole for name, one in sums.items()}
    return header_bytes(entries, manifest)


def _written(file: BinaryIO, entry: Entry, pieces: Iterable[Tensor]) -> _Sums:
    """Write pieces of rows as they come, with a checksum for each block of rows of the entry."""
    whole, current = sha256(), 0
    blocks: list[str] = []
    left = [len(block) * entry.row_bytes for block in entry.blocks]
    for piece in pieces:
        data = raw_bytes(piece.contiguous()) if piece.numel() else memoryview(b"")
        file.write(data)
        whole.update(data)
        while data:
            now, data = data[: left[len(blocks)]], data[left[len(blocks)] :]
            current = crc32(now, current)
            left[len(blocks)] -= len(now)
            if not left[len(blocks)]:
                blocks.append(f"{current:08x}")
                current = 0
    assert len(blocks) == len(left), "the pieces do not fill their tensor"
    return _Sums(blocks, whole.hexdigest())
