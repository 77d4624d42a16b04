"""When a sentence was told, as part of its key: how long before the question, and how long before what was read last.

A key holds the code of its sentence and, behind it, its age as one of T places (one-hot). A query holds what it looks
for and, behind it, a score for each age. So the product of both is the match of the contents plus the score of the age,
a read gives the contents and the distribution of the ages that were read, and the next query can ask for what was told
just before: all that passes on is the query.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from hybridattn.controller import QueryLink

__all__ = ["AgeFeatures", "AgeTable", "Ages", "TimedLink", "smooth_ages"]

AgeFeatures: TypeAlias = Callable[[Tensor], Tensor]
"""From ages (...), in sentences, at least 0, to features (..., f)."""

DECAYS = (1.0, 3.0, 10.0)  # sentences in which a feature falls to 1/e


def smooth_ages(ages: Tensor) -> Tensor:
    """Describe an age t by 1, t/10, exp(-t), exp(-t/3) and exp(-t/10): near ages alike, nearer ones told apart better.

    A few numbers for all ages are learned from fewer stories than a number for each. Under a softmax, the second makes
    the latest of equal matches win by any margin.
    """
    return torch.stack([torch.ones_like(ages), ages / DECAYS[-1], *(torch.exp(-ages / one) for one in DECAYS)], -1)


@dataclass(frozen=True)
class AgeTable:
    """Describes each age below `span` by itself, older ones as span - 1: the learned table T of Sukhbaatar et al. 2015.

    >>> AgeTable(3)(torch.tensor([0.0, 5.0]))
    tensor([[1., 0., 0.],
            [0., 0., 1.]])
    """

    span: int

    def __call__(self, ages: Tensor) -> Tensor:
        """Give (..., span) for ages (...)."""
        return torch.nn.functional.one_hot(ages.long().clamp(max=self.span - 1), self.span).to(ages.dtype)


class Ages(nn.Module):
    """The features of all ages, 0 (the latest sentence) to span - 1, and of all differences of two ages.

    Args:
        span: how many ages are told apart; older sentences count as the oldest.
        features: describes an age, and in the same way how much older or younger one sentence is than another.
    """

    own: Tensor
    """(span, f): the features of each age."""
    between: Tensor
    """(span, span, 2 f + 1): of age i beside age j, the features of |i - j| if older, if younger, and whether equal."""

    def __init__(self, span: int, features: AgeFeatures = smooth_ages) -> None:
        super().__init__()
        ages = torch.arange(span, dtype=torch.get_default_dtype())
        older = (ages[:, None] - ages)[..., None]
        apart = features(older.abs()[..., 0])
        self.span = span
        self.register_buffer("own", features(ages), persistent=False)
        parts = [apart * (older > 0), apart * (older < 0), (older == 0).to(apart.dtype)]
        self.register_buffer("between", torch.cat(parts, -1), persistent=False)

    def codes(self, ages: Tensor) -> Tensor:
        """Give the one-hot codes (..., span) of ages (...)."""
        return torch.eye(self.span, dtype=self.own.dtype, device=self.own.device)[ages.clamp(max=self.span - 1)]


class TimedLink(nn.Module):
    """Makes the next query, with a score for each age, from what was read and when it was told.

    With the query [u; t], the value [r; p] and the features F of ages: u' = link(u, r + p F C), and the score of age i
    is F_i A u' (so ages are codes that are added to those of values and next keys: Sukhbaatar et al. 2015, section
    4.1) plus sum_j p_j B(i, j) R u', B the features of differences: which ages are wanted, relative to what was read,
    depends on what is looked for.

    Args:
        link: links the contents.
        ages: what is known of ages.
        values: (f, d), the C of above; like the others, shared with whoever made it.
        keys: (f, d), the A of above.
        relative: (2 f + 1, d), the R of above; None leaves the last sum out.
    """

    def __init__(
        self, link: QueryLink, ages: Ages, values: nn.Parameter, keys: nn.Parameter, relative: nn.Parameter | None
    ) -> None:
        super().__init__()
        self.link, self.ages = link, ages
        self.values, self.keys, self.relative = values, keys, relative

    def forward(self, query: Tensor, value: Tensor) -> Tensor:
        """(b, d + T), (b, d + T) -> (b, d + T)."""
        width = value.shape[-1] - self.ages.span
        read, when = value[:, :width], value[:, width:]
        following = self.link(query[:, :width], read + when @ (self.ages.own @ self.values))
        scores = following @ (self.ages.own @ self.keys).T
        if self.relative is not None:
            flat = self.ages.between.transpose(0, 1).flatten(1)  # (T read, T asked * features)
            differences = (when @ flat).view(len(query), self.ages.span, -1)
            scores = scores + (differences @ (following @ self.relative.T)[:, :, None])[:, :, 0]
        return torch.cat([following, scores], -1)
