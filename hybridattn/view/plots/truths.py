"""The plane of truth values: frequency against confidence."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hybridattn.errors import ArgumentError
from hybridattn.view.plots.canvas import legend, new_axes, shortened, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_truths"]

_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_NAMED = 20  # points up to which each has its name


def plot_truths(truths: Mapping[str, tuple[float, float]] | Mapping[str, Any], *, ax: "Axes | None" = None) -> "Axes":
    """Draw truth values by name in the plane of confidence c and frequency f, with lines of equal expectation.

    A truth is a `Truth` or a pair (f, c). The expectation is e = c (f - 1/2) + 1/2: without evidence it is 1/2 whatever
    the frequency, and the lines open like a fan with growing confidence. Up to 20 points have their name in the legend.
    Raises ArgumentError, with the name, for a number outside [0, 1].
    """
    points = {name: _pair(name, truth) for name, truth in truths.items()}
    ax = new_axes(ax, width=5.6, height=4.4)
    confidence, frequency = np.meshgrid(np.linspace(0.001, 1.0, 101), np.linspace(0.0, 1.0, 101))
    expected = confidence * (frequency - 0.5) + 0.5
    lines = ax.contour(confidence, frequency, expected, levels=_LEVELS, colors="#767676", linewidths=0.7)
    ax.clabel(lines, fontsize=7, fmt="%.1f")
    ax.plot([], [], color="#767676", linewidth=0.7, label="equal expectation")
    if len(points) <= _NAMED:
        for number, (name, (f, c)) in enumerate(points.items()):
            look = style(number)
            ax.plot(
                c, f, look.marker, color=look.color, markeredgecolor="black", label=shortened(name, 32), clip_on=False
            )
    else:
        look = style(0)
        x, y = [c for _, c in points.values()], [f for f, _ in points.values()]
        ax.plot(x, y, look.marker, color=look.color, alpha=0.5, label=f"{len(points):,} truths", clip_on=False)
    ax.set(xlabel="confidence c", ylabel="frequency f", xlim=(0, 1), ylim=(0, 1))
    legend(ax)
    return ax


def _pair(name: str, truth: Any) -> tuple[float, float]:
    frequency, confidence = truth if isinstance(truth, tuple) else (truth.frequency, truth.confidence)
    f, c = float(frequency), float(confidence)
    if not (0 <= f <= 1 and 0 <= c <= 1):
        raise ArgumentError(f"the truth of {name!r} must have f and c in [0, 1]; got {f:g} and {c:g}")
    return f, c
