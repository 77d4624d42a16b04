"""Symbols as vectors: the same symbol is the same vector on every machine."""

import hashlib
import math
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError

__all__ = ["Encoder", "Incoherent", "SymbolCodes"]

ROWS_AT_ONCE = 8192
UNLIKELY = (
    1e-13  # odds that a pair of codes breaks the promise of `coherence`: under 10^-3 for all pairs of 10^5 symbols
)


class Encoder(Protocol):
    """Turns symbols into vectors: hash codes, or the embeddings of a language model."""

    @property
    def dim(self) -> int:
        """Width of a vector."""
        ...

    def encode(self, symbols: Sequence[str]) -> Tensor:
        """Give a (len(symbols), dim) float tensor of unit-norm rows."""
        ...


@runtime_checkable
class Incoherent(Protocol):
    """Promises that vectors of different symbols are far apart, so that an exact symbol need not be searched for."""

    @property
    def coherence(self) -> float:
        """Bound in [0, 1] on the absolute cosine of two different symbols."""
        ...


class SymbolCodes:
    """Random sign codes: entry i of a code is +-1/sqrt(dim) as bit i of the SHAKE-256 hash of the symbol says.

    Any two symbols are as far apart as random codes: their cosine has mean 0 and standard deviation 1/sqrt(dim), and by
    Hoeffding's inequality (1963, theorem 2) its absolute value exceeds t with a probability of at most 2 exp(-dim t^2 /
    2).

    Args:
        dim: width, a multiple of 8.
        device: where the codes are put.
        dtype: float type of the codes.
    """

    def __init__(
        self, dim: int = 256, *, device: torch.device | str | None = None, dtype: torch.dtype = torch.float32
    ) -> None:
        if dim < 8 or dim % 8:
            raise ArgumentError(f"dim must be a positive multiple of 8; got {dim}")
        self.dim, self.device, self.dtype = dim, device, dtype

    @property
    def coherence(self) -> float:
        """The cosine that a pair exceeds with a probability of at most 10^-13: .49 for dim 256."""
        return min(1.0, math.sqrt(2 * math.log(2 / UNLIKELY) / self.dim))

    def encode(self, symbols: Sequence[str]) -> Tensor:
        """Give the (len(symbols), dim) codes, of norm 1.

        >>> SymbolCodes(16).encode(["bird"]).sign().int().tolist()
        [[-1, -1, 1, -1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1]]
        """
        codes = torch.empty(len(symbols), self.dim, dtype=self.dtype)
        shifts = torch.arange(8, dtype=torch.uint8)
        for low in range(0, len(symbols), ROWS_AT_ONCE):
            block = symbols[low : low + ROWS_AT_ONCE]
            digests = b"".join(
                hashlib.shake_256(symbol.encode(errors="surrogatepass")).digest(self.dim // 8) for symbol in block
            )
            packed = torch.frombuffer(bytearray(digests), dtype=torch.uint8).view(len(block), -1, 1)
            bits = (packed >> shifts) & 1
            codes[low : low + len(block)] = bits.reshape(len(block), -1).to(self.dtype)
        return codes.mul_(2).sub_(1).div_(self.dim**0.5).to(self.device)
