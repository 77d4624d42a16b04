"""Location-wise attention: what a picture shows at a place, near and far."""

import torch
from torch import Tensor
from torch.nn import functional

from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["glimpse"]


def glimpse(pictures: Tensor, places: Tensor, *, size: int, scales: int = 1) -> Tensor:
    """Look at places of pictures: square patches of growing reach, all sampled at one size.

    The retina of Mnih et al. 2014 (arXiv 1406.6247, section 3.1), sampled bilinearly, so that the gradient reaches the
    places (as in the spatial transformer of Jaderberg et al. 2015, arXiv 1506.02025, eq. 3). Scale s covers size * 2^s
    pixels; what is outside of a picture is 0.

    Args:
        pictures: (b, c, height, width).
        places: (b, 2), x and y of the middle, in [-1, 1] from the middle of the first pixel to that of the last.
        size: side of a patch, at least 1.
        scales: how many patches, at least 1.

    Returns:
        (b, scales, c, size, size).

    Raises:
        ShapeError: other shapes, or pictures without pixels.
        ArgumentError: size or scales below 1, or dtypes that differ or are not floating point.

    >>> picture = torch.arange(9.0).reshape(1, 1, 3, 3)
    >>> glimpse(picture, torch.tensor([[1.0, -1.0]]), size=1).item()
    2.0
    """
    if pictures.ndim != 4 or 0 in pictures.shape[-2:] or places.shape != (len(pictures), 2):
        got = f"{tuple(pictures.shape)} and {tuple(places.shape)}"
        raise ShapeError(f"pictures must have shape (b, c, height, width) and places (b, 2); got {got}")
    if pictures.dtype != places.dtype or not pictures.is_floating_point():
        dtypes = f"{pictures.dtype} and {places.dtype}"
        raise ArgumentError(f"pictures and places must share one floating-point dtype; got {dtypes}")
    if size < 1 or scales < 1:
        raise ArgumentError(f"size and scales must be at least 1; got {size} and {scales}")
    height, width = pictures.shape[-2:]
    steps = torch.arange(size, dtype=pictures.dtype, device=pictures.device) - (size - 1) / 2
    patches = []
    for scale in range(scales):
        across, down = (steps * 2**scale * 2 / max(side - 1, 1) for side in (width, height))
        grid = torch.stack((across.expand(size, size), down[:, None].expand(size, size)), -1)
        patches.append(
            functional.grid_sample(pictures, places[:, None, None] + grid, padding_mode="zeros", align_corners=True)
        )
    return torch.stack(patches, 1)
