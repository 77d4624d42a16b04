"""The shares of stored patterns in a read, as bars."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hybridattn.errors import ShapeError
from hybridattn.view.plots.canvas import legend, new_axes, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_shares"]

_HATCHES = ("", "//", "..", "xx", "\\\\", "++", "oo")


def plot_shares(
    shares: Sequence[Sequence[float]],
    names: Sequence[str],
    *,
    steps: Sequence[str] | None = None,
    ylabel: str = "share",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw a group of bars a step, one bar a name: shares (steps, names). Raises ShapeError where they do not fit."""
    steps = [str(number) for number in range(len(shares))] if steps is None else steps
    if len(steps) != len(shares) or any(len(row) != len(names) for row in shares):
        raise ShapeError(
            f"shares must be ({len(steps)}, {len(names)}), steps and names; got {[len(r) for r in shares]}"
        )
    ax = new_axes(ax, height=2.6)
    width = 0.8 / max(1, len(names))
    for number, name in enumerate(names):
        places = [step + (number - (len(names) - 1) / 2) * width for step in range(len(steps))]
        heights = [row[number] for row in shares]
        hatch = _HATCHES[number % len(_HATCHES)]
        ax.bar(places, heights, width, label=name, color=style(number).color, edgecolor="white", hatch=hatch)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_xticks(range(len(steps)), steps)
    lowest = min([0.0, *(value for row in shares for value in row)])
    ax.set(xlabel="update", ylabel=ylabel, ylim=(1.05 * lowest, 1.05))
    ax.grid(axis="y", alpha=0.3)
    legend(ax)
    return ax
