"""What the theory says of a sparse distributed memory, from binomials alone (Kanerva 1988, chapter 7; Chou 1989)."""

from math import comb, erf, sqrt


def tail(n: int, most: int) -> float:
    """P(Binomial(n, 1/2) <= most)."""
    return sum(comb(n, k) for k in range(min(n, most) + 1)) / 2**n if most >= 0 else 0.0


def shared(d: int, radius: int, apart: int) -> float:
    """The chance that a random address is within the radius of two points that are so far apart."""
    tails = [tail(d - apart, most) for most in range(-1, radius + 1)]
    return sum(
        comb(apart, i) / 2**apart * tails[max(-1, radius - max(i, apart - i)) + 1] for i in range(apart + 1)
    )


def fidelity(d: int, radius: int, locations: int, patterns: int, apart: int) -> float:
    """The chance that a bit is read rightly from so far away: normal noise of the other patterns' shared locations."""
    signal = locations * shared(d, radius, apart)
    noise = 0.0
    for distance in range(d + 1):
        chance = comb(d, distance) / 2**d
        if chance > 1e-9:
            both = shared(d, radius, distance)
            noise += chance * ((locations * both) ** 2 + locations * both * (1 - both))
    return (1 + erf(signal / sqrt(2 * (patterns - 1) * noise))) / 2


def critical(d: int, radius: int, locations: int, patterns: int) -> float:
    """The largest distance from which a read comes nearer."""
    nearer = [a for a in range(d // 2) if d * (1 - fidelity(d, radius, locations, patterns, a)) < a]
    return max(nearer, default=0)
