"""Memories of the literature, each a name for a combination of parts.

Each takes what `SlotMemory` takes beside its parts: `beta`, `value_dim`, `trainable`, `slots`, `device`, `dtype`...
"""

from typing import Any

from torch import Tensor

from hybridattn.attention import (
    Dot,
    Entmax,
    Hard,
    LogSumReLU,
    MeanShift,
    NegativeSquaredEuclidean,
    Power,
    Softmax,
    Sparsemax,
)
from hybridattn.memory.settling import Activation, Flips
from hybridattn.memory.slots.beta import Beta
from hybridattn.memory.slots.slot_memory import SlotMemory

__all__ = [
    "dense_associative_memory",
    "entmax_hopfield",
    "epanechnikov_memory",
    "exponential_memory",
    "hetero_associative",
    "mean_shift",
    "modern_hopfield",
    "nearest_neighbour",
    "sparse_hopfield",
]

_FLIPS = Flips()


def modern_hopfield(dim: int, *, beta: float | Tensor | Beta = 1.0, **place: Any) -> SlotMemory:
    """Modern Hopfield network: dot product and softmax (Ramsauer et al. 2021, arXiv 2008.02217, eq. 3).

    >>> modern_hopfield(64, beta=8.0)
    SlotMemory(key_dim=64, value_dim=None, slots=0, similarity=Dot(), separation=Softmax(), beta=8.0, device=cpu)
    """
    return SlotMemory(dim, similarity=Dot(), separation=Softmax(), beta=beta, **place)


def sparse_hopfield(dim: int, *, beta: float | Tensor | Beta = 1.0, **place: Any) -> SlotMemory:
    """Sparse modern Hopfield network: dot product and sparsemax (Hu et al. 2023, arXiv 2309.12673)."""
    return SlotMemory(dim, similarity=Dot(), separation=Sparsemax(), beta=beta, **place)


def entmax_hopfield(dim: int, *, alpha: float = 1.5, beta: float | Tensor | Beta = 1.0, **place: Any) -> SlotMemory:
    """Generalised sparse Hopfield network: dot product and alpha-entmax.

    alpha 1 is `modern_hopfield`, 2 is `sparse_hopfield`; from a lead of 1 / ((alpha - 1) beta) on, a pattern is read
    exactly (Wu et al. 2023, arXiv 2312.17346; Santos et al. 2024, arXiv 2402.13725).
    """
    return SlotMemory(dim, similarity=Dot(), separation=Entmax(alpha), beta=beta, **place)


def dense_associative_memory(
    dim: int, *, power: int = 3, activation: Activation | Flips = _FLIPS, **place: Any
) -> SlotMemory:
    """Dense associative memory of polynomial energy, -sum_i (x_i . q)^n up to a factor, over patterns of -1 and +1.

    Krotov and Hopfield 2016, arXiv 1606.01164: of patterns of N entries about N^(n-1) / (2 (2n - 3)!! ln N) are stored
    without errors. power, the n, is at least 2, and 2 is the Hopfield network of 1982 without its diagonal. States
    settle entry by entry (`Flips`); `Sign()` updates all entries at once, with the diagonal; `Sphere()` is for states
    and patterns of real numbers, kept at their length, since for n > 2 other states have no lowest energy. Where
    negative overlaps are not to count, take `SlotMemory` with `RectifiedPower`.

    beta is 1 / dim unless it is given, so that the scores of binary states are overlaps in [-1, 1].
    """
    place.setdefault("beta", 1 / dim if dim > 0 else 1.0)
    return SlotMemory(dim, similarity=Dot(), separation=Power(power), activation=activation, **place)


def exponential_memory(
    dim: int, *, beta: float | Tensor | Beta = 1.0, activation: Activation | Flips = _FLIPS, **place: Any
) -> SlotMemory:
    """Dense associative memory of exponential energy, -sum_i exp(x_i . q), over patterns of -1 and +1.

    Demircigil et al. 2017, arXiv 1702.01929: 2^(N/2) patterns of N entries. The separation is `Softmax`, not
    `Exponential`: its energy is minus the logarithm of the same sum, so that every entry takes the same sign, and no
    power of e leaves the range of floats. States settle entry by entry (`Flips`), each one by the energy difference of
    the paper, which updates them all at once.
    """
    return SlotMemory(dim, similarity=Dot(), separation=Softmax(), activation=activation, beta=beta, **place)


def epanechnikov_memory(dim: int, *, beta: float | Tensor | Beta = 1.0, **place: Any) -> SlotMemory:
    """Memory of the log-sum-ReLU energy: reads the mean of all keys within 1 / sqrt(beta) of the query, and no other.

    Hoover et al. 2025, arXiv 2506.10801, whose beta, of half the squared distance, is twice this one. If no two
    patterns are nearer than r, every query within D < r of one reads exactly that one at beta = 1 / (r - D)^2 (theorem
    1). Where no key is near enough a read gives 0, a state stays, and its energy is inf.
    """
    similarity, separation = NegativeSquaredEuclidean(), MeanShift(LogSumReLU())
    return SlotMemory(dim, similarity=similarity, separation=separation, beta=beta, **place)


def mean_shift(dim: int, *, beta: float | Tensor | Beta = 1.0, **place: Any) -> SlotMemory:
    """Gaussian mean shift: settling climbs to a mode of the density of the keys (Cheng 1995; Carreira-Perpinan 2007).

    Softmax of minus beta times the squared distance: a kernel of variance 1 / (2 beta). `SlotMemory` with
    `MeanShift(separation)` is that of other kernels.
    """
    return SlotMemory(dim, similarity=NegativeSquaredEuclidean(), separation=Softmax(), beta=beta, **place)


def nearest_neighbour(dim: int, value_dim: int | None = None, **place: Any) -> SlotMemory:
    """Nearest neighbour by Euclidean distance: a read gives the value of one slot, the lower of equals.

    The limit of `mean_shift` for beta to infinity (Millidge et al. 2022, arXiv 2202.04557, table 1).
    """
    return SlotMemory(dim, value_dim, similarity=NegativeSquaredEuclidean(), separation=Hard(), **place)


def hetero_associative(dim: int, value_dim: int, *, beta: float | Tensor | Beta = 1.0, **place: Any) -> SlotMemory:
    """Memory from keys to values of another width: attention (Ramsauer et al. 2021, arXiv 2008.02217, eq. 10).

    Settling cleans a query among the keys; a read then gives what belongs to it.
    """
    return SlotMemory(dim, value_dim, similarity=Dot(), separation=Softmax(), beta=beta, **place)
