"""The SQLite file of a store: opened with care, its schema checked, its errors told in our words."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hybridattn.errors import MemoryFileError, StoreBusyError

__all__ = ["Database", "make_database", "told"]

SCHEMA = (
    "CREATE TABLE state(one INTEGER PRIMARY KEY, record TEXT, sum TEXT)",
    "CREATE TABLE segments(first INTEGER PRIMARY KEY, record TEXT)",
    "CREATE TABLE counts(chunk INTEGER PRIMARY KEY, sealed BLOB)",
    "CREATE TABLE labels(chunk INTEGER PRIMARY KEY, sealed BLOB)",
    "CREATE TABLE tail(first INTEGER PRIMARY KEY, sealed BLOB)",
    "CREATE TABLE kept(number INTEGER PRIMARY KEY, record TEXT)",
    "CREATE TABLE retired(number INTEGER PRIMARY KEY, file TEXT)",
)
PATIENCE = 10.0
"""Seconds to wait while another process recovers or checkpoints."""
PAGES = 4000
"""From so many pages of 4 KiB in the write-ahead log on they are brought into the file."""
LOG_BYTES = 1 << 26
"""The length from which on the log is emptied, even if that means to wait for a moment."""


@contextmanager
def told(path: Path, what: str = "read") -> Iterator[None]:
    """Turn errors of SQLite and of the system into MemoryFileError, with the store that they are about.

    What the records of the store say of themselves begins with `it`, and gets the store's name, too.
    """
    try:
        yield
    except MemoryFileError as error:
        if str(error).startswith("it"):
            raise MemoryFileError(f"cannot {what} {path}: {error}") from error
        raise
    except sqlite3.Error as error:
        text = str(error)
        if "locked" in text:
            raise StoreBusyError(f"{path} is being written to by another program: {text}") from error
        if "malformed" in text or "not a database" in text or "decode" in text:
            raise MemoryFileError(f"cannot {what} {path}: it is damaged: {text}") from error
        raise MemoryFileError(f"cannot {what} {path}: {text}") from error
    except OSError as error:
        raise MemoryFileError(f"cannot {what} {path}: {error.strerror or error}") from error


def make_database(path: Path) -> None:
    """Make the file with its empty tables, and leave it synced."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        for line in SCHEMA:
            connection.execute(line)
        connection.execute("COMMIT")
    finally:
        connection.close()


class Database:
    """A connection: `writes` says whether it may change anything."""

    def __init__(self, path: Path, *, writes: bool) -> None:
        self.path, self._longest = path, LOG_BYTES
        self._connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?{_how(path, writes)}",
            uri=True,
            isolation_level=None,
            timeout=PATIENCE,
            check_same_thread=False,
        )
        try:
            self._set_up(writes)
        except BaseException:
            self._connection.close()
            raise

    def _set_up(self, writes: bool) -> None:
        for line in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "temp_store=MEMORY"):
            self._connection.execute(f"PRAGMA {line}")
        self._connection.execute(f"PRAGMA wal_autocheckpoint={PAGES}")
        self._connection.execute("PRAGMA synchronous=FULL")
        if not writes:
            self._connection.execute("PRAGMA query_only=ON")
        elif self.rows("PRAGMA journal_mode=WAL") != [("wal",)]:
            raise sqlite3.OperationalError("its file system has no write-ahead log")

    def check_schema(self) -> None:
        """Raise MemoryFileError unless the tables are ours and nothing else is there: no view, no trigger."""
        found = [line for (line,) in self.rows("SELECT sql FROM sqlite_master ORDER BY rowid")]
        if found != list(SCHEMA):
            raise MemoryFileError("it is a database of another kind, or its tables were altered")

    def rows(self, line: str, *values: Any) -> list[tuple[Any, ...]]:
        """Give all rows of a query."""
        return self._connection.execute(line, values).fetchall()

    def run(self, line: str, *values: Any) -> None:
        """Carry out one statement."""
        self._connection.execute(line, values)

    def run_many(self, line: str, values: Iterable[tuple[Any, ...]]) -> None:
        """Carry out a statement once for each tuple of values."""
        self._connection.executemany(line, values)

    def roll_back(self) -> None:
        """Undo what was not committed, if there is anything."""
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def is_alone(self, *, patience: float = 0.0) -> bool:
        """Tell whether every reader sees what was committed last: then nobody needs what was there before.

        A full checkpoint has to find no reader of an older state (SQLite, wal_checkpoint FULL). Waits so many seconds
        for readers that refresh.
        """
        return self._checkpoint("FULL", patience)

    def shorten_log(self) -> None:
        """Empty the log once it is long. Where readers of old states prevent it, it is tried at twice the length."""
        log = self.path.with_name(f"{self.path.name}-wal")
        if not log.exists() or log.stat().st_size < self._longest:
            return
        done = self._checkpoint("TRUNCATE", PATIENCE / 20)
        self._longest = LOG_BYTES if done else 2 * self._longest

    def _checkpoint(self, kind: str, patience: float) -> bool:
        self.run(f"PRAGMA busy_timeout={int(patience * 1000)}")
        try:
            [(busy, _, _)] = self.rows(f"PRAGMA wal_checkpoint({kind})")
        except sqlite3.Error:  # what was committed stays so, wherever it lies
            return False
        finally:
            self.run(f"PRAGMA busy_timeout={int(PATIENCE * 1000)}")
        return not busy

    def close(self) -> None:
        """Close it; the last to do so brings the log into the file."""
        self.roll_back()
        self._connection.close()


def _how(path: Path, writes: bool) -> str:
    """Choose how to open: where nothing can be written and no log waits, the file is taken as it is."""
    if writes or os.access(path.parent, os.W_OK):
        return "mode=rw"
    log = path.with_name(f"{path.name}-wal")
    waits = log.exists() and log.stat().st_size
    return "mode=ro" if waits else "mode=ro&immutable=1"
