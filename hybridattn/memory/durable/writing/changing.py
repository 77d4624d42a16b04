"""One change of a store: all of it is committed, or nothing of it is there."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

import torch

from hybridattn.memory.durable.files import Database, Folder, numbered_name, write_segment
from hybridattn.memory.durable.reading.blocks import Slots, pieces
from hybridattn.memory.durable.records import Segment, State

__all__ = ["SEGMENT_BYTES", "Change", "segment_rows"]

SEGMENT_BYTES = 1 << 28
"""Keys and values in one segment, at most."""


def segment_rows(state: State) -> int:
    """Give how many slots a segment holds at most."""
    return max(1, SEGMENT_BYTES // state.form.row_bytes)


class Change:
    """What a transaction makes of the state, and the files that it has written so far."""

    def __init__(self, folder: Folder, database: Database, state: State, *, next_file: int) -> None:
        self.state, self.next_file = state, next_file
        self._folder, self._database = folder, database
        self._new: list[str] = []

    def new_file(self) -> str:
        """Give a name that no file has; the file goes where the change fails."""
        name = numbered_name(self.next_file)
        self.next_file += 1
        self._new.append(name)
        return name

    def write_segments(self, slots: Slots) -> list[Segment]:
        """Write slots that are held, in as many segments as they need."""
        parts = [slots.part(low, high) for low, high in pieces(0, len(slots.ids), segment_rows(self.state))]
        return [self.write_segment([part], rows=len(part.ids)) for part in parts]

    def write_segment(self, blocks: Iterable[Slots], *, rows: int) -> Segment:
        """Write a segment of so many slots, which come in blocks that can be gone through again and again."""
        name, form = self.new_file(), self.state.form
        shapes: dict[str, tuple[torch.dtype, tuple[int, ...]]] = {"ids": (torch.int64, (rows,))}
        shapes |= {part: (form.torch_dtype, (rows, width)) for part, width in form.widths.items()}
        ends: list[int] = []

        def of(part: str) -> Iterator[torch.Tensor]:
            for block in blocks:
                if part == "ids" and len(block.ids):
                    ends[:] = [*ends[:1], int(block.ids[0]), int(block.ids[-1])]
                yield getattr(block, part)

        size, digest = write_segment(self._folder.file(name), shapes, {part: of(part) for part in shapes})
        return Segment(name, ends[0], ends[-1], rows, size, digest)

    def add(self, segments: Iterable[Segment]) -> None:
        """Put new segments behind those that are there."""
        self.state = replace(self.state, segments=(*self.state.segments, *segments))

    def retire(self, files: Iterable[str]) -> None:
        """Note files that may go once nobody reads a state that has them."""
        self._database.run_many("INSERT INTO retired(file) VALUES (?)", ((name,) for name in files))

    def undo(self) -> None:
        """Remove the files that were written."""
        for name in self._new:
            with suppress(OSError):
                self._folder.file(name).unlink()
