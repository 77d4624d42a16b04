"""Memories of sequences, their overlaps, and the combinations that have names."""

from hybridattn.memory.matrices.sequences.memory import SequenceMemory
from hybridattn.memory.matrices.sequences.names import (
    exponential_sequence,
    polynomial_sequence,
    pseudo_inverse_sequence,
)
from hybridattn.memory.matrices.sequences.overlaps import DecorrelatedOverlap, Overlap, PlainOverlap

__all__ = [
    "DecorrelatedOverlap",
    "Overlap",
    "PlainOverlap",
    "SequenceMemory",
    "exponential_sequence",
    "polynomial_sequence",
    "pseudo_inverse_sequence",
]
