"""Read a segment mapped: nothing is copied, and every block is checked the first time that it is touched."""

import mmap
import os
import stat
import warnings
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

import torch
from torch import Tensor

from hybridattn.errors import MemoryFileError
from hybridattn.memory.durable.files.writing import FORMAT, VERSION
from hybridattn.memory.keeping.layout import BLOCK, Entry, raw_bytes, read_entries, read_manifest

__all__ = ["MappedSegment"]


class MappedSegment:
    """The tensors of one segment file, by name; raises MemoryFileError where it is not as it was written."""

    def __init__(self, path: Path, *, size: int, digest: str) -> None:
        self.path, self.size = path, size
        place = self._opened()
        try:
            length = int.from_bytes(os.pread(place, 8, 0), "little")
            raw = os.pread(place, length, 8) if length <= size - 8 else b""
        finally:
            os.close(place)
        if sha256(raw).hexdigest() != digest:
            raise self._damaged("its header differs from its checksum")
        try:
            listed, self._manifest = read_manifest(raw, form=FORMAT, newest=VERSION)
            self.entries = {one.name: one for one in read_entries(listed, size - 8 - length)}
            self._sums = {name: self._manifest["sums"][name] for name in self.entries}
            self._digests = {name: self._manifest["digests"][name] for name in self.entries}
        except (MemoryFileError, KeyError, TypeError) as error:
            raise self._damaged(str(error)) from error
        if self._manifest.get("block") != BLOCK:
            raise self._damaged("its blocks have another size")
        self._begin = 8 + length
        self._sound = {name: bytearray(len(one.blocks)) for name, one in self.entries.items()}

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        """Map rows [start, stop) of a tensor: pages are shared with all who read, and go back when it does."""
        entry = self.entries[name]
        if not entry.row_bytes or start >= stop:
            return torch.empty((max(0, stop - start), *entry.shape[1:]), dtype=entry.dtype)
        step = len(entry.blocks[0])
        unknown = [b for b in range(start // step, (stop - 1) // step + 1) if not self._sound[name][b]]
        low, high = (start, stop) if not unknown else (start // step * step, min(-(-stop // step) * step, entry.rows))
        found = self._map(entry, low, high)
        for block in unknown:
            self._check(entry, block, found[block * step - low : (block + 1) * step - low])
        return found[start - low : stop - low]

    def rows_at(self, name: str, places: Tensor) -> Tensor:
        """Give copies of the rows at places (m,); only the blocks that hold them are looked at."""
        entry = self.entries[name]
        step = len(entry.blocks[0])
        for block in torch.unique(places // step).tolist():
            if not self._sound[name][block]:
                self.rows(name, block * step, min((block + 1) * step, entry.rows))
        return self._map(entry, 0, entry.rows)[places]

    def check_all(self) -> Iterator[str]:
        """Read the whole file again, and say what is wrong with it."""
        for name, entry in self.entries.items():
            whole = sha256()
            for block in entry.blocks:
                whole.update(_bytes(self._map(entry, block.start, block.stop)))
            if whole.hexdigest() != self._digests[name]:
                yield f"{self.path.name}: its {name} differ from their checksum"

    def sound_rows(self) -> Tensor:
        """Tell for each row whether all blocks that it lies in are as they were written: (n,) bool."""
        sound = torch.ones(self.entries["ids"].rows, dtype=torch.bool)
        for entry in self.entries.values():
            for number, block in enumerate(entry.blocks):
                try:
                    self._check(entry, number, self._map(entry, block.start, block.stop))
                except MemoryFileError:
                    sound[block.start : block.stop] = False
        return sound

    def _check(self, entry: Entry, block: int, rows: Tensor) -> None:
        if f"{crc32(_bytes(rows)):08x}" != self._sums[entry.name][block]:
            which = entry.blocks[block]
            raise self._damaged(f"rows {which.start} to {which.stop - 1} of {entry.name} differ from their checksum")
        self._sound[entry.name][block] = 1

    def _map(self, entry: Entry, start: int, stop: int) -> Tensor:
        first = self._begin + entry.begin + start * entry.row_bytes
        low = first // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
        size = (stop - start) * entry.row_bytes
        place = self._opened()
        try:
            held = mmap.mmap(place, first - low + size, access=mmap.ACCESS_READ, offset=low)
        except (OSError, ValueError) as error:
            raise self._damaged(f"it cannot be mapped: {error}") from error
        finally:
            os.close(place)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The given buffer is not writable")
            raw = torch.frombuffer(held, dtype=torch.uint8, offset=first - low, count=size)
        return raw.view(entry.dtype).reshape(stop - start, *entry.shape[1:])

    def _opened(self) -> int:
        """Open the file; a link, a folder or one of another size is none of a store."""
        try:
            place = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise self._damaged(error.strerror or str(error)) from error
        about = os.fstat(place)
        if not stat.S_ISREG(about.st_mode) or about.st_size != self.size:
            os.close(place)
            raise self._damaged(f"it has {about.st_size} bytes, not {self.size}")
        return place

    def _damaged(self, what: str) -> MemoryFileError:
        return MemoryFileError(f"{self.path} is damaged: {what}")


def _bytes(rows: Tensor) -> Any:
    return raw_bytes(rows)
