"""The memories that can take part in experiments, by name."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import torch

from hybridattn.attention import Power, Softmax
from hybridattn.errors import ArgumentError
from hybridattn.experiments.limits import (
    epanechnikov_limits,
    exponential_limits,
    hebb_limits,
    nearest_limits,
    polynomial_limits,
    polynomial_sequence_limits,
    pseudo_inverse_limits,
    pseudo_inverse_sequence_limits,
    softmax_limits,
    storkey_limits,
)
from hybridattn.experiments.reference import Theory
from hybridattn.experiments.setup import Contender
from hybridattn.memory import (
    Asynchronous,
    DecorrelatedOverlap,
    Hebb,
    HopfieldNetwork,
    LearningRule,
    Memory,
    PseudoInverse,
    SequenceMemory,
    SlotMemory,
    SparseDistributedMemory,
    Storkey,
    dense_associative_memory,
    entmax_hopfield,
    epanechnikov_memory,
    exponential_memory,
    hetero_associative,
    mean_shift,
    modern_hopfield,
    nearest_neighbour,
    sparse_hopfield,
)

__all__ = ["contenders", "sequence_contenders"]

POWER = 3  # of the dense memory, and of the sequence memory of the same energy
_EXACT = torch.float64
_LOCATIONS = 2048


def contenders(beta: float | None = None) -> Mapping[str, Contender]:
    """Give the memories that complete patterns, by name, with this beta where they have one; float64 throughout.

    Without beta each has its own: 1, but 1 / d for the dense memory, whose scores are then overlaps, and 2 / d for the
    Epanechnikov memory, which then reaches half the usual distance of two sign patterns. Hopfield networks (zero
    diagonal, units one by one in random order), the dense and the exponential memory (the same in the order of entries)
    and Kanerva's memory are binary: they take the signs of a query, a 0 by a fair coin.

    >>> sorted(contenders())[:3]
    ['dense_associative_memory', 'entmax_hopfield', 'epanechnikov_memory']
    """
    _check(beta)
    one = 1.0 if beta is None else beta
    return _named(
        _slots("modern_hopfield", modern_hopfield, _fixed(one), softmax_limits(one), nearest_limits),
        _slots("sparse_hopfield", sparse_hopfield, _fixed(one), nearest_limits),
        _slots("entmax_hopfield", entmax_hopfield, _fixed(one), nearest_limits),
        _slots("dense_associative_memory", _dense, _by_dim(beta, 1.0), polynomial_limits(POWER)),
        _slots("exponential_memory", exponential_memory, _fixed(one), exponential_limits),
        _slots("epanechnikov_memory", epanechnikov_memory, _by_dim(beta, 2.0), epanechnikov_limits(beta)),
        _slots("mean_shift", mean_shift, _fixed(one), nearest_limits),
        Contender("nearest_neighbour", lambda dim, _: nearest_neighbour(dim, dtype=_EXACT), theory=(nearest_limits,)),
        _network("hopfield_hebb", Hebb(), hebb_limits),
        _network("hopfield_storkey", Storkey(), storkey_limits),
        _network("hopfield_pseudo_inverse", PseudoInverse(), pseudo_inverse_limits),
        Contender("sparse_distributed_memory", _kanerva, binary=True),
    )


def sequence_contenders(beta: float | None = None) -> Mapping[str, Contender]:
    """Give the memories that recall sequences, by name; beta is that of the softmax ones, 1 and d - 1 without it.

    `hetero_associative` reads the next pattern with the last as its query; the others are sums of transitions (Chaudhry
    et al. 2023, arXiv 2306.04532), the exponential one with f(m) = exp((d - 1) (m - 1)).

    >>> sorted(sequence_contenders())
    ['exponential_sequence', 'hetero_associative', 'linear_sequence', 'polynomial_sequence', 'pseudo_inverse_sequence']
    """
    _check(beta)
    one = 1.0 if beta is None else beta
    return _named(
        _sequence("linear_sequence", 2),
        _sequence("polynomial_sequence", POWER),
        Contender(
            "exponential_sequence",
            lambda dim, _: SequenceMemory(dim, separation=Softmax(), beta=beta or dim - 1.0, dtype=_EXACT),
            {"beta": beta or "d - 1"},
            binary=True,
        ),
        Contender(
            "pseudo_inverse_sequence",
            lambda dim, _: SequenceMemory(dim, separation=Power(2), overlap=DecorrelatedOverlap(), dtype=_EXACT),
            theory=(pseudo_inverse_sequence_limits,),
            binary=True,
        ),
        Contender(
            "hetero_associative", lambda dim, _: hetero_associative(dim, dim, beta=one, dtype=_EXACT), {"beta": one}
        ),
    )


def _check(beta: float | None) -> None:
    if beta is not None and not 0 < beta < float("inf"):
        raise ArgumentError(f"beta must be finite and above 0; got {beta}")


def _named(*all_of_them: Contender) -> Mapping[str, Contender]:
    return MappingProxyType({one.name: one for one in all_of_them})


_Betas = tuple[Callable[[int], float], float | str]
"""beta by dimension, and how it is written down."""


def _fixed(beta: float) -> _Betas:
    return lambda dim: beta, beta


def _by_dim(beta: float | None, over_dim: float) -> _Betas:
    return (lambda dim: over_dim / dim, f"{over_dim:g} / d") if beta is None else _fixed(beta)


def _slots(name: str, make: Callable[..., SlotMemory], betas: _Betas, *theory: Theory) -> Contender:
    beta_for, written = betas
    return Contender(
        name,
        lambda dim, _: make(dim, beta=beta_for(dim), dtype=_EXACT),
        {"beta": written},
        theory=theory,
        binary=make in (_dense, exponential_memory),
    )


_dense = partial(dense_associative_memory, power=POWER)


def _network(name: str, rule: LearningRule, theory: Theory) -> Contender:
    def build(dim: int, generator: torch.Generator) -> Memory:
        return HopfieldNetwork(dim, rule=rule, update=Asynchronous(generator=generator), dtype=_EXACT)

    return Contender(name, build, theory=(theory,), binary=True)


def _kanerva(dim: int, generator: torch.Generator) -> Memory:
    return SparseDistributedMemory(dim, locations=_LOCATIONS, generator=generator)


def _sequence(name: str, power: int) -> Contender:
    def build(dim: int, generator: torch.Generator) -> Memory:
        return SequenceMemory(dim, separation=Power(power), dtype=_EXACT)

    return Contender(name, build, theory=(polynomial_sequence_limits(power),), binary=True)
