"""The synapses of a Hebbian memory as what they are: evidence."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.view.plots.canvas import new_axes, scale_beside, shortened
from hybridattn.view.plots.matrices.taken import matrix, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_evidence"]

_LARGEST = 0.92  # side of the square of the most evidence, in cells
_INCHES = 0.42
_NAMED = 40


def plot_evidence(
    positive: ArrayLike,
    total: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw evidence (d, v) as squares: the area is w, all evidence, and the colour f = w+ / w, dark 0 to light 1.

    Give it `memory.positive` and `memory.total` of a `HebbianMemory`, or any counts w+ and w. A synapse without
    evidence has no square. `names` are those of the d sources, `targets` of the v targets, by default the same.

    Raises:
        ShapeError: the two differ in shape, or names do not fit.
        NotFiniteError, ArgumentError: a count is not finite, is negative, or w+ is more than w.
    """
    agreed, counted = matrix("positive", positive, low=0.0), matrix("total", total, low=0.0)
    if agreed.shape != counted.shape:
        raise ShapeError(f"positive and total must have one shape; got {agreed.shape} and {counted.shape}")
    if (agreed > counted + 1e-6 * counted.max()).any():
        raise ArgumentError("positive must be at most total: w+ of w observations")
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import Normalize
    from matplotlib.patches import Rectangle

    height, width = counted.shape
    rows = named("names", names, height)
    columns = named("targets", names if targets is None else targets, width)
    ax = new_axes(ax, width=max(3.4, 1.8 + _INCHES * min(width, 20)), height=max(2.6, 1.3 + _INCHES * min(height, 20)))
    most = float(np.max(counted)) or 1.0
    squares, frequencies = [], []
    for (row, column), w in np.ndenumerate(counted):
        if w > 0:
            side = _LARGEST * math.sqrt(w / most)
            squares.append(Rectangle((column - side / 2, row - side / 2), side, side))
            frequencies.append(min(1.0, float(agreed[row, column]) / float(w)))
    drawn = PatchCollection(squares, cmap="cividis", norm=Normalize(0, 1), edgecolor="#555555", linewidth=0.5)
    drawn.set_array(np.array(frequencies))
    ax.add_collection(drawn)
    ax.set(xlim=(-0.6, width - 0.4), ylim=(height - 0.4, -0.6), aspect="equal", xlabel="target", ylabel="source")
    if width <= _NAMED:
        ax.set_xticks(range(width), map(shortened, columns), rotation=90 if max(map(len, columns)) > 3 else 0)
    if height <= _NAMED:
        ax.set_yticks(range(height), map(shortened, rows))
    ax.set_title(f"area: evidence w, at most {counted.max():g}", fontsize="small")
    scale_beside(ax, drawn, "frequency f")
    return ax
