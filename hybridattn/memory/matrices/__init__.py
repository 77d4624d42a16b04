"""Memories without slots: what is written is folded into one matrix."""

from hybridattn.memory.matrices.bidirectional import BidirectionalMemory, SettledPair
from hybridattn.memory.matrices.hopfield import (
    Asynchronous,
    Bipolar,
    Hebb,
    HopfieldNetwork,
    LearningRule,
    PseudoInverse,
    Sparse,
    Storkey,
    Synchronous,
    UnitCoding,
    UnitUpdate,
    Unlearning,
    WinnersTakeAll,
)
from hybridattn.memory.matrices.principal import (
    ComponentRule,
    ConstantRate,
    DecayingRate,
    LearningRate,
    OjaMemory,
    OjaSubspace,
    Sanger,
)
from hybridattn.memory.matrices.sequences import DecorrelatedOverlap, Overlap, PlainOverlap, SequenceMemory
from hybridattn.memory.matrices.sparse_distributed import SparseDistributedMemory

__all__ = [
    "Asynchronous",
    "BidirectionalMemory",
    "Bipolar",
    "ComponentRule",
    "ConstantRate",
    "DecayingRate",
    "DecorrelatedOverlap",
    "Hebb",
    "HopfieldNetwork",
    "LearningRate",
    "LearningRule",
    "OjaMemory",
    "OjaSubspace",
    "Overlap",
    "PlainOverlap",
    "PseudoInverse",
    "Sanger",
    "SequenceMemory",
    "SettledPair",
    "Sparse",
    "SparseDistributedMemory",
    "Storkey",
    "Synchronous",
    "UnitCoding",
    "UnitUpdate",
    "Unlearning",
    "WinnersTakeAll",
]
