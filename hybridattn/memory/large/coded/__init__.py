"""Reads that score in fewer bits, and score again exactly what matters."""

from hybridattn.memory.large.coded.blocks import CodedBlocks
from hybridattn.memory.large.coded.codes import Bfloat16Codes, Int8Codes, KeyCoding
from hybridattn.memory.large.coded.reading import read_coded

__all__ = ["Bfloat16Codes", "CodedBlocks", "Int8Codes", "KeyCoding", "read_coded"]
