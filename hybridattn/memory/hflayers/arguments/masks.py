"""From the masks of the layers, True means ignore, to the one mask that `scaled_dot_product_attention` takes."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["Extent", "readable"]

Extent = tuple[int, int, int, int]
"""(batch, heads, states, stored): how far an association reaches."""


def readable(padding: Tensor | None, association: Tensor | None, extent: Extent, extra: int) -> Tensor | None:
    """Give the joint mask, which broadcasts to (B, H, L, S + extra): bool, True may be read; or added to the scores.

    Args:
        padding: (B, S), or (1, S) for all; bool or integer, not 0 means ignore; or floating, added to the scores.
        association: (L, S), (B * H, L, S) with the heads of a sample together, or what broadcasts to (B, H, L, S).
        extent: (B, H, L, S).
        extra: rows that were appended to what is stored; they are always read.

    Raises:
        ShapeError: masks of another shape.
        ArgumentError: complex masks.
    """
    masks = [] if padding is None else [_padding(padding, extent)]
    masks += [] if association is None else [_association(association, extent)]
    if not masks:
        return None
    ignored = [mask for mask in masks if mask.dtype == torch.bool]
    added = [mask for mask in masks if mask.dtype != torch.bool]
    if not added:
        seen = ~_joined(ignored)
        return pad(seen, (0, extra), value=True) if extra else seen
    bias = sum(added[1:], added[0])
    bias = bias.masked_fill(_joined(ignored), -torch.inf) if ignored else bias
    return pad(bias, (0, extra)) if extra else bias


def _joined(ignored: list[Tensor]) -> Tensor:
    return ignored[0] if len(ignored) == 1 else ignored[0] | ignored[1]


def _padding(mask: Tensor, extent: Extent) -> Tensor:
    batch, _, _, stored = extent
    if mask.ndim != 2 or mask.shape[0] not in (1, batch) or mask.shape[1] != stored:
        raise ShapeError(f"stored_pattern_padding_mask must be {(batch, stored)}; got shape {tuple(mask.shape)}")
    return _typed(mask, "stored_pattern_padding_mask")[:, None, None]


def _association(mask: Tensor, extent: Extent) -> Tensor:
    batch, heads, states, stored = extent
    shape = tuple(mask.shape)
    if shape == (batch * heads, states, stored):
        mask = mask.view(batch, heads, states, stored)
    elif mask.ndim == 4 and all(mine in (1, whole) for mine, whole in zip(shape, extent, strict=True)):
        mask = mask.expand(*shape[:3], stored)
    elif shape == (states, stored):
        mask = mask[None, None]
    else:
        shapes = f"{(states, stored)}, {(batch * heads, states, stored)} or broadcast to {extent}"
        raise ShapeError(f"association_mask must be {shapes}; got shape {shape}")
    return _typed(mask, "association_mask")


def _typed(mask: Tensor, name: str) -> Tensor:
    if mask.is_complex():
        raise ArgumentError(f"{name} must be bool, integer or floating; got {mask.dtype}")
    return mask if mask.is_floating_point() else mask != 0
