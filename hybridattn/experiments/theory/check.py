"""What formulas refuse."""

import math

from hybridattn.errors import ArgumentError

__all__ = ["must_be_at_least", "must_be_between"]


def must_be_at_least(name: str, value: float, least: float) -> None:
    """Raise ArgumentError unless `value` is a finite number of at least `least`."""
    if not least <= value < math.inf:
        raise ArgumentError(f"{name} must be finite and at least {least}; got {value}")


def must_be_between(name: str, value: float, low: float, high: float) -> None:
    """Raise ArgumentError unless low < value < high."""
    if not low < value < high:
        raise ArgumentError(f"{name} must lie between {low} and {high}; got {value}")
