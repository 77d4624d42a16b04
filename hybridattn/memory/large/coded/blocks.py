"""SlotBlocks whose keys are held in fewer bits beside them."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.memory.large.blocks import SlotBlocks
from hybridattn.memory.large.coded.codes import Codes, KeyCoding
from hybridattn.memory.taken import check_finite

__all__ = ["CodedBlock", "CodedBlocks"]

EVERY = 16
ROWS = 8192
"""Slots under one set of codes: so many scores of a few hundred queries stay in the cache."""


class CodedBlock(NamedTuple):
    """Some slots with the codes of their keys."""

    ids: Tensor
    keys: Tensor
    values: Tensor
    codes: Codes


class CodedBlocks:
    """SlotBlocks, and the codes of their keys, which are made once and held: a half or a quarter of the bytes.

    Args:
        blocks: the slots; they must stay as they are.
        coding: how to write keys in fewer bits, `Bfloat16Codes()` or `Int8Codes()`.
    """

    def __init__(self, blocks: SlotBlocks, coding: KeyCoding) -> None:
        self.blocks, self.coding = blocks, coding
        self._codes = [self._encoded(part) for _, keys, _ in blocks for part in torch.split(keys, ROWS)]
        self.slots = sum(len(codes.rows) for codes in self._codes)
        self.samples = [_every(codes) for codes in self._codes]
        """Every 16th of the codes."""

    def _encoded(self, keys: Tensor) -> Codes:
        check_finite("keys of the blocks", keys)
        return self.coding.encode(keys)

    def __iter__(self) -> Iterator[CodedBlock]:
        """Start again at the first block; blocks are cut to at most 8,192 slots."""
        codes = iter(self._codes)
        for ids, keys, values in self.blocks:
            for start in range(0, max(1, len(keys)), ROWS):
                part = slice(start, start + ROWS)
                known = next(codes, None)
                if known is None or len(known.rows) != len(keys[part]):
                    raise ArgumentError("blocks must stay as they were when they were coded; their sizes have changed")
                yield CodedBlock(ids[part], keys[part], values[part], known)


def _every(codes: Codes) -> Codes:
    scale = None if codes.scale is None else codes.scale[::EVERY].contiguous()
    return codes._replace(rows=codes.rows[::EVERY].contiguous(), scale=scale)
