"""A disk that forgets: what strace saw a program write, as it may be after the power failed at any moment.

Only what was synced is sure to be there: data by a sync of the file, names by a sync of the folder. Of the rest any
part may be, writes in any order and cut at any byte; the names of a folder change in their order.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

CALLS = "openat,lseek,write,pwrite64,ftruncate,fsync,fdatasync,unlink,rename,mkdir"
_LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)(?:<(.*)>)?")
_HEX = r'"((?:\\x[0-9a-f]{2})*)"'


class Event(NamedTuple):
    """One call: its name, the path that it is about, a second path or data, and a number."""

    call: str
    path: str
    data: bytes
    number: int
    fd: int


def events(trace: Path) -> Iterator[Event]:
    """Read what `strace -f -y -xx` wrote; calls that failed are left out."""
    for line in trace.read_text().splitlines():
        found = _LINE.match(line)
        if found is None:
            assert "+++" in line or "---" in line or "?" in line, line[:200]
            continue
        call, rest, result, opened = found.groups()
        if int(result) >= 0:
            yield _event(call, rest, int(result), opened)


def _event(call: str, rest: str, result: int, opened: str | None) -> Event:
    texts = [_bytes(text) for text in re.findall(_HEX, rest)]
    if call == "openat":
        flags = int("O_CREAT" in rest) + 2 * int("O_TRUNC" in rest)
        return Event(call, _bytes(opened or "").decode(), b"", flags, result)
    if call in ("unlink", "mkdir"):
        return Event(call, texts[0].decode(), b"", 0, -1)
    if call == "rename":
        return Event(call, texts[0].decode(), texts[1], 0, -1)
    place = re.match(r"(\d+)(?:<((?:\\x[0-9a-f]{2}|[^<>])*)>)?", rest)
    assert place is not None, rest[:200]
    path = _bytes(place[2] or "").decode(errors="replace")
    numbers = [int(text) for text in re.findall(r", (-?\d+)", re.sub(_HEX, "", rest))]
    number = {"write": 0, "lseek": result}.get(call, numbers[-1] if numbers else 0)
    return Event(call, path, texts[0][:result] if texts else b"", number, int(place[1]))


def _bytes(text: str) -> bytes:
    return re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode())


@dataclass
class File:
    """What is sure to be in a file, and what was written since: (offset, data), or (size, None) for a cut."""

    sure: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for place, data in self.since:
            _put(self.sure, place, data)
        self.since.clear()

    def after_a_loss(self, random: Random) -> bytes:
        found = bytearray(self.sure)
        for place, data in self.since:
            luck = random.random()
            if luck < 0.5:
                _put(found, place, data)
            elif luck < 0.75 and data:
                _put(found, place, data[: random.randrange(len(data))])
        return bytes(found)


def _put(content: bytearray, place: int, data: bytes | None) -> None:
    if len(content) < place:
        content.extend(bytes(place - len(content)))
    if data is None:
        del content[place:]
    else:
        content[place : place + len(data)] = data


class Disk:
    """The files below a folder, as the events have left them so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.names = {str(path): File(bytearray(path.read_bytes())) for path in folder.rglob("*") if path.is_file()}
        self.sure = dict(self.names)
        self.since: list[tuple[str, str, File | None]] = []
        self._places: dict[int, int] = {}

    def take(self, event: Event) -> None:
        call, path, data, number, fd = event
        if call == "openat":
            self._places[fd] = 0
        if not path.startswith(self.folder) or path.endswith("-shm"):
            return
        if call == "openat" and number & 1 and path not in self.names:
            self._name(path, File())
        elif call == "openat" and number & 2:
            self.names[path].since.append((0, None))
        elif call == "lseek":
            self._places[fd] = number
        elif call == "write":
            self.names[path].since.append((self._places[fd], data))
            self._places[fd] += len(data)
        elif call == "pwrite64" and path in self.names:
            self.names[path].since.append((number, data))
        elif call == "ftruncate" and path in self.names:
            self.names[path].since.append((number, None))
        elif call in ("fsync", "fdatasync"):
            self._sync(path)
        elif call == "unlink":
            self._name(path, None)
        elif call == "rename":
            self._name(data.decode(), self.names[path])
            self._name(path, None)

    def _name(self, path: str, file: File | None) -> None:
        self.since.append((path.rpartition("/")[0], path, file))
        _set(self.names, path, file)

    def _sync(self, path: str) -> None:
        if path in self.names:
            self.names[path].sync()
        for folder, name, file in self.since:
            if folder == path:
                _set(self.sure, name, file)
        self.since = [one for one in self.since if one[0] != path]

    def after_a_loss(self, random: Random) -> dict[str, bytes]:
        """Give the files that may be found: their paths below the folder, and what is in them."""
        found = dict(self.sure)
        luck = {folder: random.random() for folder, _, _ in self.since}
        for folder, name, file in self.since:
            if random.random() < luck[folder]:
                _set(found, name, file)
            else:
                luck[folder] = 0.0
        return {name[len(self.folder) + 1 :]: file.after_a_loss(random) for name, file in found.items()}


def _set(names: dict[str, File], name: str, file: File | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file
