"""Patterns as pictures, side by side: before, during and after settling."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from hybridattn.errors import ShapeError
from hybridattn.view.plots.canvas import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_pictures"]

_GAP = 0.12  # of a picture's width, between two
_INCHES = 1.45  # the width of a picture


def plot_pictures(
    pictures: ArrayLike, captions: Sequence[str], *, limit: float = 1.0, ax: "Axes | None" = None
) -> "Axes":
    """Draw pictures (n, height, width) in a row, each over its caption: ink from -limit, white, to limit, black.

    Values outside are drawn as the nearest of the two. Raises ShapeError unless there is a caption a picture.
    """
    images = np.asarray(pictures, dtype=float)
    if images.ndim != 3 or len(images) != len(captions):
        raise ShapeError(f"pictures must be ({len(captions)}, height, width), as captions; got shape {images.shape}")
    count, height, width = images.shape
    ax = new_axes(ax, width=_INCHES * count, height=_INCHES * height / width + 0.6)
    step = 1 + _GAP
    tall = height / width
    for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
        left = number * step
        box = (left, left + 1, 0.0, tall)
        ax.imshow(image, cmap="gray_r", vmin=-limit, vmax=limit, extent=box, interpolation="nearest")
        ax.plot([left, left + 1, left + 1, left, left], [0, 0, tall, tall, 0], color="#888888", linewidth=0.8)
        ax.text(left + 0.5, -0.06, caption, ha="center", va="top", fontsize="small", linespacing=1.35)
    ax.set(xlim=(-0.02, count * step - _GAP + 0.02), ylim=(-0.02, tall + 0.02), aspect="equal")
    ax.axis("off")
    return ax
