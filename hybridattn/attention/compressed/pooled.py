"""Few slots made of neighbours: means of segments, means of windows, and convolutions."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, pad

from hybridattn.attention.check import check_slots
from hybridattn.attention.compressed.protocol import Compressed
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["Convolved", "Pooled", "segment_means"]


@dataclass(frozen=True)
class Pooled:
    """The mean of every `window` slots, with the log of how many they are as prior; the last window may be shorter.

    Without the counts, an average in place of the convolution of `Convolved` (memory compression in Lin et al. 2022,
    arXiv 2106.04554, section 4.3.2). With them a window that stands for two slots weighs twice one that stands for one,
    and equal slots are read exactly. window: at least 1, else ArgumentError.

    >>> Pooled(2)(torch.zeros(1, 1), torch.tensor([[1.0], [3.0], [8.0]]), torch.zeros(3, 1)).keys.tolist()
    [[2.0], [8.0]]
    """

    window: int

    def __post_init__(self) -> None:
        if self.window < 1:
            raise ArgumentError(f"window must be at least 1; got {self.window}")

    def __call__(self, query: Tensor, keys: Tensor, values: Tensor, slots: Tensor | None = None, /) -> Compressed:
        """Give the means, and the log of the counts."""
        check_slots(keys, keys, values, slots)
        there = torch.ones(keys.shape[-2], dtype=torch.bool, device=keys.device) if slots is None else slots
        marks = _windows(there.unsqueeze(-1), self.window)
        centres, counts = _means(_windows(keys, self.window), marks)
        means, _ = _means(_windows(values, self.window), marks)
        wide = torch.promote_types(query.dtype, torch.float32)
        return Compressed(centres, means, counts.to(wide).log().to(query.dtype).unsqueeze(-2))


class Convolved(nn.Module):
    """Keys and values by strided convolutions with trained kernels of their own: Liu et al. 2018, section 4.2.3.

    Memory-compressed attention (arXiv 1801.10198). Kernel and stride are both `window`; the end is padded with zeros,
    and slots that do not exist are zeros too. A window without any slot may not be read.

    Args:
        dim, value_dim: widths d and v; both stay.
        window: how many slots become one; 3 in the paper.
        generator: where the kernels start, normal of variance 1 / (window * width).
    """

    def __init__(self, dim: int, value_dim: int, window: int = 3, *, generator: torch.Generator) -> None:
        super().__init__()
        for name, number in (("dim", dim), ("value_dim", value_dim), ("window", window)):
            if number < 1:
                raise ArgumentError(f"{name} must be at least 1; got {number}")
        self.window = window
        drawn = [torch.randn(w, w, window, generator=generator) * (window * w) ** -0.5 for w in (dim, value_dim)]
        self.for_keys, self.for_values = map(nn.Parameter, drawn)

    def forward(self, query: Tensor, keys: Tensor, values: Tensor, slots: Tensor | None = None, /) -> Compressed:
        """Give both convolved; raises ShapeError where a width is not that of its kernel."""
        check_slots(keys, keys, values, slots)
        prior = None
        if slots is not None:
            keys, values = (torch.where(slots.unsqueeze(-1), side, 0.0) for side in (keys, values))
            some = _windows(slots.unsqueeze(-1), self.window).any(-2).squeeze(-1)
            prior = torch.where(some, 0.0, -torch.inf).to(query.dtype).unsqueeze(-2)
        few = _strided("keys", keys, self.for_keys)
        return Compressed(few, _strided("values", values, self.for_values), prior)


def segment_means(side: Tensor, segments: int, slots: Tensor | None) -> tuple[Tensor, Tensor]:
    """Give the means of segments as equal in length as can be, (..., m, d), and how many each has, (..., m).

    m is `segments`, or n where that is less. A segment without any slot has mean 0. Sums are made in at least float32.
    """
    wide = torch.promote_types(side.dtype, torch.float32)
    n = side.shape[-2]
    places = torch.arange(n, device=side.device) * min(segments, n) // max(1, n)
    there = torch.ones(n, dtype=torch.bool, device=side.device) if slots is None else slots
    m = min(segments, n)
    whole = torch.where(there.unsqueeze(-1), side, 0.0).to(wide)
    sums = whole.new_zeros(*whole.shape[:-2], m, side.shape[-1]).index_add(-2, places, whole)
    counts = whole.new_zeros(*there.shape[:-1], m).index_add(-1, places, there.to(wide))
    return (sums / counts.clamp(min=1).unsqueeze(-1)).to(side.dtype), counts


def _windows(side: Tensor, window: int) -> Tensor:
    """Cut (..., n, d) to windows, (..., m, window, d), the last filled with 0 or False."""
    padded = pad(side, (0, 0, 0, -side.shape[-2] % window))
    return padded.reshape(*side.shape[:-2], -(-side.shape[-2] // window), window, side.shape[-1])


def _means(windows: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
    counts = there.sum(-2)
    sums = torch.where(there, windows, 0.0).sum(-2)
    return sums / counts.clamp(min=1), counts.squeeze(-1)


def _strided(name: str, side: Tensor, kernel: Tensor) -> Tensor:
    window = kernel.shape[-1]
    if side.shape[-1] != len(kernel):
        raise ShapeError(f"{name} must end in width {len(kernel)}; got shape {tuple(side.shape)}")
    if not side.numel():
        return side.new_zeros(*side.shape[:-2], -(-side.shape[-2] // window), side.shape[-1])
    padded = pad(side, (0, 0, 0, -side.shape[-2] % window))
    found = conv1d(padded.reshape(-1, *padded.shape[-2:]).mT, kernel.to(side.dtype), stride=window).mT
    # SDPA would hold all scores of keys whose entries are not side by side.
    return found.contiguous().view(*side.shape[:-2], *found.shape[-2:])
