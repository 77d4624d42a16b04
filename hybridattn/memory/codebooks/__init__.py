"""Memories whose keys are composed of the codes of symbols."""

from hybridattn.memory.codebooks.codebook import CodebookMemory

__all__ = ["CodebookMemory"]
