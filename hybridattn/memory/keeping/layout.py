"""How a file of a memory is laid out: safetensors, with checksums of the header and of each block of rows.

A safetensors file is the length of its header in 8 bytes, the header as JSON, and the bytes of all tensors. Ours says
in the header's metadata, as `hybridattn`, what the memory is and the SHA-256 of each block of rows of each tensor; and
as `checksum` the SHA-256 of the header itself, taken with 64 zeros in that place. So every byte counts, and a few rows
can be checked without the others.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from hybridattn.errors import MemoryFileError

__all__ = [
    "BLOCK",
    "DTYPES",
    "FORMAT",
    "VERSION",
    "Entry",
    "header_bytes",
    "raw_bytes",
    "read_entries",
    "read_manifest",
    "sorted_entries",
]

FORMAT, VERSION = "hybridattn.memory", 1
BLOCK = 1 << 20
"""Bytes under one checksum, at most; a single row may be longer."""
NO_SUM = "0" * 64
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
"""The dtypes of safetensors that memories have."""
_NAMES = {dtype: name for name, dtype in DTYPES.items()}


@dataclass(frozen=True)
class Entry:
    """A tensor in a file: `begin` is where its bytes begin, counted from the end of the header."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    begin: int

    @property
    def row_bytes(self) -> int:
        """Bytes of a row; a tensor without axes is one row."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def rows(self) -> int:
        """How many rows there are that have bytes."""
        count = self.shape[0] if self.shape else 1
        return count if self.row_bytes else 0

    @property
    def size(self) -> int:
        """Bytes of the tensor."""
        return self.rows * self.row_bytes

    @property
    def blocks(self) -> list[range]:
        """The rows under each checksum."""
        step = max(1, BLOCK // max(1, self.row_bytes))
        return [range(start, min(start + step, self.rows)) for start in range(0, self.rows, step)]


def sorted_entries(tensors: Mapping[str, Tensor]) -> list[Entry]:
    """Lay tensors out, the widest dtypes first, as safetensors does."""
    entries, begin = [], 0
    for name, tensor in sorted(tensors.items(), key=lambda one: (-one[1].dtype.itemsize, one[0])):
        if tensor.dtype not in _NAMES:
            raise MemoryFileError(f"no file can hold {name}: its dtype is {tensor.dtype}")
        entries.append(Entry(name, tensor.dtype, tuple(tensor.shape), begin))
        begin += entries[-1].size
    return entries


def header_bytes(entries: list[Entry], manifest: Mapping[str, Any]) -> bytes:
    """Give the length and the header, with its checksum."""
    listed: dict[str, Any] = {"__metadata__": {"checksum": NO_SUM, "hybridattn": json.dumps(manifest)}}
    for one in entries:
        place = [one.begin, one.begin + one.size]
        listed[one.name] = {"dtype": _NAMES[one.dtype], "shape": list(one.shape), "data_offsets": place}
    raw = json.dumps(listed, separators=(",", ":")).encode()
    raw += b" " * (-len(raw) % 8)
    return len(raw).to_bytes(8, "little") + raw.replace(NO_SUM.encode(), _sum(raw), 1)


def read_manifest(raw: bytes, *, form: str = FORMAT, newest: int = VERSION) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check a header and give its tensors and its manifest; raises MemoryFileError, with what is wrong.

    `form` is what its format must be, and `newest` the last version that is known.
    """
    listed = _object(raw, "it is no safetensors file: its header is no JSON object")
    metadata = listed.pop("__metadata__", None)
    if not isinstance(metadata, dict) or not isinstance(metadata.get("hybridattn"), str):
        raise MemoryFileError("it is a safetensors file of another format")
    manifest = _object(metadata["hybridattn"], "its header is damaged")
    if manifest.get("format") != form:
        raise MemoryFileError(f"its format is {manifest.get('format')!r}, not {form!r}")
    version = manifest.get("version")
    if isinstance(version, int) and version > newest:
        raise MemoryFileError(f"its version is {version}: a newer hybridattn wrote it, this one reads up to {newest}")
    checksum = metadata.get("checksum")
    if not isinstance(checksum, str) or _sum(raw.replace(checksum.encode(), NO_SUM.encode(), 1)) != checksum.encode():
        raise MemoryFileError("its header is damaged: the checksum differs")
    return listed, manifest


def read_entries(listed: Mapping[str, Any], length: int) -> list[Entry]:
    """Give the tensors of a header whose bytes fill `length`, without gaps; raises MemoryFileError otherwise."""
    try:
        entries = [
            Entry(name, DTYPES[one["dtype"]], tuple(map(int, one["shape"])), int(one["data_offsets"][0]))
            for name, one in listed.items()
        ]
        ends = [int(one["data_offsets"][1]) for one in listed.values()]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise MemoryFileError(f"its header is damaged: {error!r}") from error
    place = 0
    for one, end in sorted(zip(entries, ends, strict=True), key=lambda pair: (pair[0].begin, pair[1])):
        if one.begin != place or min(one.shape, default=0) < 0 or end != place + one.size:
            raise MemoryFileError(f"its header is damaged: {one.name} is not where it should be")
        place = end
    if place != length:
        raise MemoryFileError(f"it is cut off or too long: its tensors take {place} bytes; got {length}")
    return entries


def _object(text: bytes | str, otherwise: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MemoryFileError(otherwise) from error
    if not isinstance(found, dict):
        raise MemoryFileError(otherwise)
    return found


def _sum(raw: bytes) -> bytes:
    return sha256(raw).hexdigest().encode()


def raw_bytes(tensor: Tensor) -> memoryview:
    """Give the bytes of a contiguous tensor on the CPU, to read and to write."""
    array: Any = tensor.reshape(-1).view(torch.uint8).numpy()
    return memoryview(array)
