"""Measured curves with their intervals, and what theory says beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hybridattn.errors import ArgumentError
from hybridattn.view.plots.canvas import legend, new_axes, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Curve", "Limit", "plot_curves", "plot_energy"]

_THEORY = ("--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))


@dataclass(frozen=True)
class Curve:
    """A measured curve: y over x, with the bounds of its intervals if there are any."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None

    def __post_init__(self) -> None:
        """Raise ArgumentError unless all have one length."""
        sizes = {len(part) for part in (self.x, self.y, self.low, self.high) if part is not None}
        if len(sizes) != 1 or (self.low is None) != (self.high is None):
            raise ArgumentError(f"x, y, low and high of the curve {self.label!r} must be equally long; got {sizes}")


@dataclass(frozen=True)
class Limit:
    """What theory says: a curve y over x or, without y, an upright line at x[0], drawn in the colour of its curve."""

    label: str
    x: Sequence[float]
    y: Sequence[float] | None = None
    of: str | None = None
    """The label of the measured curve that it is about; None is all of them, drawn in grey."""


def plot_curves(
    curves: Sequence[Curve],
    *,
    limits: Sequence[Limit] = (),
    xlabel: str,
    ylabel: str = "share retrieved",
    log_x: bool = False,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw measured shares in [0, 1] with 95 % intervals, and theory as broken lines.

    Lines of theory outside the range of x are left out of the figure but named in the legend, with their value.
    """
    ax = new_axes(ax)
    if log_x:
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter("{x:g}")
    _draw(ax, curves, band=False)
    _draw_limits(ax, curves, limits)
    ax.set(xlabel=xlabel, ylabel=ylabel, ylim=(-0.03, 1.03))
    ax.grid(alpha=0.3)
    legend(ax)
    return ax


def plot_energy(
    curves: Sequence[Curve], *, limits: Sequence[Limit] = (), ylabel: str = "energy", ax: "Axes | None" = None
) -> "Axes":
    """Draw energies along trajectories: x is the update, the band lies between low and high."""
    ax = new_axes(ax)
    _draw(ax, curves, band=True)
    _draw_limits(ax, curves, limits)
    ax.set(xlabel="update", ylabel=ylabel)
    ax.locator_params(axis="x", integer=True)
    ax.grid(alpha=0.3)
    legend(ax)
    return ax


def _draw(ax: "Axes", curves: Sequence[Curve], *, band: bool) -> None:
    for number, curve in enumerate(curves):
        look = style(number)
        wide = 1.4 + 2.4 * (len(curves) - 1 - number) / len(
            curves
        )  # a later curve that lies on an earlier one leaves its edges seen
        ax.plot(curve.x, curve.y, label=curve.label, color=look.color, linewidth=wide, marker=look.marker)
        if curve.low is None or curve.high is None:
            continue
        if band:
            ax.fill_between(curve.x, curve.low, curve.high, color=look.color, alpha=0.15, linewidth=0)
        else:
            below = [y - low for y, low in zip(curve.y, curve.low, strict=True)]
            above = [high - y for y, high in zip(curve.y, curve.high, strict=True)]
            ax.errorbar(curve.x, curve.y, [below, above], color=look.color, fmt="none", capsize=2.5, linewidth=1)


def _draw_limits(ax: "Axes", curves: Sequence[Curve], limits: Sequence[Limit]) -> None:
    ends = [x for curve in curves for x in (min(curve.x), max(curve.x))] if curves else []
    names = [curve.label for curve in curves]
    for number, limit in enumerate(limits):
        color = style(names.index(limit.of)).color if limit.of in names else "#555555"
        broken = _THEORY[number % len(_THEORY)]
        if limit.y is not None:
            ax.plot(limit.x, limit.y, label=limit.label, color=color, linestyle=broken, linewidth=1.3)
        elif not ends or min(ends) <= limit.x[0] <= max(ends):
            ax.axvline(limit.x[0], label=limit.label, color=color, linestyle=broken, linewidth=1.3)
        else:
            ax.plot([], [], label=f"{limit.label} (not in view)", color=color, linestyle=broken, linewidth=1.3)
