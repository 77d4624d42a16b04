"""The state of a store at one commit: its form, its counters, and which segments hold which slots."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import torch

from hybridattn.errors import ArgumentError, MemoryFileError
from hybridattn.memory.durable.files.database import Database
from hybridattn.memory.durable.records.sealing import digest, field, from_json, to_json

__all__ = ["FORMAT", "MOST_BETA", "VERSION", "Form", "Segment", "State", "read_state", "write_state"]

FORMAT, VERSION = "hybridattn.store", 1
MOST_BETA = 1e12
"""From here on scores may leave the range of float32."""
DTYPES = {"float64": torch.float64, "float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Form:
    """What all slots of a store have in common; raises ArgumentError for what none can have."""

    key_dim: int
    value_dim: int | None
    dtype: str
    beta: float

    def __post_init__(self) -> None:
        for name, size in (("key_dim", self.key_dim), ("value_dim", self.value_dim)):
            if size is not None and size < 1:
                raise ArgumentError(f"{name} must be at least 1; got {size}")
        if self.dtype not in DTYPES:
            raise ArgumentError(f"dtype must be one of {', '.join(DTYPES)}; got {self.dtype}")
        if not 0 < self.beta <= MOST_BETA:
            raise ArgumentError(f"beta must be above 0 and at most {MOST_BETA:g}; got {self.beta}")

    @property
    def torch_dtype(self) -> torch.dtype:
        """The dtype of keys and values."""
        return DTYPES[self.dtype]

    @property
    def widths(self) -> dict[str, int]:
        """The widths of what is stored for a slot."""
        return {"keys": self.key_dim} | ({} if self.value_dim is None else {"values": self.value_dim})

    @property
    def row_bytes(self) -> int:
        """Bytes of key and value of a slot."""
        return sum(self.widths.values()) * self.torch_dtype.itemsize


@dataclass(frozen=True)
class Segment:
    """A file of slots with rising ids from `first` to `last`; `digest` is the checksum of its header."""

    file: str
    first: int
    last: int
    rows: int
    size: int
    digest: str

    @cached_property
    def text(self) -> str:
        """The record as it is written down."""
        return to_json(asdict(self))

    @property
    def is_whole(self) -> bool:
        """Whether no id in between is missing."""
        return self.rows == self.last - self.first + 1


@dataclass(frozen=True)
class State:
    """What a commit holds. Slots below `flushed` are in segments, those from there to `next_id` in the tail."""

    form: Form
    generation: int = 0
    next_id: int = 0
    flushed: int = 0
    live: int = 0
    segments: tuple[Segment, ...] = ()
    kept: tuple[str, ...] = ()
    """The records of kept memories, as texts."""
    records: str = digest("")
    """The checksum of both lists."""

    @property
    def dead(self) -> int:
        """How many erased slots still have rows in segments or in the tail."""
        return sum(one.rows for one in self.segments) + self.next_id - self.flushed - self.live

    @property
    def tail_bytes(self) -> int:
        """Bytes of the rows that are in no segment yet."""
        return (self.next_id - self.flushed) * self.form.row_bytes


def read_state(database: Database) -> State:
    """Read the last commit; raises MemoryFileError where a record is missing, of another version, or not as written."""
    found = database.rows("SELECT record, sum FROM state")
    if len(found) != 1 or not isinstance(found[0][0], str) or digest(found[0][0]) != found[0][1]:
        raise MemoryFileError("it is damaged: its state differs from its checksum")
    data = from_json(found[0][0], "its state")
    _check_version(data)
    lines = [line for (line,) in database.rows("SELECT record FROM segments ORDER BY first")]
    kept = [line for (line,) in database.rows("SELECT record FROM kept ORDER BY number")]
    if not all(isinstance(line, str) for line in (*lines, *kept)) or digest(*lines, "", *kept) != data.get("records"):
        raise MemoryFileError("it is damaged: the list of its segments differs from its checksum")
    numbers = {name: field(data, name, int) for name in ("generation", "next_id", "flushed", "live")}
    numbers["records"] = data["records"]
    segments = tuple(_segment(from_json(line, "a segment's record")) for line in lines)
    return State(_form(field(data, "form", dict)), segments=segments, kept=tuple(kept), **numbers)


def write_state(database: Database, state: State, before: State | None) -> State:
    """Write a state, one commit on from the one before, into the transaction; gives it with its number."""
    old, new = (() if before is None else before.segments), state.segments
    if gone := set(old) - set(new):
        database.run_many("DELETE FROM segments WHERE first = ?", ((one.first,) for one in gone))
    if fresh := set(new) - set(old):
        database.run_many("INSERT INTO segments VALUES (?, ?)", ((one.first, one.text) for one in fresh))
    if before is None or state.kept != before.kept:
        database.run("DELETE FROM kept")
        database.run_many("INSERT INTO kept VALUES (?, ?)", enumerate(state.kept))
    if gone or fresh or before is None or state.kept != before.kept:
        state = replace(state, records=digest(*(one.text for one in new), "", *state.kept))
    state = replace(state, generation=state.generation + 1)
    numbers = {name: getattr(state, name) for name in ("generation", "next_id", "flushed", "live")}
    about = {"format": FORMAT, "version": VERSION, "form": asdict(state.form), "records": state.records, **numbers}
    text = to_json(about)
    database.run("INSERT OR REPLACE INTO state VALUES (1, ?, ?)", text, digest(text))
    return state


def _check_version(data: dict[str, Any]) -> None:
    if data.get("format") != FORMAT:
        raise MemoryFileError(f"its format is {data.get('format')!r}, not {FORMAT!r}")
    if data.get("version") != VERSION:
        wanted = f"this hybridattn reads version {VERSION}"
        raise MemoryFileError(f"its version is {data.get('version')!r}; {wanted}")


def _form(data: dict[str, Any]) -> Form:
    try:
        return Form(
            field(data, "key_dim", int),
            field(data, "value_dim", int, type(None)),
            field(data, "dtype", str),
            float(field(data, "beta", float, int)),
        )
    except ArgumentError as error:
        raise MemoryFileError(f"it is damaged: {error}") from error


def _segment(data: dict[str, Any]) -> Segment:
    numbers = {name: field(data, name, int) for name in ("first", "last", "rows", "size")}
    return Segment(field(data, "file", str), digest=field(data, "digest", str), **numbers)
