"""Capacities of the binary Hopfield network, whose state is n signs."""

import math
from functools import cache

from hybridattn.experiments.theory.check import must_be_at_least

__all__ = [
    "hebb_critical_load",
    "hebb_overlap",
    "hebb_perfect_recall",
    "pseudo_inverse_capacity",
    "storkey_capacity",
]

_HALVINGS = 200  # bisection: below the spacing of floats long before


def hebb_perfect_recall(n: int, *, all_patterns: bool = False) -> float:
    """Give how many random patterns Hebb's rule keeps as fixed points: n / (2 ln n), or n / (4 ln n).

    Up to the first almost every pattern is fixed, up to the second all of them are (McEliece et al. 1987, IEEE Trans.
    Inf. Theory 33). Asymptotic in n, which must be at least 2.

    >>> round(hebb_perfect_recall(400), 1)
    33.4
    """
    must_be_at_least("n", n, 2)
    return n / ((4 if all_patterns else 2) * math.log(n))


def hebb_overlap(load: float) -> float:
    """Give the overlap with a stored pattern at which Hebb's network settles, for load = patterns / n; 0 above .138.

    With y = m / sqrt(2 alpha r) the equations at temperature 0 become

        alpha = (erf(y) / y - 2 exp(-y^2) / sqrt(pi))^2 / 2,    m = erf(y),

    of which the largest y is the state of retrieval (Amit, Gutfreund, Sompolinsky 1987, Ann. Phys. 173; replica
    symmetric, n to infinity). The load must be finite and at least 0.

    >>> round(hebb_overlap(0.1), 3), hebb_overlap(0.2)
    (0.998, 0.0)
    """
    must_be_at_least("load", load, 0.0)
    if load == 0:
        return 1.0
    peak = _peak()
    if load > _load_at(peak):
        return 0.0
    low, high = peak, peak + 1 / math.sqrt(2 * load)  # at large y the load is about 1 / (2 y^2)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _load_at(middle) > load else (low, middle)
    return math.erf(low)


def hebb_critical_load() -> float:
    """Give the largest load patterns / n at which Hebb's network still settles near a stored pattern: about 0.138.

    The maximum of the load in `hebb_overlap` over y, where the overlap jumps from .967 to 0.

    >>> round(hebb_critical_load(), 4)
    0.1379
    """
    return _load_at(_peak())


def storkey_capacity(n: int) -> float:
    """Give the capacity of Storkey's rule, n / sqrt(2 ln n) (Storkey 1997, ICANN); n is at least 2.

    >>> round(storkey_capacity(400), 1)
    115.6
    """
    must_be_at_least("n", n, 2)
    return n / math.sqrt(2 * math.log(n))


def pseudo_inverse_capacity(n: int) -> float:
    """Give the capacity of the pseudo-inverse rule, n: any linearly independent patterns are fixed.

    Personnaz, Guyon, Dreyfus 1985; Kanter and Sompolinsky 1987. With the diagonal kept their basins shrink to nothing
    as n is reached.

    >>> pseudo_inverse_capacity(400)
    400.0
    """
    must_be_at_least("n", n, 1)
    return float(n)


def _load_at(y: float) -> float:
    return (math.erf(y) / y - 2 * math.exp(-y * y) / math.sqrt(math.pi)) ** 2 / 2


@cache
def _peak() -> float:
    low, high = 0.5, 4.0  # the load rises up to y of about 1.5, and falls after it
    for _ in range(_HALVINGS):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (left, high) if _load_at(left) < _load_at(right) else (low, right)
    return (low + high) / 2
