"""Pictures as text: two pixels a character, for terminals and for files."""

from collections.abc import Callable, Sequence
from itertools import zip_longest

import numpy as np
from numpy.typing import ArrayLike
from rich.style import Style
from rich.text import Text

from hybridattn.errors import ShapeError

__all__ = ["ink", "side_by_side"]

_UPPER, _LOWER, _FULL = "▀", "▄", "█"
_SHADES = " ░▒▓█"
_GAP = "   "
_CLEAR = 0.75  # how near to 1 or -1 two pixels are for a half block; in between is shaded


def ink(picture: ArrayLike, *, colour: bool = False) -> Text:
    """Write a picture (height, width) of ink values, -1 white to 1 black, as lines of half-block characters.

    Values outside are taken as the nearest of the two. With colour each half is a grey; without, ink is drawn and
    paper left blank, and two pixels that are not both clearly ink or paper become one shade of their mean. Raises
    ShapeError unless there are two axes.

    >>> print(ink([[1, -1, 1, 0], [1, 1, -1, 0]]))
    █▄▀▒
    """
    rows = np.asarray(picture, dtype=float).clip(-1, 1)
    if rows.ndim != 2:
        raise ShapeError(f"picture must have shape (height, width); got shape {rows.shape}")
    if len(rows) % 2:
        rows = np.vstack((rows, np.full((1, rows.shape[1]), -1.0)))
    draw = _grey if colour else _plain
    return Text("\n").join(_joined(draw, *pair) for pair in zip(rows[::2], rows[1::2], strict=True))


def side_by_side(pictures: Sequence[tuple[Text, str]], *, width: int) -> Text:
    """Put pictures of one size over their captions, as many in a row as `width` characters hold, at least one."""
    if not pictures:
        return Text()
    blocks = [[*picture.split("\n"), *map(Text, caption.split("\n"))] for picture, caption in pictures]
    wide = max(line.cell_len for block in blocks for line in block) + len(_GAP)
    at_once = max(1, (width + len(_GAP)) // wide)
    rows = [blocks[first : first + at_once] for first in range(0, len(blocks), at_once)]
    return Text("\n\n").join(_row(row, wide) for row in rows)


def _row(blocks: Sequence[Sequence[Text]], wide: int) -> Text:
    lines = []
    for parts in zip_longest(*blocks, fillvalue=Text()):
        line = Text("").join(_padded(part, wide) for part in parts)
        line.rstrip()
        lines.append(line)
    return Text("\n").join(lines)


def _padded(line: Text, wide: int) -> Text:
    padded = line.copy()
    padded.pad_right(wide - line.cell_len)
    return padded


def _joined(draw: Callable[[float, float], Text], above: Sequence[float], below: Sequence[float]) -> Text:
    return Text("").join(draw(float(top), float(low)) for top, low in zip(above, below, strict=True))


def _grey(top: float, low: float) -> Text:
    levels = (round(127.5 * (1 - value)) for value in (top, low))
    upper, lower = (f"rgb({level},{level},{level})" for level in levels)
    return Text(_UPPER, Style.parse(f"{upper} on {lower}"))


def _plain(top: float, low: float) -> Text:
    if min(abs(top), abs(low)) < _CLEAR:
        return Text(_SHADES[round((top + low + 2) / 4 * (len(_SHADES) - 1))])
    return Text({(True, True): _FULL, (True, False): _UPPER, (False, True): _LOWER}.get((top > 0, low > 0), " "))
