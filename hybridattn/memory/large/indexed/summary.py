"""What is kept of each list of slots: enough to guess what it would add to a read without looking into it."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Summary", "summarise"]

_AT_ONCE = 1 << 14
"""Slots whose moments are summed at once."""


@dataclass(frozen=True)
class Summary:
    """Number, means and spread of the slots of each of L lists; slots lie list after list.

    List l has covariances width_l * covariance of its keys and sqrt(width_l * height_l) * cross of values with keys.
    """

    starts: Tensor
    """(L + 1,) int64: where each list begins, and the last ends."""
    log_counts: Tensor
    """(L,): log of the number of slots, -inf for none."""
    keys: Tensor
    """(L, d): mean keys."""
    values: Tensor
    """(L, v): mean values."""
    width: Tensor
    """(L,): spread of the keys of a list, relative to that of all lists."""
    height: Tensor
    """(L,): the same of the values."""
    covariance: Tensor
    """(d, d): covariance of keys about the means of their lists, over all lists."""
    cross: Tensor
    """(v, d): covariance of values and keys about the means of their lists, over all lists."""
    squares: Tensor
    """(L,): mean squared length of values."""
    longest: Tensor
    """(): the largest length of a key."""

    @property
    def lists(self) -> int:
        """How many lists there are."""
        return len(self.keys)

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return int(self.starts[-1])


@torch.no_grad()
def summarise(keys: Tensor, values: Tensor, lists: Tensor, count: int) -> Summary:
    """Summarise slots with keys (n, d) and values (n, v), whose lists (n,) rise from 0 to below `count`."""
    wide = torch.promote_types(keys.dtype, torch.float32)
    numbers = torch.bincount(lists, minlength=count)
    parts = [slice(low, low + _AT_ONCE) for low in range(0, len(keys), _AT_ONCE)]
    size = numbers.clamp_min(1).to(wide)[:, None]
    means = []
    for rows in (keys, values):
        total = rows.new_zeros(count, rows.shape[1], dtype=wide)
        for part in parts:
            total.index_add_(0, lists[part], rows[part].to(wide))
        means.append(total / size)
    moments = _Moments(means[0], means[1], size)
    for part in parts:
        moments.add(keys[part].to(wide), values[part].to(wide), lists[part])
    starts = torch.cat((numbers.new_zeros(1), numbers.cumsum(0)))
    return moments.summary(starts, numbers.to(wide).log(), max(1, len(keys)))


class _Moments:
    """Second moments about the means of the lists, summed part by part."""

    def __init__(self, keys: Tensor, values: Tensor, size: Tensor) -> None:
        self.keys, self.values, self.size = keys, values, size[:, 0]
        self.spread_keys, self.spread_values = torch.zeros_like(self.size), torch.zeros_like(self.size)
        self.squares, self.longest = torch.zeros_like(self.size), size.new_zeros(())
        self.covariance = keys.new_zeros(keys.shape[1], keys.shape[1])
        self.cross = keys.new_zeros(values.shape[1], keys.shape[1])

    def add(self, keys: Tensor, values: Tensor, lists: Tensor) -> None:
        """Add slots with keys (m, d), values (m, v) and lists (m,)."""
        self.squares.index_add_(0, lists, values.square().sum(-1))
        self.longest = torch.maximum(self.longest, torch.linalg.vector_norm(keys, dim=-1).amax())
        off, away = keys - self.keys[lists], values - self.values[lists]
        self.spread_keys.index_add_(0, lists, off.square().sum(-1))
        self.spread_values.index_add_(0, lists, away.square().sum(-1))
        self.covariance += off.T @ off
        self.cross += away.T @ off

    def summary(self, starts: Tensor, log_counts: Tensor, slots: int) -> Summary:
        """Divide by the number of slots."""
        width, height = (
            spread / self.size / (spread.sum() / slots).clamp_min(torch.finfo(spread.dtype).tiny)
            for spread in (self.spread_keys, self.spread_values)
        )
        covariance, cross = self.covariance / slots, self.cross / slots
        # Lists may not all have the relation of width and height that the product assumes: bring its mean to 1.
        mean = (self.size * log_counts.isfinite() * (width * height).sqrt()).sum() / slots
        cross = cross / torch.where(mean > 0, mean, 1.0)
        squares = self.squares / self.size
        return Summary(
            starts, log_counts, self.keys, self.values, width, height, covariance, cross, squares, self.longest
        )
