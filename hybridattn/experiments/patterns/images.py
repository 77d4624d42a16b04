"""Pictures as patterns: grey values on a common grid."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.experiments.patterns.source import Source, tabulated

__all__ = ["grey_image", "image_table"]

LARGEST_SIDE = 8192  # pixels: a file of a few kilobytes can unpack to gigabytes
LARGEST_GRID = 512
_DEEP = 257  # 16-bit grey values per 8-bit one


def grey_image(path: str | os.PathLike[str], *, size: int = 32) -> Tensor:
    """Read a picture as (size, size) float64 ink values: -1 is white paper, 1 is black ink.

    Transparent parts are laid on white, colours become luminance (ITU-R 601), and the picture is stretched to the grid,
    each cell the mean of the area under it where it shrinks (box filter). Raises ArgumentError where Pillow is not
    installed (it comes with the extra `plot`), `size` is not in 1..512, the file is no picture that Pillow reads, or a
    side has more than 8192 pixels.
    """
    if not 1 <= size <= LARGEST_GRID:
        raise ArgumentError(f"size must be from 1 to {LARGEST_GRID} pixels; got {size}")
    try:
        from PIL import Image
    except ImportError as error:
        raise ArgumentError("pictures need Pillow: pip install 'hybridattn[plot]'") from error
    try:
        with warnings.catch_warnings(), Image.open(path) as picture:
            warnings.simplefilter("ignore")  # size is checked here, and a half broken file fails below
            if max(picture.size) > LARGEST_SIDE:
                raise ValueError(f"{picture.width} x {picture.height} pixels, at most {LARGEST_SIDE} a side")
            if picture.mode.startswith("I"):
                deep = Image.fromarray(np.asarray(picture, dtype=np.float32) / _DEEP)
            else:
                seen = picture.convert("RGBA")
                deep = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("L").convert("F")
            grey = np.asarray(deep.resize((size, size), Image.Resampling.BOX), dtype=np.float64)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ArgumentError(f"a picture must be a file that Pillow reads; got {os.fspath(path)!r}: {reason}") from error
    return torch.from_numpy(1 - grey / 127.5).clamp(-1, 1)


def image_table(name: str, paths: Sequence[Path], *, size: int) -> Source:
    """Give pictures as patterns of size x size ink values."""
    if not paths:
        raise ArgumentError(f"patterns {name}: a folder must hold at least one .png file; it holds none")
    rows = torch.stack([grey_image(path, size=size).flatten() for path in paths])
    return tabulated(name, rows, shape=(size, size))
