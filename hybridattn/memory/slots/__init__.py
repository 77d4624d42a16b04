"""Memories that keep every key in a slot of its own."""

from hybridattn.memory.slots.slot_memory import SlotMemory

__all__ = ["SlotMemory"]
