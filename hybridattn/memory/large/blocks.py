"""Where a memory larger than RAM comes from: blocks of slots, one after the other."""

import json
import mmap
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError, MemoryFileError, ShapeError
from hybridattn.memory.keeping.layout import DTYPES

__all__ = ["Block", "MappedBlocks", "SlotBlocks", "TensorBlocks"]

_PAGES = 1 << 20
"""Bytes that are copied out of a map at once."""
_LONGEST_HEADER = 100_000_000  # that of safetensors


class Block(NamedTuple):
    """Some slots: ids (b,) int64, keys (b, d) and values (b, v)."""

    ids: Tensor
    keys: Tensor
    values: Tensor


class SlotBlocks(Protocol):
    """Slots in blocks: iterating gives (ids, keys, values) again and again, the same each time.

    Ids are int64 and differ across all blocks; widths and dtypes are those of the first block throughout. A block is
    used up before the next one is asked for, so that it may lie in memory that the next one takes.
    """

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Start again at the first block."""
        ...


@dataclass(frozen=True)
class TensorBlocks:
    """Blocks of at most `rows` slots out of tensors: keys (n, d), values (n, v) or None for the keys, ids (n,) or None.

    Without ids slots are numbered from 0. Blocks are views, and carry gradients.

    >>> blocks = TensorBlocks(torch.eye(3), rows=2)
    >>> [block.ids.tolist() for block in blocks]
    [[0, 1], [2]]
    """

    keys: Tensor
    values: Tensor | None = None
    ids: Tensor | None = None
    rows: int = 65536

    def __post_init__(self) -> None:
        sides = [side for side in (self.keys, self.values) if side is not None]
        if any(side.ndim != 2 for side in sides) or len({len(side) for side in sides}) > 1:
            shapes = " and ".join(str(tuple(side.shape)) for side in sides)
            raise ShapeError(f"keys and values must be (n, d) and (n, v); got shape {shapes}")
        if self.ids is not None and self.ids.shape != self.keys.shape[:1]:
            raise ShapeError(f"ids must be ({len(self.keys)},), one a key; got shape {tuple(self.ids.shape)}")
        _check_rows(self.rows)

    def __iter__(self) -> Iterator[Block]:
        """Start again at the first block."""
        values = self.keys if self.values is None else self.values
        ids = torch.arange(len(self.keys), device=self.keys.device) if self.ids is None else self.ids
        for start in range(0, len(self.keys), self.rows):
            part = slice(start, start + self.rows)
            yield Block(ids[part], self.keys[part], values[part])


@dataclass(frozen=True)
class MappedBlocks:
    """SlotBlocks out of safetensors files with `keys` and, if they differ, `values` and `ids`.

    Files are mapped, never read whole: a block of at most rows / 2 slots is copied out of the map, and its pages are
    handed back at once. So a read takes less memory than `rows` slots do, where these are some ten MiB or more,
    whatever the size of the files. Without ids slots are numbered on from file to file. Keys and values are given in
    float32 unless they are float64.

    Raises MemoryFileError, when iteration comes to it, where a file is missing, cut off, or not of this form.
    """

    paths: Sequence[str | os.PathLike[str]]
    rows: int = 65536

    def __post_init__(self) -> None:
        _check_rows(self.rows)

    def __iter__(self) -> Iterator[Block]:
        """Start again at the first block."""
        first = 0
        for path in self.paths:
            try:
                with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                    found = _found(mapped)
                    count = found["keys"].shape[0]
                    step = max(1, self.rows // 2)
                    for start in range(0, count, step):
                        part = range(start, min(start + step, count))
                        yield _block(mapped, found, part, first)
                    first += count
            except (OSError, ValueError, KeyError, TypeError) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                raise MemoryFileError(f"cannot read the slots of {Path(path)}: {reason}") from error


class _Part(NamedTuple):
    """A tensor in a file: where its bytes begin, counted from the start of the file."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    begin: int

    def rows(self, mapped: mmap.mmap, part: range) -> Tensor:
        """Copy rows out, and hand their pages back as it goes."""
        width = self.dtype.itemsize * (self.shape[1] if len(self.shape) > 1 else 1)
        begin, end = self.begin + part.start * width, self.begin + part.stop * width
        copy = torch.empty(end - begin, dtype=torch.uint8)
        into = memoryview(copy.numpy())  # type: ignore[arg-type]
        for start in range(begin, end, _PAGES):
            stop = min(start + _PAGES, end)
            into[start - begin : stop - begin] = mapped[start:stop]
            if hasattr(mapped, "madvise") and hasattr(mmap, "MADV_DONTNEED"):
                ahead = start % mmap.ALLOCATIONGRANULARITY
                mapped.madvise(mmap.MADV_DONTNEED, start - ahead, stop - start + ahead)
        return copy.view(self.dtype).view(len(part), *self.shape[1:])


def _block(mapped: mmap.mmap, found: dict[str, _Part], part: range, first: int) -> Block:
    keys = _wide(found["keys"].rows(mapped, part))
    values = _wide(found["values"].rows(mapped, part)) if "values" in found else keys
    ids = found["ids"].rows(mapped, part) if "ids" in found else torch.arange(first + part.start, first + part.stop)
    return Block(ids, keys, values)


def _wide(rows: Tensor) -> Tensor:
    return rows.to(torch.promote_types(rows.dtype, torch.float32))


def _found(mapped: mmap.mmap) -> dict[str, _Part]:
    """Read the header: what there is of keys, values and ids, once its sizes are found to fit the file."""
    length = int.from_bytes(mapped[:8], "little")
    if len(mapped) < 8 or length > min(len(mapped) - 8, _LONGEST_HEADER):
        raise ValueError("it is no safetensors file, or it is cut off")
    listed = json.loads(mapped[8 : 8 + length])
    if not isinstance(listed, dict) or "keys" not in listed:
        raise ValueError("it has no tensor named keys")
    found = {name: _part(name, listed[name], 8 + length) for name in ("keys", "values", "ids") if name in listed}
    for name, one in found.items():
        size = one.dtype.itemsize
        for axis in one.shape:
            size *= axis
        if one.begin < 8 + length or one.begin + size > len(mapped):
            raise ValueError(f"{name} does not fit the file")
        if len(one.shape) != (1 if name == "ids" else 2) or one.shape[0] != found["keys"].shape[0]:
            raise ValueError(f"{name} has shape {one.shape} beside keys {found['keys'].shape}")
        if (one.dtype == torch.int64) != (name == "ids") or not (name == "ids" or one.dtype.is_floating_point):
            raise ValueError(f"{name} has dtype {one.dtype}")
    return found


def _part(name: str, entry: object, start: int) -> _Part:
    if not isinstance(entry, dict) or entry.get("dtype") not in DTYPES:
        raise ValueError(f"{name} has an unknown dtype")
    shape, begin = tuple(map(int, entry["shape"])), int(entry["data_offsets"][0])
    if min((*shape, begin)) < 0 or int(entry["data_offsets"][1]) < begin:
        raise ValueError(f"{name} has a size below 0")
    return _Part(DTYPES[entry["dtype"]], shape, start + begin)


def _check_rows(rows: int) -> None:
    if rows < 1:
        raise ArgumentError(f"rows must be at least 1; got {rows}")
