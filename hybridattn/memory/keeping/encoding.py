"""Constructor arguments as plain data and back: numbers, strings, tuples, small tensors, and parts by name.

Nothing that a file says is imported or run: a name is looked up in `known()`, and called with what stands beside it.
"""

from typing import Any

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError, MemoryFileError
from hybridattn.memory.keeping.known import form_of, known

__all__ = ["encoded_all", "made"]


def encoded(value: Any, name: str) -> Any:
    """Give the argument `name` as plain data; raises ArgumentError where it is nothing that can be kept."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [encoded(part, name) for part in value]
    if isinstance(value, Tensor):
        return {"tensor": value.tolist(), "dtype": _dtype_name(value.dtype), "shape": list(value.shape)}
    form = form_of(value)
    if form is None:
        raise ArgumentError(f"cannot save {name}={value!r}: it is no part that this library exports")
    return {"part": type(value).__name__, "arguments": encoded_all(form)}


def encoded_all(arguments: dict[str, Any]) -> dict[str, Any]:
    """Give all arguments as plain data."""
    return {name: encoded(value, name) for name, value in arguments.items()}


def decoded(plain: Any) -> Any:
    """Give back what `encoded` made plain; lists come back as tuples. Raises MemoryFileError for anything else."""
    if plain is None or isinstance(plain, bool | int | float | str):
        return plain
    if isinstance(plain, list):
        return tuple(decoded(part) for part in plain)
    if isinstance(plain, dict) and set(plain) == {"tensor", "dtype", "shape"}:
        return _tensor(plain)
    if isinstance(plain, dict) and set(plain) == {"part", "arguments"}:
        return made(plain["part"], plain["arguments"])
    raise MemoryFileError(f"no argument can be {plain!r}")


def made(name: Any, arguments: Any) -> Any:
    """Call what is known by `name` with plain arguments; raises MemoryFileError where that cannot be."""
    kind = known().get(name) if isinstance(name, str) else None
    if kind is None:
        raise MemoryFileError(f"this library has no memory or part with the name {name!r}")
    if not isinstance(arguments, dict):
        raise MemoryFileError(f"the arguments of {name} must be named; got {arguments!r}")
    given = {key: decoded(value) for key, value in arguments.items()}
    try:
        return kind(**given)
    except (ValueError, TypeError, RuntimeError, ArithmeticError, MemoryError) as error:
        raise MemoryFileError(f"{name} cannot be made with {arguments}: {error}") from error


def _tensor(plain: dict[str, Any]) -> Tensor:
    try:
        return torch.tensor(plain["tensor"], dtype=_dtype_of(plain["dtype"])).reshape(plain["shape"])
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise MemoryFileError(f"no tensor can be {plain!r}: {error}") from error


def _dtype_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _dtype_of(name: Any) -> torch.dtype:
    """Give the dtype of this name; raises MemoryFileError where there is none."""
    dtype = getattr(torch, name, None) if isinstance(name, str) else None
    if not isinstance(dtype, torch.dtype):
        raise MemoryFileError(f"there is no dtype {name!r}")
    return dtype
