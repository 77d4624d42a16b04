"""A store opened for reading: one committed state, whatever a writer does meanwhile."""

from collections.abc import Iterator

import torch
from torch import Tensor

from hybridattn.attention import Read
from hybridattn.attention.result import mapped
from hybridattn.errors import ArgumentError, MemoryFileError
from hybridattn.memory.durable.reading.blocks import Slots, pieces, rows_in_block
from hybridattn.memory.durable.reading.kept import Kept, kept_named, names_of
from hybridattn.memory.durable.reading.opened import OpenStore
from hybridattn.memory.durable.reading.streaming import read_streamed
from hybridattn.memory.durable.records import Segment, State, read_tail
from hybridattn.memory.evidence import truth_of
from hybridattn.memory.slots.numbered import no_slot
from hybridattn.memory.taken import check_query

__all__ = ["StoreReader"]


class StoreReader(OpenStore):
    """Read a durable memory of slots: any number of readers, in any processes, beside one writer.

    A reader sees the state that was committed last when it was opened, or when it last did `refresh`; segments stay
    readable for as long as a reader needs them. An open reader keeps the writer's log from being emptied: close or
    refresh those that live long. Opening reads no slots; blocks are checked against their checksums when they are
    first read. Works in a `with` statement.

    Args:
        path: the folder of the store.
        beta: inverse temperature of reads, in (0, 1e12]; None is that of the store.

    Raises:
        MemoryFileError: there is no store, it is of another version, cannot be read, or is damaged.
        ArgumentError: beta is out of its range.
    """

    def segments(self, *, rows: int | None = None) -> Iterator[Slots]:
        """Stream all living slots in the order of their ids, in blocks of at most `rows`, by default of 16 MiB.

        Keys and values are mapped from the files, not copied, unless erased slots lie between them; a block that is
        dropped before the next is asked for takes no memory any more. Do not write into them.
        """
        rows = rows_in_block(self._state.form.row_bytes) if rows is None else rows
        if rows < 1:
            raise ArgumentError(f"rows must be at least 1; got {rows}")
        state, living = self._state, 0
        for segment in state.segments:
            for low, high in pieces(0, segment.rows, rows):
                block = self._mapped(state, segment, low, high)
                living += len(block.ids)
                yield block
                del block
        for block in self._tail(state):
            for low, high in pieces(0, len(block.ids), rows):
                part = self._living(block.part(low, high))
                living += len(part.ids)
                yield part
        if living != state.live:
            raise MemoryFileError(
                f"cannot read {self.path}: it is damaged: {state.live} slots live, and {living} are there"
            )

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        """Read with queries (..., d) over all slots, exactly: value (..., v), log mass, and with top=k the best slots.

        The softmax read with dot products at `beta`, as `SlotMemory` gives it by default. Slots stream by: what is held
        is a block and the result. Raises ShapeError where the query has another width, ArgumentError where it has
        another dtype.
        """
        check_query(query, self.key_dim)
        if query.dtype != self.dtype:
            raise ArgumentError(f"query must have the dtype {self.dtype} of the store; got {query.dtype}")
        empty = self._nothing()
        flat = query.reshape(-1, self.key_dim)
        found = read_streamed(flat, self.segments(), beta=self.beta, empty=empty, top=top)
        return mapped(lambda part: part.reshape((*query.shape[:-1], *part.shape[1:])), found)

    @property
    def ids(self) -> Tensor:
        """The ids of all living slots, (n,) int64, rising."""
        with self._named():
            return (self._ledger.counts(0, self._state.next_id)[:, 1] >= 0).nonzero()[:, 0]

    def keys_of(self, ids: Tensor) -> Tensor:
        """Give the keys (..., d) of the slots with ids (...); raises SlotError where one does not live."""
        return self._rows_of("keys", ids)

    def values_of(self, ids: Tensor) -> Tensor:
        """Give the values (..., v) of the slots with ids (...); raises SlotError where one does not live."""
        return self._rows_of("keys" if self.value_dim is None else "values", ids)

    def evidence_of(self, ids: Tensor) -> Tensor:
        """Give (w+, w) of the slots with ids (...): (..., 2) float64; raises SlotError where one does not live."""
        return self._counts_of(ids).reshape(*torch.as_tensor(ids).shape, 2)

    def labels_of(self, ids: Tensor) -> list[str | None]:
        """Give the labels of the slots with ids (...), in one list; raises SlotError where one does not live."""
        self._counts_of(ids)
        with self._named():
            return self._ledger.labels_of(torch.as_tensor(ids).flatten())

    @property
    def kept_names(self) -> list[str]:
        """The names under which memories are kept whole, beside the slots."""
        return names_of(self._state)

    def kept(self, name: str) -> Kept:
        """Load the memories that are kept under a name, and what was said about them.

        Raises ArgumentError where there is none, MemoryFileError where a file is damaged.
        """
        with self._named():
            return kept_named(self._folder, self._state, name)

    def truth(self, horizon: float = 1.0) -> tuple[Tensor, Tensor]:
        """Give frequency w+ / w (0.5 where w = 0) and confidence w / (w + horizon) by slot: both (n,) float64."""
        with self._named():
            counts = self._ledger.counts(0, self._state.next_id)
        return truth_of(counts[counts[:, 1] >= 0], horizon)

    def _nothing(self) -> Slots:
        parts = {name: torch.empty(0, width, dtype=self.dtype) for name, width in self._state.form.widths.items()}
        return Slots(torch.empty(0, dtype=torch.int64), parts["keys"], parts.get("values"))

    def _mapped(self, state: State, segment: Segment, start: int, stop: int) -> Slots:
        """Map the living ones among rows of a segment."""
        if state is not self._state:
            raise ArgumentError(f"{self.path} was changed, or refreshed, while its slots streamed by")
        with self._named():
            file = self._file(segment)
            values = None if self.value_dim is None else file.rows("values", start, stop)
            return self._living(Slots(file.rows("ids", start, stop), file.rows("keys", start, stop), values))

    def _tail(self, state: State) -> Iterator[Slots]:
        with self._named():
            found = list(read_tail(self._database, state))
        for first, parts in found:
            yield Slots(torch.arange(first, first + len(parts["keys"])), parts["keys"], parts.get("values"))

    def _living(self, block: Slots) -> Slots:
        """Leave out what was erased."""
        if not self._state.dead:
            return block
        with self._named():
            start, stop = int(block.ids[0]), int(block.ids[-1]) + 1
            counts = self._ledger.counts(start, stop)
        whole = stop - start == len(block.ids)
        return block.those((counts if whole else counts[block.ids - start])[:, 1] >= 0)

    def _counts_of(self, ids: Tensor) -> Tensor:
        """Give (w+, w) of ids of any shape, flat; raises SlotError where one does not live."""
        flat = _flat(ids)
        never = (flat < 0) | (flat >= self._state.next_id)
        if bool(never.any()):
            raise no_slot(flat[never])
        with self._named():
            counts = self._ledger.counts_of(flat)
        alive = counts[:, 1] >= 0
        if not bool(alive.all()):
            raise no_slot(flat[~alive])
        return counts

    def _rows_of(self, name: str, ids: Tensor) -> Tensor:
        """Give rows of living slots, from each segment those that it holds, and the rest from the tail."""
        self._counts_of(ids)
        flat = _flat(ids)
        found = torch.empty(len(flat), self._state.form.widths[name], dtype=self.dtype)
        firsts = torch.tensor([one.first for one in self._state.segments], dtype=torch.int64)
        where = torch.searchsorted(firsts, flat, right=True) - 1
        where[flat >= self._state.flushed] = len(firsts)
        for number in torch.unique(where).tolist():
            mine = where == number
            with self._named():
                found[mine] = self._rows_in(name, number, flat[mine])
        return found.reshape(*torch.as_tensor(ids).shape, -1)

    def _rows_in(self, name: str, number: int, ids: Tensor) -> Tensor:
        if number == len(self._state.segments):
            parts = [parts[name] for _, parts in read_tail(self._database, self._state)]
            return torch.cat(parts)[ids - self._state.flushed]
        segment = self._state.segments[number] if number >= 0 else None
        if segment is None or bool((ids > segment.last).any()):
            raise MemoryFileError("it is damaged: a living slot is in no segment")
        file, places = self._file(segment), ids - segment.first
        if not segment.is_whole:
            known = file.rows("ids", 0, segment.rows)
            places = torch.searchsorted(known, ids)
            if not known[places].equal(ids):
                raise MemoryFileError("it is damaged: a living slot is not in its segment")
        return file.rows_at(name, places)


def _flat(ids: Tensor) -> Tensor:
    flat = torch.as_tensor(ids).flatten().contiguous()
    if flat.numel() and (flat.is_floating_point() or flat.dtype == torch.bool):
        raise ArgumentError(f"ids must be whole numbers; got {flat.dtype}")
    return flat.to(torch.int64)
