"""Keys in fewer bits: what they score, and how far that can be from the truth."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

__all__ = ["Bfloat16Codes", "Codes", "Int8Codes", "KeyCoding", "Scored"]

_HALF_ULP = 2.0**-9
"""Relative error of a number rounded to bfloat16."""
_MOST = 127


class Codes(NamedTuple):
    """Keys (n, d) in fewer bits: key = rows * scale + rest."""

    rows: Tensor
    """(n, d), bfloat16 or int8."""
    scale: Tensor | None
    """(n, 1) float32, or None for 1."""
    rest: Tensor
    """() float32: the largest length of what the codes leave out of a key."""
    length: Tensor
    """() float32: the largest length of a key as the codes have it."""


class Scored(NamedTuple):
    """Scores of codes, and a bound on how far they are from those of the keys."""

    scores: Tensor
    """(n, q) float32, slots before queries."""
    error: Tensor
    """(q,) float32: no score of the query is further than this from that of the key."""


class KeyCoding(Protocol):
    """A way to write keys in fewer bits."""

    def encode(self, keys: Tensor) -> Codes:
        """Code keys (n, d)."""
        ...

    def scores(self, query: Tensor, codes: Codes) -> Scored:
        """Score codes with float32 queries (q, d), beta in them already."""
        ...


@dataclass(frozen=True)
class Bfloat16Codes:
    """Keys and queries rounded to bfloat16: half the bytes, and a product that is faster where the CPU knows it.

    With residuals r = q - q' and t = k - k' of query and key,
    |q.k - q'.k'| = |q.t + r.k'| <= |q| |t| + |r| |k'| (Cauchy and Schwarz); the product comes out rounded to bfloat16,
    and is summed in float32.
    """

    def encode(self, keys: Tensor) -> Codes:
        """Code keys (n, d)."""
        rows = keys.detach().to(torch.bfloat16)
        return _codes(keys.detach(), rows, None)

    def scores(self, query: Tensor, codes: Codes) -> Scored:
        """Score codes with float32 queries (q, d), beta in them already."""
        near = query.to(torch.bfloat16)
        scores = (codes.rows @ near.T).float()
        error = _bound(query, near.float(), codes)
        most = torch.linalg.vector_norm(near.float(), dim=-1) * codes.length
        return Scored(scores, error + 2 * _HALF_ULP * most)


@dataclass(frozen=True)
class Int8Codes:
    """Keys and queries as int8 with a scale a row, largest number 127: a quarter of the bytes, and integer products.

    The bound is that of `Bfloat16Codes`, without its last rounding: sums of integers are exact.
    """

    def encode(self, keys: Tensor) -> Codes:
        """Code keys (n, d)."""
        rows, scale = _to_int8(keys.detach().float())
        return _codes(keys.detach(), rows, scale)

    def scores(self, query: Tensor, codes: Codes) -> Scored:
        """Score codes with float32 queries (q, d), beta in them already."""
        near, scale = _to_int8(query)
        assert codes.scale is not None
        scores = _products(codes.rows, near).mul_(codes.scale).mul_(scale.T)
        return Scored(scores, _bound(query, near * scale, codes))


def _to_int8(rows: Tensor) -> tuple[Tensor, Tensor]:
    largest = rows.abs().amax(-1, keepdim=True) if rows.shape[-1] else rows.new_zeros(len(rows), 1)
    scale = torch.where(largest > 0, largest / _MOST, 1.0)
    return (rows / scale).round_().clamp_(-_MOST, _MOST).to(torch.int8), scale


def _products(rows: Tensor, query: Tensor) -> Tensor:
    """Multiply int8 (n, d) and (q, d), exactly: (n, q) float32."""
    if rows.is_cpu and hasattr(torch, "_int_mm") and len(rows) and len(query) and rows.shape[1]:
        products: Tensor = torch._int_mm(rows, query.T)
        return products.float()
    return rows.float() @ query.float().T  # whole numbers below 2^24 for d up to 1040: exact too


def _codes(keys: Tensor, rows: Tensor, scale: Tensor | None) -> Codes:
    near = rows.to(torch.promote_types(keys.dtype, torch.float32))
    near = near if scale is None else near * scale
    if not len(keys):
        return Codes(rows, scale, near.new_zeros(()).float(), near.new_zeros(()).float())
    rest, length = torch.linalg.vector_norm(keys - near, dim=-1), torch.linalg.vector_norm(near, dim=-1)
    return Codes(rows, scale, rest.amax().float(), length.amax().float())


def _bound(query: Tensor, near: Tensor, codes: Codes) -> Tensor:
    length, rest = torch.linalg.vector_norm(query, dim=-1), torch.linalg.vector_norm(query - near, dim=-1)
    rounding = (query.shape[-1] + 8) * torch.finfo(torch.float32).eps * (length + rest) * (codes.length + codes.rest)
    bound: Tensor = length * codes.rest + rest * codes.length + rounding
    return bound
