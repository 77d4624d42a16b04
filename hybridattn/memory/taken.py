"""What memories take, and in which words they refuse the rest: one piece for all of their families."""

from torch import Tensor, nn

from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError

__all__ = ["as_rows", "check_finite", "check_one_a_key", "check_query", "check_top", "check_values"]


def as_rows(name: str, rows: Tensor, width: int) -> Tensor:
    """Give what is to be written, (m, width) or (width,), as (m, width); raises ShapeError for anything else."""
    if rows.ndim not in (1, 2) or rows.shape[-1] != width:
        raise ShapeError(f"{name} must have shape ({width},) or (m, {width}); got shape {tuple(rows.shape)}")
    return rows.reshape(-1, width)


def check_finite(name: str, numbers: Tensor) -> None:
    """Raise NotFiniteError where there is a NaN or an infinity."""
    if not numbers.isfinite().all():
        raise NotFiniteError(f"{name} must be finite; got a NaN or an infinity")


def check_values(values: Tensor | None, value_dim: int | None) -> None:
    """Raise ArgumentError where values are missing, or where keys are the values and there are others."""
    if (values is None) != (value_dim is None):
        wanted = "no values: its keys are its values" if value_dim is None else f"values of {value_dim}"
        raise ArgumentError(f"this memory takes {wanted}; got {'none' if values is None else 'values'}")


def check_one_a_key(keys: Tensor, values: Tensor) -> None:
    """Raise ShapeError unless there are as many values as keys."""
    if len(keys) != len(values):
        raise ShapeError(f"values must be one a key, {len(keys)}; got {len(values)}")


def check_query(query: Tensor, key_dim: int) -> None:
    """Raise ShapeError unless queries are (..., key_dim)."""
    if query.shape[-1:] != (key_dim,):
        raise ShapeError(f"query must end in key_dim={key_dim}; got shape {tuple(query.shape)}")


def check_top(memory: nn.Module, top: int | None) -> None:
    """Raise ArgumentError where a memory without slots is asked for its best ones."""
    if top is not None:
        raise ArgumentError(f"{type(memory).__name__} has no slots: top must be None; got {top}")
