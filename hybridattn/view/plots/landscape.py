"""Two dimensions seen from above: which start leads where, over the lines of equal energy."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from hybridattn.errors import ShapeError
from hybridattn.view.plots.canvas import legend, new_axes, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_basins"]

_NOWHERE = "#e8e8e8"
_LEVELS = 14  # lines of equal energy


def plot_basins(
    patterns: ArrayLike,
    starts: ArrayLike,
    reached: ArrayLike,
    *,
    energy: ArrayLike | None = None,
    title: str = "",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the basins of patterns (n, 2): starts (h, w, 2) in the colour of the pattern that each reached.

    reached (h, w) is the number of the pattern, or below 0 for none (light grey); a black line goes round each basin,
    and energy (h, w) adds lines of equal energy. Raises ShapeError where the shapes do not fit each other.
    """
    points, grid, winner = (np.asarray(part) for part in (patterns, starts, reached))
    if points.ndim != 2 or points.shape[1] != 2 or grid.shape != (*winner.shape, 2) or winner.ndim != 2:
        shapes = f"{points.shape}, {grid.shape} and {winner.shape}"
        raise ShapeError(f"patterns, starts and reached must be (n, 2), (h, w, 2) and (h, w); got {shapes}")
    from matplotlib.colors import BoundaryNorm, ListedColormap

    ax = new_axes(ax, width=5.2, height=5.0)
    colours = [_NOWHERE, *(style(number).color for number in range(len(points)))]
    norm = BoundaryNorm(np.arange(-1.5, len(points)), len(colours))
    x, y = grid[0, :, 0], grid[:, 0, 1]
    ax.pcolormesh(x, y, winner.clip(-1), cmap=ListedColormap(colours), norm=norm, alpha=0.45, shading="nearest")
    for number in range(len(points)):
        inside = winner == number
        if inside.any() and not inside.all() and min(inside.shape) > 1:  # the border, which a grey print needs
            ax.contour(x, y, inside.astype(float), levels=[0.5], colors="black", linewidths=1.1)
    if energy is not None and np.isfinite(energy).any():
        height = np.ma.masked_invalid(np.asarray(energy, dtype=float))
        ax.contour(x, y, height, levels=_LEVELS, colors="#444444", linewidths=0.6)
        ax.plot([], [], color="#444444", linewidth=0.6, label="equal energy")
    for number, (px, py) in enumerate(points):
        share = (winner == number).mean()
        look = style(number)
        label = f"pattern {number}: {share:.0%} of starts"
        ax.plot(px, py, look.marker, color=look.color, markeredgecolor="black", markersize=10, label=label)
    ax.fill([], [], color=_NOWHERE, label=f"no pattern: {(winner < 0).mean():.0%}")
    ax.locator_params(nbins=5)
    ax.set(xlabel="first entry of the start", ylabel="second entry of the start", title=title, aspect="equal")
    legend(ax)
    return ax
