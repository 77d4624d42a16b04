"""Keeping memories: one checked file each, that a part can be loaded from."""

from hybridattn.memory.keeping.reading import load
from hybridattn.memory.keeping.writing import save

__all__ = ["load", "save"]
