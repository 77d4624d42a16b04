"""Files that are there whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hybridattn.errors import ArgumentError

__all__ = ["check_path", "decoded", "read_text", "write_bytes", "write_text"]


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Put `text` into the file at `path`, as UTF-8: a reader finds the old file or the new one, and never a part.

    The text goes to a new file in the same folder, is flushed to the disk and then renamed over `path`. A symbolic link
    is followed; the permissions of an old file are kept. Line ends are written as they are.

    Raises `ArgumentError` if `path` is a folder or a device, if its folder is missing or cannot be written, if the disk
    is full, or if the text holds half a surrogate pair. The old file is then as it was.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder, "answer.json"), "[]")
    ...     Path(folder, "answer.json").read_text()
    '[]'
    """
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise ArgumentError(f"text must be Unicode that UTF-8 can hold; got {error}") from error
    write_bytes(path, data)


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Put `data` into the file at `path`, whole or not at all, as `write_text` does."""
    with _told(path):
        _replace(_target(path), data)


def read_text(path: str | os.PathLike[str]) -> str:
    """Read a whole file as UTF-8; raises `ArgumentError` where it cannot be read, with the line where it is no text."""
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        name = os.fspath(path)
        raise ArgumentError(f"FILE must be a file that can be read; got {name[:200]!r}: {reason}") from None
    return decoded(data, os.fspath(path))


def decoded(data: bytes, name: str) -> str:
    """Give the text of a file, without its byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise ArgumentError(f"{name}:{number}: expected UTF-8 text; got other bytes") from None


def check_path(path: str | os.PathLike[str]) -> None:
    """Raise the `ArgumentError` that `write_text` would, as far as that can be known before there is a text."""
    with _told(path):
        target = _target(path)
        if not os.access(target.parent, os.W_OK):
            raise ValueError("its folder cannot be written")


@contextmanager
def _told(path: str | os.PathLike[str]) -> Iterator[None]:
    """Tell whose path it was, and why it cannot be written."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ArgumentError(f"path must be a file that can be written; got {os.fspath(path)!r}: {reason}") from error


def _target(path: str | os.PathLike[str]) -> Path:
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise ValueError("its folder does not exist")
    if target.is_dir():
        raise ValueError("it is a folder")
    if target.exists() and not target.is_file():
        raise ValueError("it is no regular file")
    return target


def _replace(target: Path, data: bytes) -> None:
    draft = target.with_name(f".hybridattn-{secrets.token_hex(8)}.tmp")
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            draft.chmod(target.stat().st_mode & 0o7777)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
