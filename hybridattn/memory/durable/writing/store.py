"""A memory of slots that lasts: what was acknowledged survives whatever ends the process."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory.durable.reading.blocks import Slots, joined, pieces, rows_in_block
from hybridattn.memory.durable.reading.kept import files_of, kept_record
from hybridattn.memory.durable.records import DEAD, Form, Segment, add_to_tail, empty_tail
from hybridattn.memory.durable.writing.changing import Change
from hybridattn.memory.durable.writing.compaction import Living, runs_to_join
from hybridattn.memory.durable.writing.making import make_store
from hybridattn.memory.durable.writing.writer import StoreWriter
from hybridattn.memory.evidence import checked_evidence
from hybridattn.memory.keeping import save
from hybridattn.memory.taken import as_rows, check_finite, check_one_a_key, check_values

__all__ = ["MemoryStore"]

PATIENCE = 0.2
"""Seconds that a compaction waits for readers to refresh, so that old files can go at once."""
FLUSH_BYTES = 1 << 24
"""From here on the newest rows become a segment."""


class MemoryStore(StoreWriter):
    """A durable memory of slots: a key, a value, evidence and a label each, in a folder.

    What a method has returned from is on the disk, and stays there through a kill or a power loss; what was interrupted
    is not there at all. One object in one process writes; any number of others read beside it with `StoreReader`, each
    a state that was committed. Rows go to an SQLite database, and from 16 MiB on to immutable files, which are mapped
    when they are read, so that a store may be larger than memory. Everything has a checksum.

    Args:
        path: the folder. Where nothing is there, or an empty folder, a store is made, which needs `key_dim`.
        key_dim: width d of a key; None is that of the store.
        value_dim: width v of a value; None is that of the store, and for a new one that keys are the values.
        beta: inverse temperature of reads, in (0, 1e12]; None is that of the store, and 1 for a new one. A store keeps
            the one that it was made with.
        dtype: of keys and values: float32 (for None), float64, float16 or bfloat16.

    Raises:
        StoreBusyError: it has a writer already, in this process or another.
        MemoryFileError: the folder is something else, of another version, damaged, or cannot be written.
        ShapeError, ArgumentError: the store has other widths, or another dtype; or there is no store, and no `key_dim`.

    >>> from tempfile import TemporaryDirectory
    >>> folder = TemporaryDirectory()
    >>> with MemoryStore(f"{folder.name}/store", 2, beta=8.0) as store:
    ...     ids = store.write(torch.eye(2), labels=["east", "north"])
    >>> with MemoryStore(f"{folder.name}/store") as store:
    ...     store.labels_of(store.read(torch.tensor([0.9, 0.1]), top=1).slots)
    ['east']
    >>> folder.cleanup()
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        key_dim: int | None = None,
        value_dim: int | None = None,
        *,
        beta: float | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        self._is_open, self._lock = False, None
        name = None if dtype is None else str(dtype).removeprefix("torch.")
        if key_dim is not None and _is_free(Path(path)):
            make_store(Path(path), Form(key_dim, value_dim, name or "float32", 1.0 if beta is None else float(beta)))
        super().__init__(path, beta=beta)
        form = self._state.form
        for what, wanted, found in (
            ("key_dim", key_dim, form.key_dim),
            ("value_dim", value_dim, form.value_dim),
            ("dtype", name, form.dtype),
        ):
            if wanted is not None and wanted != found:
                self.close()
                kind = ArgumentError if what == "dtype" else ShapeError
                raise kind(f"{what} must be {found}, that of the store {path}, or None; got {wanted}")

    def write(
        self,
        keys: Tensor,
        values: Tensor | None = None,
        *,
        evidence: Tensor | None = None,
        labels: Sequence[str | None] | None = None,
    ) -> Tensor:
        """Store keys (m, d) with values (m, v), or one (d,) with (v,), in the store's dtype: slot ids (m,) int64.

        Many rows at once are much quicker than one after the other: each write waits for the disk.

        Args:
            keys: what is read by.
            values: what is read; None where keys are the values.
            evidence: (m, 2), or (2,) for all of them, (w+, w) with 0 <= w+ <= w; None is one positive observation each.
            labels: a text, or None, for each; None is no label at all.

        Raises:
            ShapeError, NotFiniteError, ArgumentError: what cannot be stored; nothing is stored then.
            MemoryFileError: it cannot be written, as where the disk is full; nothing has changed then.
        """
        parts = self._parts(keys, values)
        count = len(parts["keys"])
        counts = checked_evidence(evidence, count, torch.device("cpu"))
        texts = _checked_labels(labels, count)
        with self._changing() as change:
            first = change.state.next_id
            ids = torch.arange(first, first + count)
            if count:
                self._ledger.put(ids, counts, texts)
                self._place(change, Slots(ids, parts["keys"], parts.get("values")))
        return ids

    def erase(self, ids: Tensor) -> None:
        """Forget the slots with these ids, of any shape; raises SlotError, and forgets none, if one is not alive.

        Evidence and labels are gone at once; the room of keys and values comes back with `compact`.
        """
        with self._changing() as change:
            self._counts_of(ids)
            gone = torch.unique(torch.as_tensor(ids))
            self._ledger.put(gone, torch.full((len(gone), 2), DEAD, dtype=torch.float64), [None] * len(gone))
            change.state = replace(change.state, live=change.state.live - len(gone))

    def add_evidence(self, ids: Tensor, evidence: Tensor) -> None:
        """Add evidence (m, 2), or (2,) for all, to the slots with ids (m,); an id that is there twice gets both.

        Raises SlotError, ShapeError, NotFiniteError or ArgumentError, and then adds nothing.
        """
        with self._changing():
            self._counts_of(ids)
            mine, which = torch.unique(torch.as_tensor(ids).flatten(), return_inverse=True)
            added = checked_evidence(evidence, len(which), torch.device("cpu"))
            counts = self._ledger.counts_of(mine).index_add(0, which, added)
            check_finite("evidence in all", counts)
            self._ledger.put(mine, counts, None)

    def flush(self) -> None:
        """Bring the newest rows from the database into a segment: for reading they are mapped then."""
        if self._state.tail_bytes or not self._is_open:
            with self._changing() as change:
                self._flush(change, [])

    def compact(self) -> None:
        """Join small segments, and give back the room of erased slots; ids stay, and readers go on undisturbed.

        Each run of segments that becomes one is a commit of its own: what was done by an interruption stays done. Files
        that are not needed any more go when no reader needs them, at the next compaction or opening.
        """
        self.flush()
        living = [(one, self._alive_in(one)) for one in self._state.segments]
        for run, count in runs_to_join(living, self._state.form.row_bytes):
            with self._changing() as change:
                blocks = Living(self._blocks_of, run)
                fresh = [change.write_segment(blocks, rows=count)] if count else []
                kept = self._state.segments
                place = kept.index(run[0])
                change.state = replace(change.state, segments=(*kept[:place], *fresh, *kept[place + len(run) :]))
                change.retire(one.file for one in run)
        with self._named():
            self._sweep(patience=PATIENCE)

    def keep(
        self, name: str, memories: Mapping[str, nn.Module], *, about: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        """Keep whole memories, such as matrices, under a name: all of them in place of what had the name before.

        `kept` gives them back. Each is anything that `hybridattn.memory.save` saves; `about` is plain data with names.
        Raises ArgumentError for anything else, MemoryFileError where it cannot be written; then nothing has changed.
        """
        if not isinstance(name, str) or not name.isprintable() or not name:
            raise ArgumentError(f"name must be a printable text; got {name!r}")
        with self._changing() as change:
            before = dict(zip(self.kept_names, self._state.kept, strict=True))
            files = {part: change.new_file() for part in memories}
            for part, memory in memories.items():
                save(memory, self._folder.file(files[part]))
            record = kept_record(self._folder, name, files, about)
            change.state = replace(change.state, kept=tuple({**before, name: record}.values()))
            change.retire(files_of(self._state) - files_of(change.state))
        with self._named():
            self._sweep()

    def _blocks_of(self, segment: Segment) -> Iterator[Slots]:
        step = rows_in_block(self._state.form.row_bytes)
        return (self._mapped(self._state, segment, *piece) for piece in pieces(0, segment.rows, step))

    def _alive_in(self, segment: Segment) -> int:
        with self._named():
            counts = self._ledger.counts(segment.first, segment.last + 1)
        return int((counts[:, 1] >= 0).sum())

    def _place(self, change: Change, slots: Slots) -> None:
        """Put new slots into the tail, or, once there are enough, with all that is there into segments."""
        state = change.state
        change.state = replace(state, next_id=state.next_id + len(slots.ids), live=state.live + len(slots.ids))
        if change.state.tail_bytes < FLUSH_BYTES:
            parts = {"keys": slots.keys} if slots.values is None else {"keys": slots.keys, "values": slots.values}
            add_to_tail(self._database, int(slots.ids[0]), parts)
        else:
            self._flush(change, [slots])

    def _flush(self, change: Change, more: list[Slots]) -> None:
        blocks = [self._living(block) for block in self._tail(self._state)]
        blocks = [block for block in [*blocks, *more] if len(block.ids)]
        if blocks:
            change.add(change.write_segments(joined(blocks)))
        empty_tail(self._database)
        change.state = replace(change.state, flushed=change.state.next_id)

    def _parts(self, keys: Tensor, values: Tensor | None) -> dict[str, Tensor]:
        parts = {"keys": self._rows("keys", keys)}
        check_values(values, self.value_dim)
        if values is not None:
            parts["values"] = self._rows("values", values)
            check_one_a_key(parts["keys"], parts["values"])
        return parts

    def _rows(self, name: str, rows: Tensor) -> Tensor:
        rows = as_rows(name, rows, self._state.form.widths[name]).detach().to("cpu", self.dtype).contiguous()
        check_finite(name, rows)
        return rows


def _is_free(path: Path) -> bool:
    return not os.path.lexists(path) or (os.path.isdir(path) and not any(path.iterdir()))


def _checked_labels(labels: Sequence[str | None] | None, count: int) -> list[str | None] | None:
    """Give labels as a list; raises ArgumentError where one is no text, ShapeError where there are not so many."""
    if labels is None:
        return None
    texts: list[str | None] = [labels] if isinstance(labels, str) else list(labels)
    if len(texts) != count:
        raise ShapeError(f"labels must be one a key, {count}; got {len(texts)}")
    for place, text in enumerate(texts):
        if text is not None and not isinstance(text, str):
            raise ArgumentError(f"labels must be texts or None; got {text!r} at place {place}")
        if text is not None and not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError as error:
                raise ArgumentError(f"labels must be Unicode that UTF-8 can hold; place {place}: {error}") from error
    return texts
