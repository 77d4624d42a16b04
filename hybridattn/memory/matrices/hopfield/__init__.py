"""The binary Hopfield network, and its parts: learning rules, updates and codings."""

from hybridattn.memory.matrices.hopfield.codings import Bipolar, Sparse, UnitCoding, WinnersTakeAll
from hybridattn.memory.matrices.hopfield.hebb import Hebb
from hybridattn.memory.matrices.hopfield.network import HopfieldNetwork
from hybridattn.memory.matrices.hopfield.pseudo_inverse import PseudoInverse
from hybridattn.memory.matrices.hopfield.rule import LearningRule, Unlearning
from hybridattn.memory.matrices.hopfield.storkey import Storkey
from hybridattn.memory.matrices.hopfield.updates import Asynchronous, Synchronous, UnitUpdate

__all__ = [
    "Asynchronous",
    "Bipolar",
    "Hebb",
    "HopfieldNetwork",
    "LearningRule",
    "PseudoInverse",
    "Sparse",
    "Storkey",
    "Synchronous",
    "UnitCoding",
    "UnitUpdate",
    "Unlearning",
    "WinnersTakeAll",
]
