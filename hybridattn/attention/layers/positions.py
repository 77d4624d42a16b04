"""Where something stands in a sequence, told to attention that knows no order."""

import torch
from torch import Tensor

from hybridattn.attention.tiles.layout import broadcast
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["rotary", "sinusoidal"]

BASE = 10_000.0
"""The slowest wave has about 2 pi times this length (Vaswani et al. 2017, section 3.5)."""


def sinusoidal(places: Tensor, width: int, *, base: float = BASE) -> Tensor:
    """Give the position encoding of places (...,): (..., width), in the default dtype.

    Entry 2i is sin(p / base^(2i / width)), entry 2i + 1 the cosine (Vaswani et al. 2017, arXiv 1706.03762, section
    3.5). Raises ArgumentError unless the width is even and at least 2, and the base is above 0.

    >>> sinusoidal(torch.tensor([0]), 4).tolist()
    [[0.0, 1.0, 0.0, 1.0]]
    """
    angles = _angles(places, width, base)
    return torch.stack((angles.sin(), angles.cos()), -1).flatten(-2).to(torch.get_default_dtype())


def rotary(vectors: Tensor, places: Tensor, *, base: float = BASE) -> Tensor:
    """Turn each pair of entries (2i, 2i + 1) of vectors (..., n, d) by p / base^(2i / d), p the place of the row.

    A dot product of two turned vectors depends on how far apart they stand, and on no place (Su et al. 2021, arXiv
    2104.09864, eq. 13-15). Turn queries and keys, not values.

    Args:
        vectors: (..., n, d), d even.
        places: (n,), or (..., n).

    Raises:
        ArgumentError: d is odd, the base is not above 0, or vectors are not floating point.
        ShapeError: places do not fit.
    """
    if not vectors.is_floating_point():
        raise ArgumentError(f"vectors must be floating point; got {vectors.dtype}")
    if vectors.ndim < 2:
        raise ShapeError(f"vectors must have shape (..., n, d); got {tuple(vectors.shape)}")
    if places.shape[-1:] != vectors.shape[-2:-1]:
        raise ShapeError(f"places must end in n={vectors.shape[-2]}; got shape {tuple(places.shape)}")
    try:
        broadcast(vectors.shape[:-1], places.shape)
    except RuntimeError as error:
        raise ShapeError(
            f"places must broadcast to {tuple(vectors.shape[:-1])}; got shape {tuple(places.shape)}"
        ) from error
    angles = _angles(places, vectors.shape[-1], base)
    cosine, sine = angles.cos().to(vectors.dtype), angles.sin().to(vectors.dtype)
    even, odd = vectors[..., 0::2], vectors[..., 1::2]
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1).flatten(-2)


def _angles(places: Tensor, width: int, base: float) -> Tensor:
    if width < 2 or width % 2:
        raise ArgumentError(f"width must be even and at least 2; got {width}")
    if not base > 0:
        raise ArgumentError(f"base must be above 0; got {base}")
    rates = base ** (-torch.arange(0, width, 2, dtype=torch.float64, device=places.device) / width)
    return places.unsqueeze(-1).to(torch.float64) * rates
