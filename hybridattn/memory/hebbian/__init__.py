"""Hebbian learning as evidence: each synapse counts (w+, w), which is a truth value and a weight."""

from hybridattn.memory.hebbian.codings import BinaryActivity, BipolarActivity, Coding, GradedActivity
from hybridattn.memory.hebbian.memory import HebbianMemory
from hybridattn.memory.hebbian.readouts import Choice, Expectation, Readout
from hybridattn.memory.hebbian.rules import Agreement, Comparison, EvidenceRule, Induction

__all__ = [
    "Agreement",
    "BinaryActivity",
    "BipolarActivity",
    "Choice",
    "Coding",
    "Comparison",
    "EvidenceRule",
    "Expectation",
    "GradedActivity",
    "HebbianMemory",
    "Induction",
    "Readout",
]
