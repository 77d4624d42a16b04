"""How often a head updates its state patterns, and when it may stop."""

import math
from typing import NamedTuple

from torch import Tensor

from hybridattn.errors import ArgumentError

__all__ = ["Steps"]


class Steps(NamedTuple):
    """Updates of each head: a count, or -1 for as many as it takes; and the tolerance that ends those."""

    counts: tuple[int, ...]
    eps: tuple[float, ...]

    @classmethod
    def of(cls, most: int | Tensor | None, eps: float | Tensor, heads: int) -> "Steps":
        """Read the arguments `update_steps_max` and `update_steps_eps` of the layers, one for all heads or one each."""
        counts = _each(-1 if most is None else most, heads, "update_steps_max")
        whole = tuple(int(count) for count in counts)
        if whole != counts:
            raise ArgumentError(f"update_steps_max must be whole, or None; got {most!r}")
        tolerances = _each(eps, heads, "update_steps_eps")
        if not all(0 <= tolerance < math.inf for tolerance in tolerances):
            raise ArgumentError(f"update_steps_eps must be finite and at least 0; got {eps!r}")
        return cls(tuple(max(count, -1) for count in whole), tuple(float(tolerance) for tolerance in tolerances))


def _each(given: float | Tensor, heads: int, name: str) -> tuple[float, ...]:
    if not isinstance(given, Tensor):
        return (given,) * heads
    if given.ndim > 1 or given.numel() not in (1, heads):
        raise ArgumentError(f"{name} must be one for all heads or ({heads},); got shape {tuple(given.shape)}")
    return tuple(given.reshape(-1).expand(heads).tolist())
