"""What the theory says of a sparse distributed memory, from binomials alone (Kanerva 1988, chapter 7; Chou 1989)."""

from functools import cache
from math import comb, erf, sqrt


@cache
def tail(n: int, most: int) -> float:
    """P(Binomial(n, 1/2) <= most)."""
    return sum(comb(n, k) for k in range(min(n, most) + 1)) / 2**n if most >= 0 else 0.0


@cache
def shared(d: int, radius: int, apart: int) -> float:
    """The chance that a random address is within the radius of two points that are so far apart."""
    inside = (comb(apart, i) / 2**apart * tail(d - apart, radius - max(i, apart - i)) for i in range(apart + 1))
    return sum(inside)


@cache
def noise(d: int, radius: int, locations: int) -> float:
    """The variance that one other pattern adds to a sum: the mean square of the locations that it shares."""
    total = 0.0
    for distance in range(d + 1):
        chance = comb(d, distance) / 2**d
        if chance > 1e-6:
            both = shared(d, radius, distance)
            total += chance * ((locations * both) ** 2 + locations * both * (1 - both))
    return total


def fidelity(d: int, radius: int, locations: int, patterns: int, apart: int) -> float:
    """The chance that a bit is read rightly from so far away: the sums of the other patterns are normal noise."""
    signal = locations * shared(d, radius, apart)
    return (1 + erf(signal / sqrt(2 * (patterns - 1) * noise(d, radius, locations)))) / 2


def critical(d: int, radius: int, locations: int, patterns: int) -> int:
    """The distance up to which every read comes nearer, 1 and more."""
    apart = 1
    while apart < d // 2 and d * (1 - fidelity(d, radius, locations, patterns, apart)) < apart:
        apart += 1
    return apart - 1
