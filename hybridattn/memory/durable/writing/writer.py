"""A store opened by its one writer: how it is locked, changed, and cleared of what nobody needs any more."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import IO

from hybridattn.memory.durable.files import Folder, locked, told, unlock, write_head
from hybridattn.memory.durable.reading.kept import files_of
from hybridattn.memory.durable.reading.reader import StoreReader
from hybridattn.memory.durable.records import write_state
from hybridattn.memory.durable.writing.changing import Change

__all__ = ["StoreWriter"]


class StoreWriter(StoreReader):
    """A store that is locked against other writers for as long as it is open."""

    _writes = True

    def __init__(self, path: str | os.PathLike[str], *, beta: float | None = None) -> None:
        self._is_open = False
        folder = Folder(Path(path))
        folder.check()
        self._lock: IO[str] | None = locked(folder.lock)
        self._mutex = RLock()
        self._next_file = 1
        self._doubtful: list[Change] = []
        try:
            super().__init__(path, beta=beta)
            with told(self.path, "open"):
                self._clear()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the files and of the lock. Nothing has to be saved: what was acknowledged is on the disk."""
        super().close()
        if self._lock is not None:
            unlock(self._lock)
            self._lock = None

    @contextmanager
    def _changing(self) -> Iterator[Change]:
        """Give a change to fill, and commit it; where that fails nothing has changed, here and on the disk."""
        with self._mutex, told(self.path, "write to"):
            self._must_be_open()
            change = Change(self._folder, self._database, self._state, next_file=self._next_file)
            try:
                self._database.run("BEGIN IMMEDIATE")
                yield change
                state = write_state(self._database, change.state, self._state)
            except BaseException:
                self._database.roll_back()
                change.undo()
                raise
            finally:
                self._next_file = change.next_file
            self._commit(change)
            self._state = state
            write_head(self._folder.head, state.generation)
            self._database.shorten_log()

    def _commit(self, change: Change) -> None:
        """Commit; where that fails, files stay until the next commit: nobody knows what the disk has kept of this."""
        try:
            self._database.run("COMMIT")
        except BaseException:
            self._database.roll_back()
            self._doubtful.append(change)
            raise
        for one in self._doubtful:
            one.undo()
        self._doubtful.clear()

    def _clear(self) -> None:
        """Remove what an interrupted writer left, and what was retired."""
        write_head(self._folder.head, self._state.generation)
        retired = {name for (name,) in self._database.rows("SELECT file FROM retired")}
        for name in self._folder.left_over({*files_of(self._state), *retired}):
            (self._folder.files / name).unlink()
        self._next_file = 1 + max((int(name[:10]) for name in self._folder.numbered()), default=0)
        self._sweep()

    def _sweep(self, *, patience: float = 0.0) -> None:
        """Remove retired files, once no reader is left that may need them."""
        retired = [name for (name,) in self._database.rows("SELECT file FROM retired")]
        if not retired or not self._database.is_alone(patience=patience):
            return
        for name in set(retired) - files_of(self._state):
            with suppress(FileNotFoundError):
                self._folder.file(name).unlink()
        self._database.run("DELETE FROM retired")
