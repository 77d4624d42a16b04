"""Make the folder of a new store: whole, or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hybridattn.errors import MemoryFileError
from hybridattn.memory.durable.files import Database, Folder, make_database, told
from hybridattn.memory.durable.records import Form, State, write_state
from hybridattn.memory.keeping.writing import sync_folder

__all__ = ["made_beside", "make_store", "new_store"]


def make_store(path: Path, form: Form) -> None:
    """Make an empty store; its folder must not exist, or be empty. Raises MemoryFileError where that cannot be."""
    with made_beside(path) as draft:
        new_store(Folder(draft), State(form))


def new_store(folder: Folder, state: State) -> None:
    """Make the files of a store in a folder that is there, with this state as its first commit."""
    folder.files.mkdir()
    make_database(folder.database)
    database = Database(folder.database, writes=True)
    try:
        database.run("BEGIN IMMEDIATE")
        write_state(database, state, None)
        database.run("COMMIT")
    finally:
        database.close()


@contextmanager
def made_beside(path: Path) -> Iterator[Path]:
    """Give a new folder beside `path` to fill; then it is synced and takes the name `path`, or is removed again.

    Raises MemoryFileError where `path` holds something, or the folder cannot be made or filled.
    """
    if "\0" in str(path):
        raise MemoryFileError(f"{str(path)!r} names no folder")
    path = Path(os.path.realpath(path))
    if os.path.exists(path) and (not path.is_dir() or any(path.iterdir())):
        raise MemoryFileError(f"{path} is not free: it is {'a folder with files' if path.is_dir() else 'a file'}")
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    with told(path, "make"):
        draft.mkdir()
        try:
            yield draft
            for folder, _, files in os.walk(draft):
                for name in files:
                    _sync(Path(folder, name))
                sync_folder(Path(folder))
            os.replace(draft, path)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        sync_folder(path.parent)


def _sync(path: Path) -> None:
    place = os.open(path, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
