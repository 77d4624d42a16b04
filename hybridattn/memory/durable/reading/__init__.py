"""Open a store, and read what one commit holds."""

from hybridattn.memory.durable.reading.reader import StoreReader

__all__ = ["StoreReader"]
