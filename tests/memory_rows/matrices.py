"""The rows of the classical memories that fold what they are given into a matrix."""

from collections.abc import Callable

import torch
from torch import Tensor

from hybridattn.memory import (
    Asynchronous,
    BidirectionalMemory,
    ConstantRate,
    DecorrelatedOverlap,
    HopfieldNetwork,
    OjaMemory,
    OjaSubspace,
    PseudoInverse,
    SequenceMemory,
    SparseDistributedMemory,
    Storkey,
    exponential_sequence,
    polynomial_sequence,
    pseudo_inverse_sequence,
)

from .row import Row, numbers


def hadamard(m: int) -> Tensor:
    """The first m of 64 orthogonal rows of +-1 (Sylvester)."""
    rows = torch.ones(1, 1)
    while rows.shape[0] < 64:
        rows = torch.cat((torch.cat((rows, rows), 1), torch.cat((rows, -rows), 1)))
    return rows[:m]


def after(m: int) -> Tensor:
    return hadamard(64).roll(-1, 0)[:m]


def network(**parts: object) -> Row:
    return Row(HopfieldNetwork, lambda: HopfieldNetwork(64, **parts), hadamard, lambda m: None)


def named(kind: Callable[..., SequenceMemory]) -> Row:
    return Row(kind, lambda: kind(64), hadamard, after)


def orthonormal(m: int) -> Tensor:
    return torch.linalg.qr(numbers(64, 64, 7)).Q[:m]


def oja() -> OjaMemory:
    """As many units as dimensions: they span everything already, and learning changes nothing."""
    return OjaMemory(64, components=64, rule=OjaSubspace(), rate=ConstantRate(0.1))


ROWS = {
    "hebb": network(),
    "storkey": network(rule=Storkey()),
    "pseudo-inverse": network(rule=PseudoInverse(), diagonal=True),
    "asynchronous": network(update=Asynchronous()),
    "bidirectional": Row(BidirectionalMemory, lambda: BidirectionalMemory(64, 64), hadamard, after),
    "sequence": Row(SequenceMemory, lambda: SequenceMemory(64, beta=63.0), hadamard, after),
    "polynomial sequence": named(polynomial_sequence),
    "exponential sequence": named(exponential_sequence),
    "pseudo-inverse sequence": named(pseudo_inverse_sequence),
    "decorrelated sequence": Row(
        SequenceMemory, lambda: SequenceMemory(64, beta=63.0, overlap=DecorrelatedOverlap()), hadamard, after
    ),
    "principal": Row(OjaMemory, oja, orthonormal, lambda m: None),
    "sparse distributed": Row(
        SparseDistributedMemory,
        lambda: SparseDistributedMemory(64, locations=2000, activation=0.02),
        hadamard,
        lambda m: None,
    ),
}
