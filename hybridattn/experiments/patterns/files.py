"""The user's own patterns: arrays, tables of numbers, and pictures."""

import csv
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.experiments.patterns.images import image_table
from hybridattn.experiments.patterns.source import Source, tabulated

__all__ = ["patterns_from"]

LARGEST_FILE = 1 << 30  # bytes
_NAME = "patterns"


def patterns_from(path: str | os.PathLike[str], *, size: int = 32) -> Source:
    """Read patterns from a file or folder, one a row.

    - `.npy`: an array (n, d) or (n, height, width) of numbers, never pickled objects.
    - `.csv`, `.tsv`: numbers in UTF-8 with commas or tabs; a first line without any number is a header.
    - `.safetensors`: the tensor named `patterns`, or the only one there is.
    - a folder: its `.png` files in order of their names, each read by `grey_image` on a grid of `size` x `size`.

    Raises ArgumentError, NotFiniteError or ShapeError, which name the file, the place in it and what was wanted.
    """
    path = Path(path)
    if path.is_dir():
        return image_table(path.name, sorted(path.glob("*.png")), size=size)
    if path.suffix.lower() not in _READERS:
        raise ArgumentError(f"patterns must be a folder or end in {', '.join(_READERS)}; got {str(path)!r}")
    try:
        if (length := path.stat().st_size) > LARGEST_FILE:
            raise ValueError(f"{length:,} bytes, at most {LARGEST_FILE:,}")
        rows = _READERS[path.suffix.lower()](path)
    except ArgumentError:
        raise
    except (OSError, ValueError, EOFError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ArgumentError(f"patterns must be a file that can be read; got {str(path)!r}: {reason}") from error
    shape = (rows.shape[1], rows.shape[2]) if rows.ndim == 3 else None
    return tabulated(path.name, rows.flatten(1) if shape else rows, shape=shape)


def _npy(path: Path) -> Tensor:
    array = np.load(path, allow_pickle=False)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        kind = getattr(array, "dtype", type(array).__name__)
        raise ArgumentError(f"patterns {path.name} must be an array of real numbers; got {kind}")
    return torch.from_numpy(array.astype(np.float64))


def _safetensors(path: Path) -> Tensor:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    if _NAME not in tensors and len(tensors) != 1:
        names = ", ".join(sorted(tensors)) or "none"
        raise ArgumentError(f"patterns {path.name} must hold one tensor, or one named {_NAME!r}; got {names}")
    found = tensors[_NAME] if _NAME in tensors else next(iter(tensors.values()))
    if found.is_complex():
        raise ArgumentError(f"patterns {path.name} must be an array of real numbers; got {found.dtype}")
    return found


def _csv(path: Path) -> Tensor:
    return _numbers(path, ",")


def _tsv(path: Path) -> Tensor:
    return _numbers(path, "\t")


def _numbers(path: Path, delimiter: str) -> Tensor:
    rows: list[list[float]] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for fields in reader:
                if fields and not (reader.line_num == 1 and not any(map(_is_number, fields))):
                    rows.append(_row(fields, len(rows[0]) if rows else len(fields), f"{path.name}:{reader.line_num}"))
        except csv.Error as error:
            raise ArgumentError(f"{path.name}:{reader.line_num}: {error}") from error
    return torch.tensor(rows, dtype=torch.float64)


def _row(fields: list[str], width: int, where: str) -> list[float]:
    if len(fields) != width:
        raise ArgumentError(f"{where}: expected {width} numbers, as in the first row; got {len(fields)}")
    for column, field in enumerate(fields, start=1):
        if not _is_number(field):
            raise ArgumentError(f"{where}: expected a number in column {column}; got {field!r}")
    return [float(field) for field in fields]


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


_READERS: Mapping[str, Callable[[Path], Tensor]] = MappingProxyType(
    {".npy": _npy, ".csv": _csv, ".tsv": _tsv, ".safetensors": _safetensors}
)
