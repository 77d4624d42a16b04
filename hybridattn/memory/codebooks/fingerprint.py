"""Equal vectors, found by hashing: exact look-up of a row in a matrix without comparing it with every row."""

import torch
from torch import Tensor

__all__ = ["RowIndex", "fingerprint"]

ROWS_AT_ONCE = 8192  # bounds the int64 copy that hashing needs to 16 MiB for rows of 256 numbers
GOLDEN = 0x9E3779B97F4A7C15  # the increment of SplitMix64 (Steele et al. 2014), an odd multiplier that mixes well


def fingerprint(rows: Tensor) -> Tensor:
    """Hash each row of numbers to 64 bits; equal rows have equal fingerprints.

    Multiply-add hashing of the bit patterns with odd multipliers, the same on every machine and device. Rows that
    differ collide with a probability of about 2^-64 a pair, so a caller that must be exact compares what it finds.

    Args:
        rows: (..., d) float tensor; -0.0 counts as 0.0.

    Returns:
        (...,) int64.
    """
    words = _mix(_words(rows))
    place = torch.arange(1, words.shape[-1] + 1, device=rows.device, dtype=torch.int64)
    multiplier = _mix(place * _signed(GOLDEN)) | 1
    return _mix((words * multiplier).sum(-1))


def _words(rows: Tensor) -> Tensor:
    """View rows as 64-bit integers, of which one holds two float32 numbers: (..., d) -> (..., d or ceil(d / 2))."""
    rows = rows if rows.dtype == torch.float64 else rows.float()
    odd = rows.shape[-1] % 2 and rows.dtype == torch.float32
    return (torch.nn.functional.pad(rows, (0, 1)) if odd else rows).add(0.0).contiguous().view(torch.int64)


def _mix(x: Tensor) -> Tensor:
    """Spread every bit over the word, without losing one (the finaliser of SplitMix64)."""
    x = (x ^ _shifted(x, 30)) * _signed(0xBF58476D1CE4E5B9)
    x = (x ^ _shifted(x, 27)) * _signed(0x94D049BB133111EB)
    return x ^ _shifted(x, 31)


def _shifted(x: Tensor, bits: int) -> Tensor:
    """Shift to the right and let zeros in: torch's own shift repeats the sign."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def _signed(word: int) -> int:
    return word - (1 << 64) if word >= 1 << 63 else word


class RowIndex:
    """Finds the row of a fixed matrix (m, d) that equals a query bit by bit; of equal rows the first."""

    def __init__(self, rows: Tensor) -> None:
        """Index the rows of `rows` (m, d), which must not change afterwards."""
        self.rows = rows
        prints = [fingerprint(rows[low : low + ROWS_AT_ONCE]) for low in range(0, max(1, len(rows)), ROWS_AT_ONCE)]
        self.prints, self.order = torch.cat(prints).sort(stable=True)

    def find(self, queries: Tensor) -> Tensor:
        """Give the index of each query's row, or -1: (q, d) -> (q,) int64."""
        if not len(self.prints):
            return torch.full(queries.shape[:-1], -1, dtype=torch.int64, device=queries.device)
        wanted = fingerprint(queries)
        place = torch.searchsorted(self.prints, wanted).clamp_max(len(self.prints) - 1)
        found = self.order[place]
        same = (self.rows[found] == queries).all(-1)
        return torch.where(same, found, -1)
