"""Reads by a separation that differs by head: a read a head, put together again."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from hybridattn.attention.result import Read
from hybridattn.attention.separation import Headed
from hybridattn.errors import ShapeError

__all__ = ["by_head"]


def by_head(read: Callable[..., Read], separation: Headed, *tensors: Tensor, **parts: object) -> Read:
    """Read (..., heads, q, d) head by head, `read(*tensors, separation=..., **parts)` with what each tensor has of it.

    Tensors, also among the parts, have axis -3 of size heads, or 1, or not at all; raises ShapeError where none has it.
    """
    heads = separation.heads or 1
    biases = {name: part for name, part in parts.items() if isinstance(part, Tensor)}
    sizes = {tensor.shape[-3] for tensor in (*tensors, *biases.values()) if tensor.ndim > 2}
    if sizes - {1} != ({heads} if heads > 1 else set()) or not sizes:
        shape = tuple(tensors[0].shape)
        raise ShapeError(f"query or keys must have heads={heads} as axis -3 for this separation; got shape {shape}")
    reads = []
    for head in range(heads):
        of_head = partial(_of_head, head=head)
        own = {**parts, **{name: of_head(bias) for name, bias in biases.items()}}
        reads.append(read(*map(of_head, tensors), separation=separation.head(head), **own))
    value = torch.stack([found.value for found in reads], -3)
    return Read(value, None, _stacked([found.slots for found in reads]), _stacked([found.shares for found in reads]))


def _of_head(tensor: Tensor, head: int) -> Tensor:
    return tensor if tensor.ndim < 3 else tensor.select(-3, head if tensor.shape[-3] > 1 else 0)


def _stacked(parts: list[Tensor | None]) -> Tensor | None:
    kept = [part for part in parts if part is not None]
    return torch.stack(kept, -3) if kept else None
