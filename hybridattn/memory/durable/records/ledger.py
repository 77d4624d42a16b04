"""Evidence and labels of slots, in chunks of slots that can be changed: a row of the database each, with a checksum."""

import json
from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor

from hybridattn.errors import MemoryFileError
from hybridattn.memory.durable.files.database import Database
from hybridattn.memory.durable.records.sealing import sealed, unsealed

__all__ = ["CHUNK", "DEAD", "Ledger"]

CHUNK = 120
"""Slots in a chunk: the counts of two chunks fit into a page of SQLite."""
DEAD = -1.0
"""What stands for (w+, w) where there is no slot, or none any more."""
_AT_ONCE = 500
"""Chunks that are asked for in one query."""
_LABELLED = (b"\0", b"\1")
"""Whether a chunk has labels: so their loss is noticed."""

Labels = list[str | None]
_Chunk = tuple[Tensor, bool]


class Ledger:
    """What is known of each slot beside its key and value: (w+, w), and a text or None."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self, start: int, stop: int) -> Tensor:
        """Give (w+, w) of the ids [start, stop), (m, 2) float64; `DEAD` where a slot was erased."""
        if start >= stop:
            return torch.empty(0, 2, dtype=torch.float64)
        first, last = start // CHUNK, (stop - 1) // CHUNK
        line = "SELECT chunk, sealed FROM counts WHERE chunk BETWEEN ? AND ? ORDER BY chunk"
        found = self._database.rows(line, first, last)
        _must_be(range(first, last + 1), [chunk for chunk, _ in found])
        whole = _tensor(b"".join(_opened(chunk, data)[0] for chunk, data in found))
        return whole[start - first * CHUNK : stop - first * CHUNK]

    def counts_of(self, ids: Tensor) -> Tensor:
        """Give (w+, w) of ids (m,), `DEAD` where a slot was erased: (m, 2) float64."""
        if not len(ids):
            return torch.empty(0, 2, dtype=torch.float64)
        chunks, which = torch.unique(ids // CHUNK, return_inverse=True)
        found = self._chunks(chunks.tolist())
        _must_be(chunks.tolist(), found)
        counts: Tensor = torch.stack([found[chunk][0] for chunk in chunks.tolist()])[which, ids % CHUNK]
        return counts

    def labels_of(self, ids: Tensor) -> Labels:
        """Give the labels of ids (m,), None for one without."""
        chunks = torch.unique(ids // CHUNK).tolist()
        labelled = [chunk for chunk, (_, has) in self._chunks(chunks).items() if has]
        found = self._labels(labelled)
        return [found[i // CHUNK][i % CHUNK] if i // CHUNK in found else None for i in ids.tolist()]

    def put(self, ids: Tensor, counts: Tensor, labels: Sequence[str | None] | None) -> None:
        """Set the counts (m, 2) of rising ids (m,), and their labels, which without `labels` stay as they are."""
        chunks, sizes = torch.unique_consecutive(ids // CHUNK, return_counts=True)
        known = self._chunks(chunks.tolist())
        texts = {} if labels is None else self._relabelled(ids, labels, known)
        rows, start = [], 0
        for chunk, size in zip(chunks.tolist(), sizes.tolist(), strict=True):
            whole, labelled = known.get(chunk) or (torch.full((CHUNK, 2), DEAD, dtype=torch.float64), False)
            whole[ids[start : start + size] - chunk * CHUNK] = counts[start : start + size]
            rows.append((chunk, _closed(chunk, whole, labelled or chunk in texts)))
            start += size
        sealed_texts = [(chunk, sealed(json.dumps(some).encode(), chunk)) for chunk, some in texts.items()]
        self._database.run_many("INSERT OR REPLACE INTO counts VALUES (?, ?)", rows)
        self._database.run_many("INSERT OR REPLACE INTO labels VALUES (?, ?)", sealed_texts)

    def _relabelled(self, ids: Tensor, labels: Sequence[str | None], known: dict[int, _Chunk]) -> dict[int, Labels]:
        """Give the labels of those chunks that have any, before or now."""
        texts = self._labels([chunk for chunk, (_, labelled) in known.items() if labelled])
        for number, label in zip(ids.tolist(), labels, strict=True):
            chunk, place = divmod(number, CHUNK)
            if label is not None or chunk in texts:
                texts.setdefault(chunk, [None] * CHUNK)[place] = label
        return texts

    def _chunks(self, chunks: Sequence[int]) -> dict[int, _Chunk]:
        found = self._rows("counts", chunks)
        opened = {chunk: _opened(chunk, data) for chunk, data in found}
        return {chunk: (_tensor(data), has) for chunk, (data, has) in opened.items()}

    def _labels(self, chunks: Sequence[int]) -> dict[int, Labels]:
        found = {chunk: _texts(chunk, data) for chunk, data in self._rows("labels", chunks)}
        for chunk in chunks:
            if chunk not in found:
                raise MemoryFileError(f"it is damaged: the labels of chunk {chunk} are missing")
        return found

    def _rows(self, table: str, chunks: Sequence[int]) -> list[tuple[Any, ...]]:
        found = []
        for low in range(0, len(chunks), _AT_ONCE):
            some = chunks[low : low + _AT_ONCE]
            marks = ",".join("?" * len(some))
            found += self._database.rows(f"SELECT chunk, sealed FROM {table} WHERE chunk IN ({marks})", *some)
        return found


def _must_be(wanted: Sequence[int], found: Collection[int]) -> None:
    """Every slot that was ever written has counts: a chunk without them was lost."""
    if len(found) != len(wanted):
        missing = next((chunk for chunk in wanted if chunk not in found), None)
        what = "some counts are there twice" if missing is None else f"the counts of chunk {missing} are missing"
        raise MemoryFileError(f"it is damaged: {what}")


def _closed(chunk: int, counts: Tensor, labelled: bool) -> bytes:
    return sealed(counts.numpy().astype("<f8").tobytes() + _LABELLED[labelled], chunk)


def _opened(chunk: int, data: Any) -> tuple[bytes, bool]:
    plain = unsealed(data, chunk, "the counts of chunk")
    if len(plain) != CHUNK * 16 + 1:
        raise MemoryFileError(f"it is damaged: the counts of chunk {chunk} have another length")
    return plain[:-1], plain[-1:] == _LABELLED[1]


def _tensor(data: bytes) -> Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.float64).view(-1, 2)


def _texts(chunk: int, data: Any) -> Labels:
    text = unsealed(data, chunk, "the labels of chunk")
    try:
        found = json.loads(text)
    except ValueError as error:
        raise MemoryFileError(f"it is damaged: the labels of chunk {chunk} cannot be read: {error}") from error
    if not isinstance(found, list) or len(found) != CHUNK:
        raise MemoryFileError(f"it is damaged: the labels of chunk {chunk} are none")
    return found
