"""Priors that fall with the distance: Gaussian, linear (ALiBi), or learned."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hybridattn.attention.positions.masks.protocol import whole
from hybridattn.errors import ArgumentError

__all__ = ["ALiBi", "GaussianPrior", "RelativePosition"]


@dataclass(frozen=True)
class GaussianPrior:
    """Adds -(i - j)^2 / (2 sigma^2): weights times a Gaussian (Yang et al. 2018, arXiv 1810.10182, eq. 4-5, P_i = i).

    sigma: finite and above 0, else ArgumentError.

    >>> GaussianPrior(2.0).bias(torch.tensor(0), torch.tensor(5), torch.tensor([5, 7]))
    tensor([-0.0000, -0.5000])
    """

    sigma: float

    def __post_init__(self) -> None:
        if not 0 < self.sigma < math.inf:
            raise ArgumentError(f"sigma must be finite and above 0; got {self.sigma}")

    @property
    def heads(self) -> None:
        """None: the same for all heads."""
        return None

    def bias(self, head: Tensor, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Give minus the squared distance over twice the variance."""
        return -((rows - slots) / self.sigma).square() / 2


class ALiBi:
    """Adds -m_h |i - j|, head h with a slope of its own (Press et al. 2022, arXiv 2108.12409, section 3).

    For h heads, a power of 2, slopes are 2^(-8/h), 2^(-16/h), ...; for other numbers those of the next lower power p,
    and then every other one of 2p. They are as many as heads and not trained. Symmetric, so under `Causal` it is the
    paper's, elsewhere its usual extension.

    >>> ALiBi(8).slopes[:3]
    tensor([0.5000, 0.2500, 0.1250])
    """

    def __init__(self, heads: int) -> None:
        whole("heads", heads, 1)
        self.slopes = torch.tensor(_slopes(heads))
        """(h,), in (0, 1)."""

    @property
    def heads(self) -> int:
        """How many slopes there are."""
        return len(self.slopes)

    def bias(self, head: Tensor, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Give minus the slope of the head times the distance."""
        return -self.slopes.to(head.device)[head] * (rows - slots).abs()


class RelativePosition(nn.Module):
    """Adds a learned number for every head and distance j - i, held at `reach` both ways.

    The scalar form of Raffel et al. 2020 (T5, arXiv 1910.10683, section 2.1), with distances clipped as in Shaw et al.
    2018 (arXiv 1803.02155, eq. 5) in place of buckets.

    Args:
        heads: how many heads, axis -3 of the query.
        reach: from which distance on all are alike, at least 1.
        generator: where the numbers start, normal of deviation 0.02; None starts at 0.
    """

    table: Tensor
    """(h, 2 reach + 1): distances -reach to reach."""

    def __init__(self, heads: int, reach: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        whole("heads", heads, 1)
        whole("reach", reach, 1)
        self.reach = reach
        start = torch.zeros(heads, 2 * reach + 1)
        self.table = nn.Parameter(start if generator is None else start.normal_(std=0.02, generator=generator))

    @property
    def heads(self) -> int:
        """How many heads have numbers."""
        return len(self.table)

    def bias(self, head: Tensor, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Give the number of the head and the distance."""
        return self.table[head, (slots - rows).clamp(-self.reach, self.reach) + self.reach]


def _slopes(heads: int) -> list[float]:
    power = 1 << (heads.bit_length() - 1)
    slopes = [2.0 ** (-8 * head / power) for head in range(1, power + 1)]
    return slopes + [2.0 ** (-4 * head / power) for head in range(1, 2 * (heads - power), 2)]
