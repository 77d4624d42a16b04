"""Priors that fall with the distance: Gaussian, linear (ALiBi), or learned."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hybridattn.attention.positions.masks.protocol import whole
from hybridattn.errors import ArgumentError

__all__ = ["ALiBi", "GaussianPrior", "RelativeBuckets", "RelativePosition"]


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
        self.heads = heads
        """How many slopes there are."""

    @property
    def slopes(self) -> Tensor:
        """The slopes of all heads: (h,), in (0, 1)."""
        return self._slope(torch.arange(self.heads))

    def bias(self, head: Tensor, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Give minus the slope of the head times the distance."""
        return -self._slope(head) * (rows - slots).abs()

    def _slope(self, head: Tensor) -> Tensor:
        # Computed and not looked up: a kernel that is compiled has no table to carry to its device.
        power = 1 << (self.heads.bit_length() - 1)
        return (torch.where(head < power, -8 * (head + 1), -4 * (2 * (head - power) + 1)) / power).exp2()


class RelativePosition(nn.Module):
    """Adds a learned number for every head and distance j - i, held at `reach` both ways.

    The scalar form of Raffel et al. 2020 (T5, arXiv 1910.10683, section 2.1), with distances clipped as in Shaw et al.
    2018 (arXiv 1803.02155, eq. 5); `RelativeBuckets` has the buckets of T5 in place of that.

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


class RelativeBuckets(nn.Module):
    """Adds a learned number for every head and bucket of distances: near ones apart, far ones in ever wider buckets.

    T5 (Raffel et al. 2020, arXiv 1910.10683, section 2.1). Of the b buckets for |j - i|, the first half holds one
    distance each; the others divide the distances up to `reach` evenly in their logarithm: distance m at least b / 2 is
    in bucket b / 2 + floor(b / 2 log(2 m / b) / log(2 reach / b)), the last one also beyond. Slots after the row have
    as many of their own, unless none is read.

    Args:
        heads: how many heads, axis -3 of the query.
        buckets: how many in all, a multiple of 4, or of 2 where causal.
        reach: from which distance on all are alike, above half the buckets of a side.
        causal: whether slots after the row are not read; they are in bucket 0.
        generator: where the numbers start, normal of deviation 0.02; None starts at 0.

    Raises:
        ArgumentError: numbers that are none of these.
    """

    table: Tensor
    """(h, buckets)."""
    bucket: Tensor
    """(2 reach + 1,) int64: of distances j - i from -reach to reach."""

    def __init__(
        self,
        heads: int,
        *,
        buckets: int = 32,
        reach: int = 128,
        causal: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        for name, number in (("heads", heads), ("buckets", buckets), ("reach", reach)):
            whole(name, number, 1)
        side = buckets if causal else buckets // 2
        if buckets % (2 if causal else 4) or reach <= side // 2:
            wanted = f"a multiple of {2 if causal else 4}, and reach above {side // 2}"
            raise ArgumentError(f"buckets must be {wanted}; got {buckets} and {reach}")
        self.reach = reach
        back = torch.tensor([_bucket(distance, side, reach) for distance in range(reach + 1)])
        ahead = torch.zeros_like(back) if causal else back + side
        self.register_buffer("bucket", torch.cat((back.flip(0), ahead[1:])), persistent=False)
        start = torch.zeros(heads, buckets)
        self.table = nn.Parameter(start if generator is None else start.normal_(std=0.02, generator=generator))

    @property
    def heads(self) -> int:
        """How many heads have numbers."""
        return len(self.table)

    def bias(self, head: Tensor, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Give the number of the head and the bucket."""
        return self.table[head, self.bucket[(slots - rows).clamp(-self.reach, self.reach) + self.reach]]


def _bucket(distance: int, buckets: int, reach: int) -> int:
    """Give the bucket of a distance; in whole numbers, for logarithms of floats round at the borders."""
    half = buckets // 2
    if distance < half:
        return distance
    number = half
    while number + 1 < buckets:
        step = number + 1 - half  # whether distance / half >= (reach / half)^(step / half)
        if distance**half * half**step < reach**step * half**half:
            break
        number += 1
    return number
