"""What every scan over a sequence takes: checked, broadcast, and in at least float32."""

from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.attention.tiles.layout import broadcast
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["Scan", "Steps", "steps_of"]


class Scan(NamedTuple):
    """What was read at each position of a sequence, and the weights after the last."""

    output: Tensor
    """(..., n, v), in the dtype of the values."""
    state: Tensor
    """(..., d, v), in at least float32."""


class Steps(NamedTuple):
    """A sequence of n writes and reads; all leading axes are the same."""

    query: Tensor
    keys: Tensor
    values: Tensor
    strength: Tensor | None
    log_decay: Tensor | None
    state: Tensor


def steps_of(
    query: Tensor, keys: Tensor, values: Tensor, strength: Tensor | None, log_decay: Tensor | None, state: Tensor | None
) -> Steps:
    """Check and align the parts of a scan: query and keys (..., n, d), values (..., n, v), strength (..., n).

    Raises ShapeError where they do not fit, ArgumentError where they are not floating point.
    """
    _check(query, keys, values)
    n, d, v = *keys.shape[-2:], values.shape[-1]
    parts: dict[str, tuple[Tensor | None, tuple[int, ...]]]
    parts = {"query": (query, (n, d)), "keys": (keys, (n, d)), "values": (values, (n, v))}
    parts |= {"strength": (strength, (n,)), "log_decay": (log_decay, (n,)), "state": (state, (d, v))}
    given = {name: (part, tail) for name, (part, tail) in parts.items() if part is not None}
    for name, (part, tail) in given.items():
        if part.shape[-len(tail) :] != tail or part.ndim < len(tail):
            raise ShapeError(f"{name} must end in shape {tail}; got shape {tuple(part.shape)}")
    try:
        lead = broadcast(*(part.shape[: part.ndim - len(tail)] for part, tail in given.values()))
    except RuntimeError as error:
        shapes = ", ".join(f"{name} {tuple(part.shape)}" for name, (part, _) in given.items())
        raise ShapeError(f"leading axes must broadcast; got {shapes}") from error
    wide = torch.float32
    for part, _ in given.values():
        wide = torch.promote_types(wide, part.dtype)
    laid = {name: part.to(wide).expand(*lead, *tail) for name, (part, tail) in given.items()}
    start = laid["state"] if "state" in laid else keys.new_zeros(*lead, d, v, dtype=wide)
    return Steps(laid["query"], laid["keys"], laid["values"], laid.get("strength"), laid.get("log_decay"), start)


def _check(query: Tensor, keys: Tensor, values: Tensor) -> None:
    for name, part in (("query", query), ("keys", keys), ("values", values)):
        if part.ndim < 2:
            raise ShapeError(f"{name} must have at least 2 axes, (..., n, width); got shape {tuple(part.shape)}")
        if not part.is_floating_point():
            raise ArgumentError(f"{name} must be floating point; got {part.dtype}")
