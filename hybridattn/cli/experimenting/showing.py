"""How the results of experiments look: tables for the terminal, and which figure each one is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from hybridattn.cli.console import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hybridattn.experiments import BasinShare, EnergyPoint, Reference, RetrievalPoint, SequencePoint, Setup
    from hybridattn.view.plots import Limit

__all__ = [
    "basin_table",
    "draw_basins",
    "draw_energy",
    "draw_retrieval",
    "draw_sequences",
    "energy_table",
    "retrieval_table",
    "sequence_table",
]

LOG_FROM = 16  # largest size over smallest, from which the axis of sizes is logarithmic


def retrieval_table(points: "Sequence[RetrievalPoint]") -> Table:
    """Give shares with their 95 % intervals."""
    made = table("memory", "patterns", "level", "retrieved", "95 %", "exact", "overlap")
    for point in points:
        interval = f"{point.retrieved_low:.2f} to {point.retrieved_high:.2f}"
        numbers = (f"{point.patterns:,}", f"{point.level:g}", f"{point.retrieved:.3f}", interval, f"{point.exact:.3f}")
        made.add_row(Text(point.memory), *numbers, f"{point.overlap:.3f}")
    return made


def basin_table(points: "Sequence[BasinShare]") -> Table:
    """Give the shares of starts that reach a pattern, and of patterns that are reached."""
    made = table("memory", "patterns", "seeds", "starts that reach one", "spread", "patterns reached")
    for point in points:
        numbers = (f"{point.patterns}", f"{point.seeds}", f"{point.share:.3f}", f"{point.spread:.3f}")
        made.add_row(Text(point.memory), *numbers, f"{point.fixed:.3f}")
    return made


def energy_table(points: "Sequence[EnergyPoint]") -> Table:
    """Give the energy by step."""
    made = table("memory", "update", "energy", "spread", "largest rise", "moved")
    for point in points:
        numbers = ("-" if value is None else f"{value:.6g}" for value in (point.energy, point.spread, point.rise))
        made.add_row(Text(point.memory), f"{point.step}", *numbers, f"{point.moved:.3g}")
    return made


def sequence_table(points: "Sequence[SequencePoint]") -> Table:
    """Give the share of places that were right, with its 95 % interval."""
    made = table("memory", "length", "right", "95 %", "whole sequences", "overlap", "likeness")
    for point in points:
        interval = f"{point.right_low:.2f} to {point.right_high:.2f}"
        numbers = (f"{point.patterns:,}", f"{point.right:.3f}", interval, f"{point.whole:.3f}", f"{point.overlap:.3f}")
        made.add_row(Text(point.memory), *numbers, f"{point.likeness:.3f}")
    return made


def draw_retrieval(
    varied: str, label: str, points: "Sequence[RetrievalPoint]", theory: "Sequence[Reference]"
) -> "Axes":
    """Draw two panels: the share retrieved with its intervals, and the mean overlap."""
    from hybridattn.view.plots import Curve, new_column, plot_curves

    names = list(dict.fromkeys(point.memory for point in points))
    above, below = new_column(2)
    shares, overlaps = [], []
    for name in names:
        mine = [point for point in points if point.memory == name]
        x = [float(point.patterns) if varied == "patterns" else point.level for point in mine]
        low, high = [point.retrieved_low for point in mine], [point.retrieved_high for point in mine]
        shares.append(Curve(name, x, [point.retrieved for point in mine], low, high))
        overlaps.append(Curve(name, x, [point.overlap for point in mine]))
    log_x = varied == "patterns" and _is_wide([point.patterns for point in points])
    for ax, curves, measure, ylabel in (
        (above, shares, "retrieved", "share retrieved"),
        (below, overlaps, "overlap", "mean overlap (cosine)"),
    ):
        limits = _limits(theory, measure)
        plot_curves(curves, limits=limits, xlabel=label, ylabel=ylabel, log_x=log_x, ax=ax)
    return above


def draw_basins(
    setup: "Setup", size: int, grid: int, points: "Sequence[BasinShare]", theory: "Sequence[Reference]"
) -> "Axes":
    """Draw the basins of the first memory and seed, with lines of equal energy where it has one."""
    from hybridattn.errors import ArgumentError
    from hybridattn.experiments import basin_map
    from hybridattn.memory import Energetic
    from hybridattn.view.plots import plot_basins

    name, seed = setup.contenders[0].name, setup.seeds[0]
    patterns, starts, reached = basin_map(setup, name, size=size, seed=seed, grid=grid)
    memory = setup.memory(name, patterns, seed)
    energy = None
    if isinstance(memory, Energetic):
        try:
            energy = memory.energy(starts).detach().numpy()
        except ArgumentError:  # this combination of parts has none
            energy = None
    return plot_basins(patterns, starts, reached, energy=energy, title=f"{name}, seed {seed}")


def draw_energy(points: "Sequence[EnergyPoint]", theory: "Sequence[Reference]") -> "Axes":
    """Draw the mean energy by update, and a band of one standard deviation."""
    from hybridattn.view.plots import Curve, plot_energy

    curves = []
    for name in dict.fromkeys(point.memory for point in points):
        known = [(p.step, p.energy, p.spread or 0.0) for p in points if p.memory == name and p.energy is not None]
        steps, means = [float(step) for step, _, _ in known], [mean for _, mean, _ in known]
        low, high = [mean - s for _, mean, s in known], [mean + s for _, mean, s in known]
        curves.append(Curve(name, steps, means, low, high))
    return plot_energy(curves, limits=_limits(theory, "energy"), ylabel="energy (mean, band: one standard deviation)")


def draw_sequences(points: "Sequence[SequencePoint]", theory: "Sequence[Reference]") -> "Axes":
    """Draw the share of places that were right against the length, with its intervals."""
    from hybridattn.view.plots import Curve, plot_curves

    curves = []
    for name in dict.fromkeys(point.memory for point in points):
        mine = [point for point in points if point.memory == name]
        low, high = [point.right_low for point in mine], [point.right_high for point in mine]
        curves.append(Curve(name, [float(p.patterns) for p in mine], [p.right for p in mine], low, high))
    log_x = _is_wide([point.patterns for point in points])
    label = "length of the sequence, in patterns"
    limits = _limits(theory, "retrieved")
    return plot_curves(curves, limits=limits, xlabel=label, ylabel="share of places right", log_x=log_x)


def _is_wide(sizes: Sequence[int]) -> bool:
    return max(sizes) >= LOG_FROM * min(sizes)


def _limits(theory: "Sequence[Reference]", measure: str) -> "list[Limit]":
    from hybridattn.view.plots import Limit

    return [Limit(one.label, one.x, one.y, one.of) for one in theory if one.measure == measure or (one.y is None)]
