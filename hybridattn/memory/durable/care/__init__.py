"""Take care of a store: check it, mend it, copy it."""

from hybridattn.memory.durable.care.copies import export_store, snapshot_store
from hybridattn.memory.durable.care.repairing import Repair, repair_store
from hybridattn.memory.durable.care.verification import Soundness, verify_store

__all__ = ["Repair", "Soundness", "export_store", "repair_store", "snapshot_store", "verify_store"]
