"""Where everything of a store lies in its folder, and which names may be followed there."""

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hybridattn.errors import MemoryFileError

__all__ = ["Folder", "numbered_name"]

_DRAFT = ".hybridattn-"  # of a memory that was being saved
_NAME = re.compile(r"[0-9]{10}\.safetensors")


def numbered_name(number: int) -> str:
    """Give the name of the file with this number."""
    return f"{number:010d}.safetensors"


@dataclass(frozen=True)
class Folder:
    """The folder of a store. Nothing outside of it is ever read or removed: links are not followed."""

    path: Path

    @property
    def database(self) -> Path:
        """The SQLite file: what there is, evidence, labels, and the rows that are in no segment yet."""
        return self.path / "store.sqlite"

    @property
    def files(self) -> Path:
        """The folder of the segments and of the memories that are kept beside them."""
        return self.path / "segments"

    @property
    def lock(self) -> Path:
        """The file that the one writer holds locked."""
        return self.path / "lock"

    @property
    def head(self) -> Path:
        """The file that says how many commits there were."""
        return self.path / "head"

    @property
    def cache(self) -> Path:
        """The folder of what can be made again from the rest, such as search indices; it may be removed at any time."""
        return self.path / "cache"

    def file(self, name: str) -> Path:
        """Give the path of a segment; raises MemoryFileError for a name that is none, such as one that leads away."""
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise MemoryFileError(f"it names the file {name!r}, which is no file of a store")
        return self.files / name

    def check(self) -> None:
        """Raise MemoryFileError unless there is a store here, of a folder and a file, and no links."""
        if not os.path.isdir(self.path):
            what = "is no folder" if os.path.exists(self.path) else "does not exist"
            raise MemoryFileError(f"{self.path} is no store: it {what}")
        if not os.path.lexists(self.database):
            raise MemoryFileError(f"{self.path} is no store: it has no {self.database.name}")
        for path, kind in ((self.database, stat.S_ISREG), (self.files, stat.S_ISDIR)):
            if not kind(_mode(path)):
                raise MemoryFileError(f"{self.path} is damaged: {path.name} is missing, or a link that leads away")

    def numbered(self) -> list[str]:
        """Name the files that are there, by their numbers."""
        return sorted(name for name in os.listdir(self.files) if _NAME.fullmatch(name))

    def left_over(self, known: Iterable[str]) -> list[str]:
        """Name the files that no state knows: what an interrupted writer left behind."""
        drafts = [name for name in os.listdir(self.files) if name.startswith(_DRAFT)]
        return sorted({*self.numbered(), *drafts} - set(known))


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:
        return 0
