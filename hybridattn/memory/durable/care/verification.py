"""Verification: every byte of a store against its checksums, and its records against each other."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from hybridattn.errors import HybridAttnError, MemoryFileError
from hybridattn.memory.durable.files import Folder, told
from hybridattn.memory.durable.reading.kept import files_of
from hybridattn.memory.durable.reading.reader import StoreReader
from hybridattn.memory.durable.records import Segment

__all__ = ["Soundness", "verify_store"]


@dataclass(frozen=True)
class Soundness:
    """What was found in a store."""

    slots: int
    """Living slots."""
    segments: int
    bytes: int
    """Bytes of all segments."""
    problems: tuple[str, ...]
    """What is damaged; empty where the store is sound."""
    left_over: tuple[str, ...]
    """Files that an interrupted writer left: harmless, and removed by the next writer."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is damaged."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """Give plain data."""
        own = {"slots": self.slots, "segments": self.segments, "bytes": self.bytes}
        return {"sound": self.is_sound, **own, "problems": list(self.problems), "left_over": list(self.left_over)}


def verify_store(path: str | os.PathLike[str]) -> Soundness:
    """Check a whole store, beside readers and a writer: the last commit at the moment of opening.

    Raises MemoryFileError where there is no store, or another program's file is in its place.
    """
    folder = Folder(Path(path))
    folder.check()
    try:
        store = StoreReader(path)
    except MemoryFileError as error:
        return Soundness(0, 0, 0, (str(error),), ())
    with store:
        state, problems = store._state, []
        for check in (_database, _counters, _segments, _tail, _kept, _truths):
            try:
                with told(store.path):
                    problems += list(check(store))
            except HybridAttnError as error:
                problems.append(str(error))
        retired = {name for (name,) in store._database.rows("SELECT file FROM retired")}
        left = folder.left_over(files_of(state) | retired) if not problems else []
        size = sum(one.size for one in state.segments)
        return Soundness(state.live, len(state.segments), size, tuple(dict.fromkeys(problems)), tuple(left))


def _database(store: StoreReader) -> Iterator[str]:
    for (line,) in store._database.rows("PRAGMA integrity_check(10)"):
        if line != "ok":
            yield f"the database: {line}"


def _counters(store: StoreReader) -> Iterator[str]:
    """Segments hold rising ids below `flushed`, and so many slots live as the state says."""
    state, last = store._state, -1
    for segment in state.segments:
        if not last < segment.first <= segment.last < state.flushed or not 0 < segment.rows <= _span(segment):
            yield f"{segment.file}: its ids {segment.first} to {segment.last} are not those of {segment.rows} slots"
        last = segment.last
    if not state.flushed <= state.next_id:
        yield f"slots below {state.flushed} are in segments, and there are {state.next_id}"
    if len(store.ids) != state.live:
        yield f"{len(store.ids)} slots have evidence, and {state.live} live"


def _span(segment: Segment) -> int:
    return segment.last - segment.first + 1


def _segments(store: StoreReader) -> Iterator[str]:
    """Every file is as it was written, and every living slot is in one."""
    living, whole = 0, True
    for segment in store._state.segments:
        try:
            file = store._file(segment)
            problems = list(file.check_all())
            yield from problems
            whole = whole and not problems
            ids = file.rows("ids", 0, segment.rows)
            rising = bool((ids[1:] > ids[:-1]).all())
            if not rising or int(ids[0]) != segment.first or int(ids[-1]) != segment.last:
                yield f"{segment.file}: its ids do not rise from {segment.first} to {segment.last}"
                continue
            counts = store._ledger.counts(segment.first, segment.last + 1)
            living += int((counts[ids - segment.first, 1] >= 0).sum())
        except MemoryFileError as error:
            yield str(error)
            whole = False
    counted = int((store._ledger.counts(0, store._state.flushed)[:, 1] >= 0).sum()) if store._state.flushed else 0
    if whole and living != counted:
        yield f"{counted} slots below {store._state.flushed} live, and segments hold {living} of them"


def _tail(store: StoreReader) -> Iterator[str]:
    for block in store._tail(store._state):
        if not bool(block.keys.isfinite().all()):
            yield f"slot {int(block.ids[0])} and those behind it are not finite"


def _kept(store: StoreReader) -> Iterator[str]:
    for name in store.kept_names:
        try:
            store.kept(name)
        except MemoryFileError as error:
            yield str(error)


def _truths(store: StoreReader) -> Iterator[str]:
    """Evidence has 0 <= w+ <= w, and labels are texts."""
    counts = store._ledger.counts(0, store._state.next_id)
    alive = counts[:, 1] >= 0
    wrong = alive & ~((counts[:, 0] >= 0) & (counts[:, 0] <= counts[:, 1]) & counts.isfinite().all(-1))
    if bool(wrong.any()):
        yield f"slot {int(wrong.nonzero()[0])} has impossible evidence"
    ids = alive.nonzero()[:, 0]
    for part in torch.split(ids, 1 << 16):
        for place, text in enumerate(store._ledger.labels_of(part)):
            if text is not None and not isinstance(text, str):
                yield f"the label of slot {int(part[place])} is no text"
