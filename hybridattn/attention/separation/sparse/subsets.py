"""Several slots at once: weights that share k among the slots, at most 1 each."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.attention.separation.sparse.conjugate import halvings, sloped, widened
from hybridattn.errors import ArgumentError

__all__ = ["KSubsets"]


@dataclass(frozen=True)
class KSubsets:
    """The y in [0, 1]^n of sum k that makes s . y - |y|^2 / 2 largest; potential that largest value.

    SparseMAP over subsets of k slots (Niculae et al. 2018, arXiv 1802.04223; as a memory, Santos et al. 2024, arXiv
    2402.13725): y is a mean of subsets, and exactly one subset where the k-th score leads the next by 1. Where fewer
    than k slots are readable all of them have weight 1. With k = 1 it is `Sparsemax`, with a potential 1/2 lower.
    k: int, at least 1, else ArgumentError.

    >>> KSubsets(2).weights(torch.tensor([5.0, 0.0, 0.0, -3.0]))
    tensor([1.0000, 0.5000, 0.5000, 0.0000])
    """

    k: int

    def __post_init__(self) -> None:
        if not isinstance(self.k, int) or self.k < 1:
            raise ArgumentError(f"k must be a whole number, at least 1; got {self.k!r}")

    @property
    def margin(self) -> float:
        """1: how far the k-th score must lead the next for k slots to be read alone."""
        return 1.0

    def weights(self, scores: Tensor, /) -> Tensor:
        """Give weights in [0, 1] that sum to k, or to the number of readable slots if that is less."""
        readable = scores > -torch.inf
        if scores.shape[-1] <= self.k:
            return readable.to(scores.dtype)
        wide = widened(scores)
        last = wide.detach().topk(self.k, -1).values[..., -1:]
        few = last == -torch.inf
        ahead = torch.where(few | ~readable, -1.0, wide - last)
        return torch.where(few, readable, _nearest(ahead, self.k)).to(scores.dtype)

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give max_y s . y - |y|^2 / 2; 0 in rows where every score is -inf."""
        wide = widened(scores)
        with torch.no_grad():
            weights = self.weights(wide)
            most = torch.finfo(wide.dtype).max / (2 * max(1, wide.shape[-1]))
            terms = weights * torch.where(weights > 0, wide, 0.0)
            value = (terms.clamp(-most, most) - weights.square() / 2).sum(-1)
        return sloped(value, wide, weights, self.weights).to(scores.dtype)


def _nearest(scores: Tensor, k: int) -> Tensor:
    """Give the point of {y in [0, 1]^n, sum y = k} nearest to scores whose k-th largest is 0."""
    # A unit before the k-th best the weight is 1, a unit behind it is 0: so the threshold is in [-1, 0].
    with torch.no_grad():
        low, step = torch.full_like(scores[..., :1], -1.0), 1.0
        for _ in range(halvings(scores.dtype)):
            step /= 2
            enough = (scores - (low + step)).clamp(0, 1).sum(-1, keepdim=True) >= k
            low = torch.where(enough, low + step, low)
        whole = scores - low >= 1
        between = (scores > low) & ~whole
        count = between.sum(-1, keepdim=True)
        missing = k - whole.sum(-1, keepdim=True)
    # Which weights lie between 0 and 1 is known: now the threshold is a mean, exact and differentiable.
    level = (torch.where(between, scores, 0.0).sum(-1, keepdim=True) - missing) / count.clamp(min=1)
    return torch.where(between, (scores - level).clamp(0, 1), whole.to(scores.dtype))
