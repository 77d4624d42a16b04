"""Make a store, and change it."""

from hybridattn.memory.durable.writing.store import MemoryStore

__all__ = ["MemoryStore"]
