"""Figures: each function takes plain data and `ax=None`, and returns the axes that it drew on.

They need matplotlib, which comes with the extra `plot`.
"""

from hybridattn.view.plots.canvas import check_figure, new_axes, new_column, write_figure
from hybridattn.view.plots.curves import Curve, Limit, plot_curves, plot_energy
from hybridattn.view.plots.landscape import plot_basins
from hybridattn.view.plots.pictures import plot_pictures
from hybridattn.view.plots.shares import plot_shares

__all__ = [
    "Curve",
    "Limit",
    "check_figure",
    "new_axes",
    "new_column",
    "plot_basins",
    "plot_curves",
    "plot_energy",
    "plot_pictures",
    "plot_shares",
    "write_figure",
]
