"""The newest slots: rows that wait in the database until there are enough of them for a segment."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from hybridattn.errors import MemoryFileError
from hybridattn.memory.durable.files.database import Database
from hybridattn.memory.durable.records.sealing import sealed, unsealed
from hybridattn.memory.durable.records.state import Form, State
from hybridattn.memory.keeping.layout import raw_bytes

__all__ = ["add_to_tail", "empty_tail", "read_tail"]


def add_to_tail(database: Database, first: int, parts: Mapping[str, Tensor]) -> None:
    """Put rows down, each part (m, width), from the id `first` on."""
    data = b"".join(raw_bytes(part.contiguous()) for part in parts.values())
    database.run("INSERT INTO tail VALUES (?, ?)", first, sealed(data, first))


def empty_tail(database: Database) -> None:
    """Remove all rows."""
    database.run("DELETE FROM tail")


def read_tail(database: Database, state: State) -> Iterator[tuple[int, dict[str, Tensor]]]:
    """Give the rows as they were written, a write at a time: its first id, and its parts (m, width).

    Raises MemoryFileError unless they are all there.
    """
    wanted = state.flushed
    for first, data in database.rows("SELECT first, sealed FROM tail ORDER BY first"):
        parts = _parts(first, data, state.form)
        if first != wanted:
            break
        wanted += len(parts["keys"])
        yield first, parts
    if wanted != state.next_id:
        raise MemoryFileError(f"it is damaged: slot {wanted} is in no segment, and not among the newest slots")


def _parts(first: Any, data: Any, form: Form) -> dict[str, Tensor]:
    plain = unsealed(data, first, "the slots from") if isinstance(first, int) else b""
    rows, rest = divmod(len(plain), form.row_bytes)
    if rest or not rows:
        raise MemoryFileError(f"it is damaged: the slots from {first} have another width")
    whole = torch.frombuffer(bytearray(plain), dtype=form.torch_dtype)
    parts = torch.split(whole, [rows * width for width in form.widths.values()])
    return {name: part.view(rows, -1) for name, part in zip(form.widths, parts, strict=True)}
