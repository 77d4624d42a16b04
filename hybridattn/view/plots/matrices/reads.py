"""Matrices of queries and keys: how alike they are, and what share of the attention each key got."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hybridattn.view.plots.canvas import new_axes, scale_beside, shortened
from hybridattn.view.plots.matrices.taken import matrix, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_alignment", "plot_attention"]

_INCHES = 0.42  # a cell
_NUMBERED = 12  # rows and columns up to which cells hold their number
_NAMED = 40  # rows or columns up to which each has its name


def plot_attention(
    shares: ArrayLike,
    *,
    queries: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the attention shares (q, n) of a read: a row a query, a column a key or slot, white 0 to dark 1.

    Up to 12 rows and columns each cell holds its number. Raises ShapeError, NotFiniteError, or ArgumentError for a
    share outside [0, 1].
    """
    values = matrix("shares", shares, low=0.0, high=1.0)
    ax = _drawn(values, queries, keys, ax, colours="Blues", low=0.0, label="share")
    ax.set(xlabel="key", ylabel="query")
    return ax


def plot_alignment(
    similarities: ArrayLike,
    *,
    queries: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
    limit: float = 1.0,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw how alike queries and keys (q, n) are, before any of them wins: dark -limit to light limit.

    The colours grow lighter all the way, so that a grey print shows the sign too. Raises ShapeError, NotFiniteError, or
    ArgumentError for a similarity beyond the limit.
    """
    values = matrix("similarities", similarities, low=-limit, high=limit)
    ax = _drawn(values, queries, keys, ax, colours="cividis", low=-limit, high=limit, label="similarity")
    ax.set(xlabel="key", ylabel="query")
    return ax


def _drawn(
    values: NDArray[np.float64],
    rows: Sequence[str] | None,
    columns: Sequence[str] | None,
    ax: "Axes | None",
    *,
    colours: str,
    low: float,
    high: float = 1.0,
    label: str,
) -> "Axes":
    height, width = values.shape
    names = named("queries", rows, height), named("keys", columns, width)
    wide, tall = (1.6 + _INCHES * min(size, 24) for size in (width, height))
    ax = new_axes(ax, width=max(3.2, wide), height=max(2.4, tall))
    image = ax.imshow(values, cmap=colours, vmin=low, vmax=high, aspect="auto", interpolation="nearest")
    if width <= _NAMED:
        ax.set_xticks(range(width), map(shortened, names[1]), rotation=90 if max(map(len, names[1])) > 3 else 0)
    if height <= _NAMED:
        ax.set_yticks(range(height), map(shortened, names[0]))
    if max(height, width) <= _NUMBERED:
        _number_cells(ax, values, image.norm, image.cmap)
    scale_beside(ax, image, label)
    return ax


def _number_cells(ax: "Axes", values: NDArray[np.float64], norm: object, colours: object) -> None:
    """Write each number into its cell, black on light and white on dark (relative luminance of ITU-R BT.709)."""
    for (row, column), value in np.ndenumerate(values):
        red, green, blue, _ = colours(norm(value))  # type: ignore[operator]
        light = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7, color="black" if light else "white")
