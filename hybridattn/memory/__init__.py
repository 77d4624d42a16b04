"""Memories: what is stored, and how it is read back, settled, erased and counted."""

from hybridattn.memory.codebooks import CodebookMemory
from hybridattn.memory.protocols import Addressable, Energetic, Erasable, Evidential, Memory, Selective, Settling
from hybridattn.memory.slots import SlotMemory

__all__ = [
    "Addressable",
    "CodebookMemory",
    "Energetic",
    "Erasable",
    "Evidential",
    "Memory",
    "Selective",
    "Settling",
    "SlotMemory",
]
