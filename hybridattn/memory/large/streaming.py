"""Exact reads of blocks: one after the other, merged, in the memory of one of them."""

from collections.abc import Iterator

import torch
from torch import Tensor

from hybridattn.attention import Read, read
from hybridattn.attention.result import mapped
from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError
from hybridattn.memory.large.blocks import Block, SlotBlocks

__all__ = ["read_blocks"]

_AT_ONCE = 1 << 21
"""Numbers of keys and values that are read at once: what a read holds beside them is small against a block."""


def read_blocks(query: Tensor, blocks: SlotBlocks, *, beta: float, top: int | None = None) -> Read:
    """Read all slots of the blocks with queries (..., d): the exact softmax read, with its log mass.

    SlotBlocks are read one by one and merged by log-sum-exp (`Read.merge`), so that the peak is one block, what a read
    holds for a part of it, and the result. Differentiable in the query, and in keys and values where blocks carry
    gradients; then all blocks that do are held.

    Args:
        query: (..., d), in the dtype of the keys.
        blocks: where the slots come from.
        beta: inverse temperature, finite and above 0.
        top: how many of the best slots to name by id, with their shares.

    Raises:
        ShapeError: widths differ, or a block does not hold as many keys as values and ids.
        ArgumentError: beta or top out of range, dtypes that differ, or there is no block: then widths are not known.
        NotFiniteError: the query holds a NaN or an infinity, or the read came out as none because keys do.

    >>> from hybridattn.memory import TensorBlocks
    >>> read_blocks(torch.tensor([1.0, 0.0]), TensorBlocks(torch.eye(2), rows=1), beta=100.0, top=1).slots
    tensor([0])
    """
    check_read(query, beta, top)
    rows = query.reshape(-1, query.shape[-1])
    whole: Read | None = None
    for ids, keys, values in parts(blocks, rows):
        found = read(rows, keys, values, beta=beta, top=top, log_mass=True)
        if found.slots is not None:
            found = found._replace(slots=torch.cat((ids, ids.new_full((1,), -1)))[found.slots])
        whole = found if whole is None else whole.merge(found)
        del ids, keys, values  # else the next block would lie beside this one
    if whole is None:
        raise ArgumentError("blocks hold no block: the width of a value is not known")
    if not bool(whole.value.detach().isfinite().all()):
        raise NotFiniteError("keys and values must be finite; the blocks hold a NaN or an infinity")
    return mapped(lambda part: part.reshape((*query.shape[:-1], *part.shape[1:])), whole)


def check_read(query: Tensor, beta: float, top: int | None) -> None:
    """Raise where a query is no (..., d) of finite numbers, or beta or top are out of range."""
    if query.ndim < 1:
        raise ShapeError(f"query must have shape (..., d); got shape {tuple(query.shape)}")
    if not bool(query.detach().isfinite().all()):
        raise NotFiniteError("query must be finite; got a NaN or an infinity")
    if not 0 < beta < float("inf"):
        raise ArgumentError(f"beta must be finite and above 0; got {beta}")
    if top is not None and top < 1:
        raise ArgumentError(f"top must be at least 1, or None; got {top}")


def parts(blocks: SlotBlocks, rows: Tensor) -> Iterator[Block]:
    """Check the blocks against queries (q, d), and cut them so that what a read of a part holds stays small."""
    width: tuple[int, ...] | None = None
    number = -1
    for ids, keys, values in blocks:  # enumerate would hold a block while it asks for the next
        number += 1
        if keys.ndim != 2 or values.ndim != 2 or not len(ids) == len(keys) == len(values):
            shapes = f"{tuple(ids.shape)}, {tuple(keys.shape)} and {tuple(values.shape)}"
            raise ShapeError(f"block {number} must be ids (b,), keys (b, d) and values (b, v); got {shapes}")
        if keys.shape[1] != rows.shape[1]:
            raise ShapeError(
                f"query must end in {keys.shape[1]}, as the keys of block {number} do; got {rows.shape[1]}"
            )
        width = values.shape[1:] if width is None else width
        if values.shape[1:] != width:
            raise ShapeError(f"values of block {number} must end in {width[0]}, as those before; got {values.shape[1]}")
        step = max(1, _AT_ONCE // max(1, keys.shape[1] + values.shape[1]))
        for start in range(0, max(1, len(keys)), step):
            part = slice(start, start + step)
            yield Block(ids[part], keys[part], values[part])
        del ids, keys, values
