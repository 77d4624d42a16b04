"""What a read refuses, from shapes and types alone: looking at the numbers would make a GPU wait."""

import math

import torch
from torch import Tensor

from hybridattn.attention.tiles.layout import broadcast, fits
from hybridattn.attention.tiles.lookup import Lookup
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["check", "check_places", "check_slots"]

_LARGEST = torch.finfo(torch.float32).max


def check(lookup: Lookup, top: int | None = None) -> None:
    """Raise ShapeError or ArgumentError where the arguments of `read` do not fit each other."""
    query, keys, values, beta, mask, prior = lookup
    if min(query.ndim, keys.ndim, values.ndim) < 2:
        shapes = f"{_shape(query)}, {_shape(keys)} and {_shape(values)}"
        raise ShapeError(f"query, keys and values must have at least 2 axes; got shapes {shapes}")
    if query.shape[-1] != keys.shape[-1]:
        raise ShapeError(f"query must end in d={keys.shape[-1]} as keys do; got shape {_shape(query)}")
    if keys.shape[-2] != values.shape[-2]:
        raise ShapeError(f"values must hold n={keys.shape[-2]} slots as keys do; got shape {_shape(values)}")
    if not query.dtype == keys.dtype == values.dtype or not query.is_floating_point():
        dtypes = f"{query.dtype}, {keys.dtype} and {values.dtype}"
        raise ArgumentError(f"query, keys and values must share one floating-point dtype; got {dtypes}")
    if top is not None and top < 1:
        raise ArgumentError(f"top must be at least 1, or None; got {top}")
    if mask is not None and mask.dtype != torch.bool:
        raise ArgumentError(f"mask must be bool, True where a slot may be read; got {mask.dtype}")
    if not isinstance(beta, Tensor):
        _check_number(beta, query.dtype)
    if not lookup.plain:
        _check_broadcast(query, keys, values, mask, prior)
    if isinstance(beta, Tensor) and beta.ndim:
        _must_fit("beta", beta, (*broadcast(query.shape[:-2], keys.shape[:-2]), query.shape[-2], 1))


def check_slots(query: Tensor, keys: Tensor, values: Tensor, slots: Tensor | None) -> None:
    """Raise as `read` does, where `slots` (..., n) is its mask (..., 1, n)."""
    if slots is not None and slots.dtype != torch.bool:
        raise ArgumentError(f"slots must be bool, True where there is a slot; got {slots.dtype}")
    check(Lookup(query, keys, values, 1.0, slots.unsqueeze(-2) if slots is not None and slots.ndim else slots))
    if slots is not None and slots.shape[-1:] != keys.shape[-2:-1]:
        raise ShapeError(f"slots must end in n={keys.shape[-2]}; got shape {_shape(slots)}")


def check_places(name: str, mask: Tensor | None, shape: tuple[int, ...]) -> None:
    """Raise ShapeError or ArgumentError where a mask of places, None for all, is not bool of the shape (..., n)."""
    if mask is None:
        return
    if mask.shape != shape:
        raise ShapeError(f"{name} must have shape {tuple(shape)}; got {_shape(mask)}")
    if mask.dtype != torch.bool:
        raise ArgumentError(f"{name} must be bool, True where something is; got {mask.dtype}")


def _check_number(beta: float, dtype: torch.dtype) -> None:
    if not 0 <= beta < math.inf:
        raise ArgumentError(f"beta must be finite and at least 0; got {beta}")
    if beta > _LARGEST and dtype != torch.float64:
        raise ArgumentError(f"beta must be at most {_LARGEST:.6g}, the largest number in torch.float32; got {beta}")


def _check_broadcast(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, prior: Tensor | None) -> None:
    leads = (query.shape[:-2], keys.shape[:-2], values.shape[:-2])
    try:
        lead = broadcast(*leads)
    except RuntimeError as error:
        shapes = f"{_shape(query)}, {_shape(keys)} and {_shape(values)}"
        raise ShapeError(f"leading axes of query, keys and values must broadcast; got shapes {shapes}") from error
    for name, bias in (("mask", mask), ("prior", prior)):
        if bias is not None:
            _must_fit(name, bias, (*lead, query.shape[-2], keys.shape[-2]))


def _must_fit(name: str, bias: Tensor, shape: tuple[int, ...]) -> None:
    if not fits(bias.shape, shape):
        raise ShapeError(f"{name} must broadcast to {shape}; got shape {_shape(bias)}")


def _shape(tensor: Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape)
