"""Slots in lists of like keys: a read scores a few lists, guesses the others, and says how sure it is."""

from hybridattn.memory.large.indexed.calibration import Calibration
from hybridattn.memory.large.indexed.memory import IndexedMemory

__all__ = ["Calibration", "IndexedMemory"]
