"""Memories that last: a store in a folder, with one writer and many readers."""

from hybridattn.memory.durable.care import (
    Repair,
    Soundness,
    export_store,
    repair_store,
    snapshot_store,
    verify_store,
)
from hybridattn.memory.durable.reading import StoreReader
from hybridattn.memory.durable.writing import MemoryStore

__all__ = [
    "MemoryStore",
    "Repair",
    "Soundness",
    "StoreReader",
    "export_store",
    "repair_store",
    "snapshot_store",
    "verify_store",
]
