"""Hebbian learning as evidence: each synapse counts (w+, w), which is a truth value and a weight."""

from hybridattn.memory.hebbian.codings import Binary, Bipolar, Coding, Graded
from hybridattn.memory.hebbian.memory import HebbianMemory
from hybridattn.memory.hebbian.readouts import Choice, Expectation, Readout
from hybridattn.memory.hebbian.rules import Agreement, Comparison, EvidenceRule, Induction

__all__ = [
    "Agreement",
    "Binary",
    "Bipolar",
    "Choice",
    "Coding",
    "Comparison",
    "EvidenceRule",
    "Expectation",
    "Graded",
    "HebbianMemory",
    "Induction",
    "Readout",
]
