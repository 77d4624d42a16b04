"""Memories larger than RAM, and reads that cost less than looking everywhere and say how sure they are."""

from hybridattn.memory.large.blocks import Block, MappedBlocks, SlotBlocks, TensorBlocks
from hybridattn.memory.large.cached import indexed_store
from hybridattn.memory.large.coded import Bfloat16Codes, CodedBlocks, Int8Codes, KeyCoding, read_coded
from hybridattn.memory.large.estimate import Estimate, Estimating
from hybridattn.memory.large.indexed import Calibration, IndexedMemory
from hybridattn.memory.large.lists import FaissLists, Fitted, Index, KMeansLists, OneList
from hybridattn.memory.large.stored import StoreBlocks
from hybridattn.memory.large.streaming import read_blocks

__all__ = [
    "Bfloat16Codes",
    "Block",
    "Calibration",
    "CodedBlocks",
    "Estimate",
    "Estimating",
    "FaissLists",
    "Fitted",
    "Index",
    "IndexedMemory",
    "Int8Codes",
    "KMeansLists",
    "KeyCoding",
    "MappedBlocks",
    "OneList",
    "SlotBlocks",
    "StoreBlocks",
    "TensorBlocks",
    "indexed_store",
    "read_blocks",
    "read_coded",
]
