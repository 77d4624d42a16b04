"""Matrices as figures: what reads and Hebbian memories hold."""

from hybridattn.view.plots.matrices.evidence import plot_evidence
from hybridattn.view.plots.matrices.reads import plot_alignment, plot_attention

__all__ = ["plot_alignment", "plot_attention", "plot_evidence"]
