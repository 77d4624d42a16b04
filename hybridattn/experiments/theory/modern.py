"""Bounds for modern Hopfield networks, whose state is a point of space."""

import math
from typing import NamedTuple

from hybridattn.experiments.theory.check import must_be_at_least, must_be_between

__all__ = [
    "RamsauerCapacity",
    "epanechnikov_beta",
    "epanechnikov_radius",
    "fixed_point_distance",
    "ramsauer_capacity",
]

_NEWTON_STEPS = 50  # it converges quadratically from the starting points below


class RamsauerCapacity(NamedTuple):
    """How many random patterns on a sphere a modern Hopfield network can store, at least."""

    c: float
    """The base of the exponential."""
    patterns: float
    """sqrt(failure) c^((d - 1) / 4)."""
    holds: bool
    """Whether c >= (2 / sqrt(failure))^(4 / (d - 1)), which the theorem assumes."""


def ramsauer_capacity(dim: int, *, beta: float, radius: float, failure: float) -> RamsauerCapacity:
    """Bound from below how many random patterns of length radius sqrt(dim - 1) are stored with chance 1 - failure.

        a = 2 / (d - 1) (1 + ln(2 beta K^2 p (d - 1))),  b = 2 K^2 beta / 5,  c = b / W0(exp(a + ln b)),

    N >= sqrt(p) c^((d - 1) / 4), with K the radius, p the failure and W0 the upper branch of Lambert's W (Ramsauer et
    al. 2021, arXiv 2008.02217, Theorem 3). `dim` is at least 2, `beta` and `radius` above 0, `failure` in (0, 1).

    >>> found = ramsauer_capacity(20, beta=1.0, radius=3.0, failure=0.001)
    >>> round(found.c, 4), round(found.patterns, 2)
    (3.1546, 7.41)
    """
    must_be_at_least("dim", dim, 2)
    must_be_between("beta", beta, 0.0, math.inf)
    must_be_between("radius", radius, 0.0, math.inf)
    must_be_between("failure", failure, 0.0, 1.0)
    square = radius * radius
    a = 2 / (dim - 1) * (1 + math.log(2 * beta * square * failure * (dim - 1)))
    b = 2 * square * beta / 5
    c = b / _lambert_of_exp(a + math.log(b))
    needed = (2 / math.sqrt(failure)) ** (4 / (dim - 1))
    return RamsauerCapacity(c, math.sqrt(failure) * c ** ((dim - 1) / 4), c >= needed)


def fixed_point_distance(patterns: int, *, beta: float, separation: float, longest: float) -> float:
    """Bound how far a stored pattern is from its fixed point: 2 e (N - 1) M exp(-beta Delta).

    Delta = x . x - max_{j != i} x . x_j is its separation, M the length of the longest pattern. It holds where the
    pattern and the query are within 1 / (2 beta M) of the fixed point (Ramsauer et al. 2021, Theorem 5).

    >>> fixed_point_distance(1, beta=1.0, separation=0.0, longest=1.0)
    0.0
    """
    must_be_at_least("patterns", patterns, 1)
    must_be_between("beta", beta, 0.0, math.inf)
    must_be_at_least("longest", longest, 0.0)
    return 2 * math.e * (patterns - 1) * longest * math.exp(-beta * separation)


def epanechnikov_beta(closest: float, *, radius: float) -> float:
    """Give the beta at which every point within `radius` of a pattern retrieves it exactly in one step.

    2 / (r - Delta)^2, with r = closest the least distance of two patterns and Delta = radius in (0, r) (log-sum-ReLU
    energy, Hoover et al. 2025, arXiv 2506.10801, Theorem 1).

    >>> epanechnikov_beta(3.0, radius=1.0)
    0.5
    """
    must_be_between("closest", closest, 0.0, math.inf)
    must_be_between("radius", radius, 0.0, closest)
    return 2 / (closest - radius) ** 2


def epanechnikov_radius(closest: float, *, beta: float) -> float:
    """Give the radius around each pattern that one step retrieves exactly: closest - sqrt(2 / beta), at least 0.

    `epanechnikov_beta` solved for the radius; a pattern acts up to sqrt(2 / beta), so it is also at most that.

    >>> epanechnikov_radius(3.0, beta=0.5)
    1.0
    """
    must_be_between("closest", closest, 0.0, math.inf)
    must_be_between("beta", beta, 0.0, math.inf)
    reach = math.sqrt(2 / beta)
    return min(reach, max(0.0, closest - reach))


def _lambert_of_exp(exponent: float) -> float:
    """Solve w + ln w = exponent, so w = W0(exp(exponent)), also where exp would overflow."""
    w = math.exp(exponent) if exponent < 0 else max(1.0, exponent)
    for _ in range(_NEWTON_STEPS):
        w = max(w * (1 + exponent - math.log(w)) / (1 + w), math.ulp(0.0))
    return w
