"""Sequence memories of the literature, as combinations of parts."""

from typing import Any

from hybridattn.attention import Power, Softmax
from hybridattn.errors import ArgumentError
from hybridattn.memory.matrices.sequences.memory import SequenceMemory
from hybridattn.memory.matrices.sequences.overlaps import DecorrelatedOverlap

__all__ = ["exponential_sequence", "polynomial_sequence", "pseudo_inverse_sequence"]


def polynomial_sequence(dim: int, *, degree: int = 2, **place: Any) -> SequenceMemory:
    """Sequence memory with f(m) = m^degree, degree at least 1 (Chaudhry et al. 2023, arXiv 2306.04532).

    Degree 1 is the classical asymmetric network, sum x^(mu+1) x^mu^T. The capacity grows as dim^degree, up to
    logarithms; for single transitions it is about degree + 1 times that for whole sequences. `place` is device, dtype.

    >>> polynomial_sequence(8, degree=2)
    SequenceMemory(dim=8, separation=Power(n=3), beta=1.0, overlap=PlainOverlap(), transitions=0, device=cpu)
    """
    if degree < 1:
        raise ArgumentError(f"degree must be at least 1; got {degree}")
    return SequenceMemory(dim, separation=Power(degree + 1), **place)


def exponential_sequence(dim: int, **place: Any) -> SequenceMemory:
    """Sequence memory with f(m) = exp((dim - 1)(m - 1)) (Chaudhry et al. 2023, arXiv 2306.04532).

    By softmax, whose common factor signs do not see and which never leaves the range. The capacity is exponential in
    dim. `place` is device and dtype.

    >>> exponential_sequence(8)
    SequenceMemory(dim=8, separation=Softmax(), beta=7.0, overlap=PlainOverlap(), transitions=0, device=cpu)
    """
    return SequenceMemory(dim, separation=Softmax(), beta=float(max(1, dim - 1)), **place)


def pseudo_inverse_sequence(dim: int, *, degree: int = 1, **place: Any) -> SequenceMemory:
    """Sequence memory with f(m) = m^degree of decorrelated overlaps (Chaudhry et al. 2023, arXiv 2306.04532).

    Recalls every sequence of linearly independent patterns exactly; a higher degree widens the basins. `place` is
    device and dtype.

    >>> pseudo_inverse_sequence(8)
    SequenceMemory(dim=8, separation=Power(n=2), beta=1.0, overlap=DecorrelatedOverlap(), transitions=0, device=cpu)
    """
    if degree < 1:
        raise ArgumentError(f"degree must be at least 1; got {degree}")
    return SequenceMemory(dim, separation=Power(degree + 1), overlap=DecorrelatedOverlap(), **place)
