"""How many random bits agree: the tail of the binomial, exactly."""

from fractions import Fraction

from hybridattn.errors import ArgumentError
from hybridattn.memory.matrices.store import check_size

__all__ = ["radius_of"]


def radius_of(bits: int, activation: float) -> int:
    """Give the smallest Hamming radius r with P(Binomial(bits, 1/2) <= r) >= activation, 0 < activation <= 1.

    In whole numbers, so that no bit count is too large. Raises ArgumentError.

    >>> radius_of(1000, 0.001)  # as in Kanerva 1988
    451
    """
    check_size("bits", bits)
    if not 0 < activation <= 1:
        raise ArgumentError(f"activation must be above 0 and at most 1; got {activation}")
    wanted = Fraction(activation) * 2**bits
    term = tail = 1
    for radius in range(bits):
        if tail >= wanted:
            return radius
        term = term * (bits - radius) // (radius + 1)
        tail += term
    return bits
