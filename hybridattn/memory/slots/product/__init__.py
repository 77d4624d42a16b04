"""Memories of n^2 slots whose keys are pairs of n sub-keys."""

from hybridattn.memory.slots.product.product_key import ProductKeyMemory

__all__ = ["ProductKeyMemory"]
