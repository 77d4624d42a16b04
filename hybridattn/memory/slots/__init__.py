"""Memories that keep every key in a slot of its own."""

from hybridattn.memory.slots.batched import BatchedSlots
from hybridattn.memory.slots.beta import Beta
from hybridattn.memory.slots.named import (
    dense_associative_memory,
    entmax_hopfield,
    epanechnikov_memory,
    exponential_memory,
    hetero_associative,
    mean_shift,
    modern_hopfield,
    nearest_neighbour,
    sparse_hopfield,
)
from hybridattn.memory.slots.product import ProductKeyMemory
from hybridattn.memory.slots.slot_memory import SlotMemory

__all__ = [
    "BatchedSlots",
    "Beta",
    "ProductKeyMemory",
    "SlotMemory",
    "dense_associative_memory",
    "entmax_hopfield",
    "epanechnikov_memory",
    "exponential_memory",
    "hetero_associative",
    "mean_shift",
    "modern_hopfield",
    "nearest_neighbour",
    "sparse_hopfield",
]
