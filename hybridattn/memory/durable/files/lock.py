"""One writer at a time: a lock that the kernel drops when its holder ends, however it ends."""

import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from hybridattn.errors import MemoryFileError, StoreBusyError

__all__ = ["locked", "unlock"]


def locked(path: Path) -> IO[str]:
    """Lock a file and give it, open; raises StoreBusyError where another holds the lock, in this process too."""
    try:
        import fcntl
    except ImportError as error:  # pragma: no cover - not on POSIX
        raise MemoryFileError("a store can be written on POSIX systems only: there is no fcntl here") from error
    try:
        file = open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666), "r+")  # noqa: SIM115
    except OSError as error:
        raise MemoryFileError(f"cannot write to {path.parent}: {error.strerror or error}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = _holder(file)
        file.close()
        raise StoreBusyError(f"{path.parent} has a writer already{holder}; others can read it: StoreReader") from error
    with suppress(OSError):  # on a full disk: the number is a help, and no more
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
    return file


def unlock(file: IO[str]) -> None:
    """Drop the lock."""
    file.close()


def _holder(file: IO[str]) -> str:
    with suppress(OSError, ValueError):
        return f", process {int(file.read(32))}"
    return ""
