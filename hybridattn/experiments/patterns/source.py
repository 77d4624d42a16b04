"""A source of patterns: random ones without end, or the rows of a table."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError

__all__ = ["Source", "gaussian_patterns", "sign_patterns", "sphere_patterns", "tabulated"]


@dataclass(frozen=True)
class Source:
    """Something that gives any number of patterns, float64, up to how many it has."""

    name: str
    dim: int
    sample: Callable[[int, torch.Generator], Tensor]
    """(m, generator) to (m, dim)."""
    available: int | None = None
    """How many patterns there are; None is without end."""
    digest: str = ""
    """What tells two tables of the same name apart."""
    shape: tuple[int, int] | None = None
    """Height and width, where patterns are pictures."""
    signs: bool = False
    """Whether all entries are -1 or +1."""

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` patterns (count, dim), those of a table without repetition."""
        self.must_have(count)
        return self.sample(count, generator)

    def must_have(self, count: int) -> None:
        """Raise ArgumentError unless there are that many patterns."""
        if count < 1 or (self.available is not None and count > self.available):
            has = "any number" if self.available is None else f"{self.available}"
            raise ArgumentError(f"patterns {self.name}: a number from 1 to what it has ({has}) is wanted; got {count}")

    def settings(self) -> dict[str, Any]:
        """Say as plain data what the patterns are."""
        return {"name": self.name, "dim": self.dim, "available": self.available, "digest": self.digest}


def sign_patterns(dim: int) -> Source:
    """Give random patterns of `dim` independent fair signs, +-1.

    >>> sign_patterns(4).draw(1, torch.Generator().manual_seed(0)).abs()
    tensor([[1., 1., 1., 1.]], dtype=torch.float64)
    """

    def sample(count: int, generator: torch.Generator) -> Tensor:
        return 2.0 * torch.randint(2, (count, dim), generator=generator).double() - 1

    return Source("signs", _checked(dim), sample, signs=True)


def gaussian_patterns(dim: int) -> Source:
    """Give random patterns of `dim` independent standard normal entries."""
    return Source("gaussian", _checked(dim), lambda m, g: torch.randn(m, dim, generator=g, dtype=torch.float64))


def sphere_patterns(dim: int) -> Source:
    """Give random patterns, uniform on the sphere of radius sqrt(dim), so that they are as long as sign patterns."""
    direction = gaussian_patterns(dim)
    return Source("sphere", dim, lambda m, g: dim**0.5 * torch.nn.functional.normalize(direction.sample(m, g), dim=-1))


def tabulated(name: str, rows: Tensor, *, shape: tuple[int, int] | None = None) -> Source:
    """Give the rows (n, d) of a table, in random order.

    Raises ShapeError unless there are two axes with something in each, NotFiniteError where a number is not finite, and
    ArgumentError where a row is all zero: nothing can be like it.
    """
    if rows.ndim != 2 or not rows.numel():
        raise ShapeError(f"patterns {name} must have shape (n, d) with n and d above 0; got shape {tuple(rows.shape)}")
    rows = rows.detach().to("cpu", torch.float64).contiguous()
    for number, row in enumerate(rows):
        if not row.isfinite().all():
            raise NotFiniteError(f"patterns {name} must be finite; row {number} (counted from 0) is not")
        if not row.any():
            raise ArgumentError(f"patterns {name} must not hold a zero vector; row {number} (counted from 0) is one")
    digest = hashlib.sha256(rows.numpy().tobytes()).hexdigest()[:16]

    def sample(count: int, generator: torch.Generator) -> Tensor:
        return rows[torch.randperm(len(rows), generator=generator)[:count]]

    return Source(name, rows.shape[1], sample, len(rows), digest, shape, bool((rows.abs() == 1).all()))


def _checked(dim: int) -> int:
    if dim < 1:
        raise ArgumentError(f"dim must be at least 1; got {dim}")
    return dim
