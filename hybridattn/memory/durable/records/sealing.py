"""Plain records with a checksum each, since SQLite has none for its pages."""

import json
from hashlib import sha256
from typing import Any
from zlib import crc32

from hybridattn.errors import MemoryFileError

__all__ = ["digest", "field", "from_json", "sealed", "to_json", "unsealed"]

_SEAL = 4  # bytes


def sealed(data: bytes, number: int) -> bytes:
    """Give the data with its checksum, which also holds to which number it belongs."""
    return data + crc32(data, number & 0xFFFFFFFF).to_bytes(_SEAL, "little")


def unsealed(found: Any, number: int, what: str) -> bytes:
    """Give the data back; raises MemoryFileError where it is not what was sealed under this number."""
    if isinstance(found, bytes) and len(found) >= _SEAL:
        data = found[:-_SEAL]
        if crc32(data, number & 0xFFFFFFFF) == int.from_bytes(found[-_SEAL:], "little"):
            return data
    raise MemoryFileError(f"it is damaged: {what} {number} differ from their checksum")


def digest(*texts: str) -> str:
    """Give the SHA-256 of texts, one after the other."""
    whole = sha256()
    for text in texts:
        whole.update(f"{len(text)}:{text}".encode())
    return whole.hexdigest()


def to_json(data: Any) -> str:
    """Give the one text of plain data."""
    return json.dumps(data, sort_keys=True, allow_nan=False, separators=(",", ":"))


def from_json(text: Any, what: str) -> dict[str, Any]:
    """Give plain data with names back; raises MemoryFileError where it is none."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise MemoryFileError(f"it is damaged: {what} cannot be read") from error
    if not isinstance(found, dict):
        raise MemoryFileError(f"it is damaged: {what} cannot be read")
    return found


def field(data: dict[str, Any], name: str, *kinds: type) -> Any:
    """Give a field of one of the kinds; raises MemoryFileError where it is missing or another."""
    if type(data.get(name)) not in kinds:
        raise MemoryFileError(f"it is damaged: {name} cannot be {data.get(name)!r}")
    return data[name]
