"""One slot, drawn by lot: hard attention that can be trained."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from hybridattn.attention.separation.hard import Hard
from hybridattn.attention.separation.softmax import Softmax
from hybridattn.errors import ArgumentError

__all__ = ["GumbelHard", "SampledHard"]

_HARD, _SOFTMAX = Hard(), Softmax()


@dataclass(frozen=True)
class SampledHard:
    """Weight 1 for one slot, drawn with the probabilities softmax(scores); 0 for the rest.

    Stochastic hard attention (Xu et al. 2015, arXiv 1502.03044, section 4.1). The weights carry no gradient: train with
    the score function, the gradient of `log_probability(scores, weights)` times a reward less a baseline (Williams
    1992). The potential is that of `Softmax`, whose gradient is what the weights are on average.

    generator: draws the slots; each call draws anew.

    >>> SampledHard(torch.Generator().manual_seed(0)).weights(torch.tensor([0.0, 50.0, -torch.inf]))
    tensor([0., 1., 0.])
    """

    generator: torch.Generator | None = field(default=None, compare=False, repr=False)

    def weights(self, scores: Tensor, /) -> Tensor:
        """Draw a one-hot vector for each row; 0 in rows where every score is -inf."""
        return _HARD.weights(scores.detach() + _gumbel(scores, self.generator))

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give log sum_i exp(s_i)."""
        return _SOFTMAX.potential(scores)

    def log_probability(self, scores: Tensor, weights: Tensor) -> Tensor:
        """Give the log probability, (...), of one-hot weights (..., n) that were drawn from scores; 0 for no slot."""
        chosen = weights > 0
        picked = scores.masked_fill(~chosen, 0.0).sum(-1)
        found: Tensor = torch.where(chosen.any(-1), picked - self.potential(scores), 0.0)
        return found


@dataclass(frozen=True)
class GumbelHard:
    """Weight 1 for one slot, drawn with the probabilities softmax(scores), with the slope of a softmax.

    The straight-through Gumbel-softmax (Jang et al. 2017, arXiv 1611.01144, section 2.2): forwards the largest of
    s + g, with Gumbel noise g; backwards the slope of softmax((s + g) / temperature), which is biased. The potential
    is that of `Softmax`, whose gradient is what the weights are on average.

    Args:
        temperature: of the softmax behind, above 0.
        generator: draws the noise; each call draws anew.
    """

    temperature: float = 1.0
    generator: torch.Generator | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.temperature < float("inf"):
            raise ArgumentError(f"temperature must be finite and above 0; got {self.temperature}")

    def weights(self, scores: Tensor, /) -> Tensor:
        """Draw a one-hot vector for each row, with a gradient; 0 in rows where every score is -inf."""
        noisy = scores + _gumbel(scores, self.generator)
        soft = _SOFTMAX.weights(noisy / self.temperature)
        return _HARD.weights(noisy.detach()) + (soft - soft.detach())

    def potential(self, scores: Tensor, /) -> Tensor:
        """Give log sum_i exp(s_i)."""
        return _SOFTMAX.potential(scores)


def _gumbel(scores: Tensor, generator: torch.Generator | None) -> Tensor:
    wide = torch.promote_types(scores.dtype, torch.float32)
    exponential = torch.empty(scores.shape, dtype=wide, device=scores.device).exponential_(generator=generator)
    return -exponential.clamp(min=torch.finfo(wide).tiny).log()
