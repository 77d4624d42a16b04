"""How a stored pattern becomes a query: noise, wrong signs, or a part that is not seen."""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError

__all__ = ["Corruption", "GaussianNoise", "Mask", "SignFlips"]


class Corruption(Protocol):
    """A way to spoil patterns, with a level of 0 for none of it."""

    @property
    def name(self) -> str:
        """Say what the level is a number of."""
        ...

    def __call__(self, patterns: Tensor, level: float, generator: torch.Generator, /) -> Tensor:
        """Spoil patterns (m, d): (m, d)."""
        ...


@dataclass(frozen=True)
class GaussianNoise:
    """Add independent normal noise of standard deviation `level`, at least 0, to every entry."""

    name: str = "noise"

    def __call__(self, patterns: Tensor, level: float, generator: torch.Generator, /) -> Tensor:
        """Give x + level * z."""
        if not 0 <= level < math.inf:
            raise ArgumentError(f"the level of noise must be finite and at least 0; got {level}")
        return patterns + level * torch.randn(patterns.shape, generator=generator, dtype=patterns.dtype)


@dataclass(frozen=True)
class SignFlips:
    """Turn the sign of round(level d) entries, drawn anew for every pattern; level in [0, 1].

    >>> SignFlips()(torch.ones(1, 4), 0.5, torch.Generator().manual_seed(0)).sum()
    tensor(0.)
    """

    name: str = "flips"

    def __call__(self, patterns: Tensor, level: float, generator: torch.Generator, /) -> Tensor:
        """Give x with that many signs turned."""
        return torch.where(_chosen(patterns, level, generator, self.name), -patterns, patterns)


@dataclass(frozen=True)
class Mask:
    """Set round(level d) entries, drawn anew for every pattern, to 0; level in [0, 1]."""

    name: str = "mask"

    def __call__(self, patterns: Tensor, level: float, generator: torch.Generator, /) -> Tensor:
        """Give x with that many entries 0."""
        return patterns.masked_fill(_chosen(patterns, level, generator, self.name), 0.0)


def _chosen(patterns: Tensor, level: float, generator: torch.Generator, name: str) -> Tensor:
    """Choose exactly round(level d) entries of each pattern: (m, d) bool."""
    if not 0 <= level <= 1:
        raise ArgumentError(f"the level of {name} is a share in [0, 1]; got {level}")
    order = torch.rand(patterns.shape, generator=generator, dtype=torch.float64).argsort(-1).argsort(-1)
    return order < round(level * patterns.shape[-1])
