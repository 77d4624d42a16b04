"""What figures take: arrays of finite numbers, also tensors on any device, with a gradient or without."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError

__all__ = ["matrix", "named"]


def matrix(name: str, given: ArrayLike, *, low: float = -np.inf, high: float = np.inf) -> NDArray[np.float64]:
    """Give an array (rows, columns) of finite numbers within bounds, or raise whose it was and what it must be."""
    tensor: Any = given
    values = np.asarray(tensor.detach().cpu() if hasattr(tensor, "detach") else tensor, dtype=float)
    if values.ndim != 2 or not values.size:
        raise ShapeError(f"{name} must have shape (rows, columns), neither of them 0; got shape {values.shape}")
    if not np.isfinite(values).all():
        raise NotFiniteError(f"{name} must be finite; {(~np.isfinite(values)).sum()} of {values.size} entries are not")
    slack = 1e-6  # what rounding leaves
    if values.min() < low - slack or values.max() > high + slack:
        raise ArgumentError(f"{name} must be in [{low:g}, {high:g}]; got {values.min():g} to {values.max():g}")
    return values.clip(low, high)


def named(name: str, given: Sequence[str] | None, size: int) -> list[str]:
    """Give names of rows or columns, their numbers where there are none."""
    names = [str(number) for number in range(size)] if given is None else [str(one) for one in given]
    if len(names) != size:
        raise ShapeError(f"{name} must be {size} names; got {len(names)}")
    return names
