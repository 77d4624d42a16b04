"""What all figures share: where they are drawn, their colours, and how they become files."""

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hybridattn.errors import ArgumentError
from hybridattn.running import check_path, write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

__all__ = [
    "FORMATS",
    "Style",
    "check_figure",
    "legend",
    "new_axes",
    "new_column",
    "scale_beside",
    "shortened",
    "style",
    "write_figure",
]

FORMATS = (".png", ".svg", ".pdf")
_SALT = "hybridattn"  # names inside an SVG, the same at every run
_DPI = 150
# Okabe and Ito's palette without its yellow, which is too light for lines; blind readers have the markers.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


class Style(NamedTuple):
    """How one series is drawn: told apart by colour, and without colours by its marker."""

    color: str
    marker: str


def style(number: int) -> Style:
    """Give the style of the series with this number, counted from 0; they repeat after 49."""
    return Style(_COLOURS[number % len(_COLOURS)], _MARKERS[(number + number // len(_COLOURS)) % len(_MARKERS)])


def new_axes(ax: "Axes | None" = None, *, width: float = 6.4, height: float = 4.0) -> "Axes":
    """Give `ax` back, or the axes of a new figure of width x height inches, which no global state knows.

    Raises ArgumentError where matplotlib is not installed.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ArgumentError("a figure needs matplotlib: pip install 'hybridattn[plot]'") from error
    return Figure(figsize=(width, height)).subplots()


def new_column(count: int, *, width: float = 6.4, height: float = 3.4) -> "list[Axes]":
    """Give the axes of `count` panels of a new figure, one under the other."""
    first = new_axes(width=width, height=height * count)
    figure = first.figure
    first.remove()
    panels = [figure.add_subplot(count, 1, number + 1) for number in range(count)]
    figure.subplots_adjust(hspace=0.32)
    return panels


def legend(ax: "Axes") -> None:
    """Put the legend to the right of the axes, where it hides nothing."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0, frameon=False, fontsize="small")


def scale_beside(ax: "Axes", drawn: "ScalarMappable", label: str) -> None:
    """Put the scale of the colours to the right of the axes."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.colorbar(drawn, cax=ax.inset_axes((1.03, 0.0, 0.035, 1.0)), label=label)


def shortened(name: str, most: int = 18) -> str:
    """Cut a name that would push the figure aside, with an ellipsis, and keep dollars from meaning mathematics."""
    text = name if len(name) <= most else f"{name[: most - 1]}…"
    return text.replace("$", r"\$")


def check_figure(path: str | os.PathLike[str]) -> None:
    """Raise ArgumentError, before there is a figure, where `write_figure` could not write one to `path`."""
    if Path(path).suffix.lower() not in FORMATS:
        raise ArgumentError(f"a figure must end in {', '.join(FORMATS)}; got {os.fspath(path)!r}")
    check_path(path)
    new_axes()


def write_figure(path: str | os.PathLike[str], ax: "Axes") -> None:
    """Write the figure of `ax` as PNG, SVG or PDF, by the end of `path`, whole or not at all.

    The same figure gives the same bytes. Raises ArgumentError for another ending, or where `path` cannot be written.
    """
    check_figure(path)
    import matplotlib as mpl

    kind = Path(path).suffix.lower().removeprefix(".")
    metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    out = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": _SALT}):
        figure = ax.get_figure(root=True)
        assert figure is not None
        figure.savefig(out, format=kind, dpi=_DPI, bbox_inches="tight", metadata=metadata)
    write_bytes(path, out.getvalue())
