"""Capacities and error rates of dense associative memories on n signs."""

import math

from hybridattn.errors import ArgumentError
from hybridattn.experiments.theory.check import must_be_at_least, must_be_between

__all__ = ["dense_capacity", "dense_error", "exponential_capacity", "masked_recall", "noisy_recall"]


def dense_error(n: int, patterns: int, *, power: int) -> float:
    """Give the chance that one update turns one of n right signs wrong, with energy -sum_mu (x_mu . s)^power.

        P = sqrt(c K / (2 pi n^(p-1))) exp(-n^(p-1) / (2 K c)),    c = (2p - 3)!!,

    for K random patterns and power p (Krotov and Hopfield 2016, arXiv 1606.01164); an approximation for small P, here
    at most .5. The power is at least 2.

    >>> round(dense_error(100, 362, power=3), 5)
    0.00132
    """
    must_be_at_least("patterns", patterns, 1)
    scale = _scale(n, power) / patterns
    return min(0.5, math.exp(-scale / 2) / math.sqrt(2 * math.pi * scale))


def dense_capacity(n: int, *, power: int) -> float:
    """Give how many random patterns are kept without an error, n^(p-1) / (2 (2p - 3)!! ln n).

    There `dense_error` is below 1 / n (Krotov and Hopfield 2016, arXiv 1606.01164). Power 2 is Hebb's n / (2 ln n).

    >>> round(dense_capacity(100, power=3))
    362
    """
    must_be_at_least("n", n, 2)
    return _scale(n, power) / (2 * math.log(n))


def exponential_capacity(n: int, *, flipped: float = 0.0) -> float:
    """Give how many random patterns a memory with F = exp corrects from a share `flipped` of wrong signs in one update.

    e^(alpha n) + 1 with alpha = I(1 - 2 flipped) / 2 and I(x) = ((1 + x) ln(1 + x) + (1 - x) ln(1 - x)) / 2, the
    limit of Demircigil et al. 2017 (arXiv 1702.01929), asymptotic in n; 2^(n/2) + 1 without flips. `flipped` is in
    [0, .5).

    >>> exponential_capacity(24)
    4097.0
    """
    must_be_at_least("n", n, 1)
    if not 0 <= flipped < 0.5:
        raise ArgumentError(f"flipped must be at least 0 and below 0.5; got {flipped}")
    rate = math.log(2) + sum(p * math.log(p) for p in (1 - flipped, flipped) if p)  # I(1 - 2 flipped)
    return math.exp(rate * n / 2) + 1 if flipped else 2.0 ** (n / 2) + 1


def masked_recall(n: int, patterns: int, *, masked: float) -> float:
    """Give the chance that the nearest of random sign patterns is the right one, where a share of signs is set to 0.

    Another pattern scores as high only where it has the same k = n (1 - masked) visible signs, so the chance of none
    is (1 - 2^-k)^(patterns - 1); a tie may still be won, so this is a lower bound. `masked` is in [0, 1].

    >>> masked_recall(10, 2, masked=0.9)
    0.5
    """
    must_be_at_least("patterns", patterns, 1)
    if not 0 <= masked <= 1:
        raise ArgumentError(f"masked must lie in [0, 1]; got {masked}")
    visible = n - round(n * masked)
    return float((1 - 2.0**-visible) ** (patterns - 1))


def noisy_recall(n: int, patterns: int, *, sigma: float) -> float:
    """Bound from below the chance that the nearest of random sign patterns is right under Gaussian noise of `sigma`.

    A pattern that differs in h signs is nearer with chance Q(sqrt(h) / sigma), h is binomial(n, 1/2), and the union
    bound adds up the patterns - 1 others: max(0, 1 - (patterns - 1) sum_h C(n, h) 2^-n Q(sqrt(h) / sigma)).
    `sigma` is above 0.

    >>> round(noisy_recall(64, 50, sigma=1.0), 3)
    1.0
    """
    must_be_at_least("patterns", patterns, 1)
    must_be_between("sigma", sigma, 0.0, math.inf)
    wrong = (
        math.exp(math.lgamma(n + 1) - math.lgamma(h + 1) - math.lgamma(n - h + 1) - n * math.log(2))
        * math.erfc(math.sqrt(h / 2) / sigma)
        / 2
        for h in range(n + 1)
    )
    return max(0.0, 1 - (patterns - 1) * math.fsum(wrong))


def _scale(n: int, power: int) -> float:
    """n^(p-1) / (2p - 3)!!, how far signal squared exceeds the noise of a single pattern."""
    must_be_at_least("n", n, 1)
    must_be_at_least("power", power, 2)
    return float(n) ** (power - 1) / math.prod(range(2 * power - 3, 0, -2))
