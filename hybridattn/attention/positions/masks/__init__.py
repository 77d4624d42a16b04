"""Masks by position, as objects that never hold a q x n matrix."""

from hybridattn.attention.positions.masks.far import Global, RandomBlocks
from hybridattn.attention.positions.masks.near import Band, Blocks, Causal, Dilated
from hybridattn.attention.positions.masks.protocol import PositionMask

__all__ = ["Band", "Blocks", "Causal", "Dilated", "Global", "PositionMask", "RandomBlocks"]
