"""The three patterns of an association, in the shapes that the options leave them."""

from typing import NamedTuple

from torch import Tensor

from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory.hflayers.arguments.options import Options

__all__ = ["Patterns", "check"]


class Patterns(NamedTuple):
    """What is stored, (B, S, .), the states that look it up, (B, L, .), and what they get for it, (B, S, .)."""

    stored: Tensor
    state: Tensor
    projection: Tensor

    @property
    def batch(self) -> int:
        """How many samples there are; a batch of 1 stands for all."""
        return next((part.shape[0] for part in self if part.shape[0] != 1), 1)


_NAMES = Patterns("stored pattern", "state pattern", "pattern projection")  # type: ignore[arg-type]


def check(options: Options, patterns: Patterns) -> None:
    """Raise ShapeError or ArgumentError where batch-first patterns do not fit the options or each other."""
    for name, part in zip(_NAMES, patterns, strict=True):
        if part.ndim != 3:
            raise ShapeError(f"{name} must have 3 axes: batch, patterns, width; got shape {tuple(part.shape)}")
        if part.shape[0] not in (1, patterns.batch):
            raise ShapeError(f"{name} must have a batch of {patterns.batch} or 1; got {part.shape[0]}")
        if not part.is_floating_point():
            raise ArgumentError(f"{name} must be of a floating-point dtype; got {part.dtype}")
    stored, _, projection = patterns
    if stored.shape[1] != projection.shape[1]:
        raise ShapeError(f"pattern projection must hold {stored.shape[1]} as is stored; got {projection.shape[1]}")
    for name, part, width in zip(_NAMES, patterns, _widths(options, patterns), strict=True):
        if width is not None and part.shape[-1] != width:
            raise ShapeError(f"{name} must be {width} wide; got shape {tuple(part.shape)}")


def _widths(options: Options, patterns: Patterns) -> tuple[int | None, int | None, int | None]:
    projection = options.projection_dim
    through_keys = options.pattern_projection_as_connected and not options.stored_pattern_as_static
    if options.pattern_projection_as_static and not through_keys:
        projection = None if options.disable_out_projection else options.pattern_dim
    if options.stored_pattern_as_static and options.state_pattern_as_static:  # any width, as long as it is one
        width = options.head_dim if options.normalize_hopfield_space_affine else patterns.stored.shape[-1]
        return width, width, projection
    stored = options.head_dim if options.stored_pattern_as_static else options.stored_dim
    return stored, options.head_dim if options.state_pattern_as_static else options.state_dim, projection
