"""How sure a measured share is."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from hybridattn.errors import ArgumentError

__all__ = ["Interval", "share_interval", "wilson"]

_Z95 = 1.959963984540054  # the .975 quantile of the standard normal distribution


class Interval(NamedTuple):
    """A share with the bounds of its 95 % interval, all in [0, 1]."""

    share: float
    low: float
    high: float


def wilson(successes: float, trials: float) -> Interval:
    """Give the share successes / trials with Wilson's 95 % interval (Wilson 1927, JASA 22).

    (s + z^2 / 2 +- z sqrt(s (n - s) / n + z^2 / 4)) / (n + z^2) for s of n, z = 1.96. Needs 0 <= s <= n, n above 0.

    >>> tuple(round(bound, 3) for bound in wilson(8, 10))
    (0.8, 0.49, 0.943)
    """
    if not (0 <= successes <= trials and 0 < trials < math.inf):
        raise ArgumentError(f"successes must lie in 0..trials, trials above 0; got {successes} of {trials}")
    square = _Z95 * _Z95
    middle = successes + square / 2
    spread = _Z95 * math.sqrt(successes * (trials - successes) / trials + square / 4)
    low, high = ((middle + sign * spread) / (trials + square) for sign in (-1, 1))
    share = successes / trials
    return Interval(share, min(max(0.0, low), share), max(min(1.0, high), share))


def share_interval(successes: Sequence[int], trials: Sequence[int]) -> Interval:
    """Give the share over several seeds with a 95 % interval that allows for seeds that differ.

    Queries of one seed share their patterns, so they are not independent. Their number is divided by Kish's design
    effect, max(1, measured variance between seeds / the binomial one), before Wilson's formula is used; with one seed
    it is 1.

    >>> share_interval([10, 0], [10, 10]).share, share_interval([10, 0], [10, 10]).low < wilson(10, 20).low
    (0.5, True)
    """
    total, hits = sum(trials), sum(successes)
    pooled = wilson(hits, total)
    binomial = pooled.share * (1 - pooled.share) * len(trials) / total if len(trials) > 1 else 0.0
    if not binomial:
        return pooled
    between = sum((s / n - pooled.share) ** 2 for s, n in zip(successes, trials, strict=True)) / (len(trials) - 1)
    effect = max(1.0, between / binomial)
    return wilson(hits / effect, total / effect)._replace(share=pooled.share)
