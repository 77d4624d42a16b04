"""A store that is open: its state, and what every way to open it has in common."""

import os
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import torch

from hybridattn.errors import ArgumentError, MemoryFileError
from hybridattn.memory.durable.files import Database, Folder, MappedSegment, read_head, told
from hybridattn.memory.durable.reading.kept import files_of
from hybridattn.memory.durable.records import Ledger, Segment, State, read_state
from hybridattn.memory.durable.records.state import MOST_BETA

__all__ = ["OpenStore"]


class OpenStore:
    """The folder, the database and one committed state. `_writes` says whether anything may be changed."""

    _writes = False

    def __init__(self, path: str | os.PathLike[str], *, beta: float | None = None) -> None:
        if beta is not None and not 0 < beta <= MOST_BETA:
            raise ArgumentError(f"beta must be above 0 and at most {MOST_BETA:g}; got {beta}")
        self._folder = Folder(Path(path))
        self._folder.check()
        self._beta = beta
        self._files: dict[str, MappedSegment] = {}
        self._is_open = False
        with told(self.path):
            self._database = Database(self._folder.database, writes=self._writes)
            self._is_open = True
            try:
                self._ledger = Ledger(self._database)
                self._database.check_schema()
                self._state = self._load()
            except BaseException:
                self.close()
                raise

    @property
    def path(self) -> Path:
        """The folder of the store."""
        return self._folder.path

    @property
    def key_dim(self) -> int:
        """Width d of a key."""
        return self._state.form.key_dim

    @property
    def value_dim(self) -> int | None:
        """Width v of a value; None where keys are the values."""
        return self._state.form.value_dim

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of keys and values."""
        return self._state.form.torch_dtype

    @property
    def beta(self) -> float:
        """Inverse temperature of reads."""
        return self._state.form.beta if self._beta is None else self._beta

    @property
    def generation(self) -> int:
        """How many commits the state has behind it."""
        return self._state.generation

    @property
    def next_id(self) -> int:
        """The id that the next slot will get: as many slots were ever written."""
        return self._state.next_id

    def __len__(self) -> int:
        """Count the living slots."""
        return self._state.live

    def __repr__(self) -> str:
        """Show the place and the sizes."""
        sizes = f"slots={len(self)}, key_dim={self.key_dim}, value_dim={self.value_dim}, dtype={self._state.form.dtype}"
        return f"{type(self).__name__}({str(self.path)!r}, {sizes}, beta={self.beta:g}, device=cpu)"

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the files; nothing can be read afterwards. Tensors that were given stay as they are."""
        if self._is_open:
            self._is_open = False
            self._files.clear()
            self._database.close()

    def refresh(self) -> None:
        """Go to the state that is committed by now."""
        with self._named():
            self._database.roll_back()
            self._state = self._load()
        kept = {one.file for one in self._state.segments}
        self._files = {name: file for name, file in self._files.items() if name in kept}

    def _load(self) -> State:
        """Begin to read the last commit, which stays the same until `refresh`."""
        head = read_head(self._folder.head)
        if not self._writes:  # what is read stays the same then, whatever is committed
            self._database.run("BEGIN")
        state = read_state(self._database)
        if state.generation < head:
            raise MemoryFileError(f"it is damaged: {head - state.generation} of its {head} commits are lost")
        for name in files_of(state):
            self._folder.file(name)
        return state

    def _file(self, segment: Segment) -> MappedSegment:
        """Open a segment, once; raises MemoryFileError where it holds other tensors than the store."""
        self._must_be_open()
        found = self._files.get(segment.file)
        if found is None:
            found = MappedSegment(self._folder.file(segment.file), size=segment.size, digest=segment.digest)
            form = self._state.form
            wanted: dict[str, object] = {"ids": (torch.int64, (segment.rows,))}
            wanted |= {name: (form.torch_dtype, (segment.rows, width)) for name, width in form.widths.items()}
            if {name: (one.dtype, one.shape) for name, one in found.entries.items()} != wanted:
                raise MemoryFileError(f"{found.path} is damaged: it holds other tensors than its store")
            self._files[segment.file] = found
        return found

    def _must_be_open(self) -> None:
        if not self._is_open:
            raise ArgumentError(f"the store {self.path} is closed")

    def _named(self) -> AbstractContextManager[None]:
        self._must_be_open()
        return told(self.path)
