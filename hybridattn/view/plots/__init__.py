"""Figures: each function takes plain data and `ax=None`, and returns the axes that it drew on.

They need matplotlib, which comes with the extra `plot`.
"""

from hybridattn.view.plots.canvas import check_figure, new_axes, new_column, write_figure
from hybridattn.view.plots.curves import Curve, Limit, plot_curves, plot_energy
from hybridattn.view.plots.landscape import plot_basins
from hybridattn.view.plots.matrices import plot_alignment, plot_attention, plot_evidence
from hybridattn.view.plots.pictures import plot_pictures
from hybridattn.view.plots.shares import plot_shares
from hybridattn.view.plots.truths import plot_truths

__all__ = [
    "Curve",
    "Limit",
    "check_figure",
    "new_axes",
    "new_column",
    "plot_alignment",
    "plot_attention",
    "plot_basins",
    "plot_curves",
    "plot_energy",
    "plot_evidence",
    "plot_pictures",
    "plot_shares",
    "plot_truths",
    "write_figure",
]
