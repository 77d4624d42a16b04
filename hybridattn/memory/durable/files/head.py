"""How many commits there were, told outside of the database: a log that was cut off afterwards is noticed.

The number is written after the commit that it counts, so that it never says too much; where it says too little, or
nothing that can be read, nothing is known.
"""

import os
from contextlib import suppress
from pathlib import Path
from zlib import crc32

__all__ = ["read_head", "write_head"]

_LENGTH = 24


def read_head(path: Path) -> int:
    """Give the number, 0 where it cannot be read."""
    with suppress(OSError, ValueError):
        place = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            text = os.read(place, _LENGTH + 1)
        finally:
            os.close(place)
        if len(text) == _LENGTH and crc32(text[:16]) == int(text[16:], 16):
            return int(text[:16], 16)
    return 0


def write_head(path: Path, generation: int) -> None:
    """Write the number, over the one before; where that cannot be done nothing is lost but the help."""
    number = b"%016x" % generation
    with suppress(OSError):
        place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            os.pwrite(place, number + b"%08x" % crc32(number), 0)
            os.ftruncate(place, _LENGTH)
        finally:
            os.close(place)
