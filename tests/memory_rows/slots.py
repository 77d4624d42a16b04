"""The rows of the memories that keep every key."""

from collections.abc import Callable

import torch
from torch import Tensor

from hybridattn.attention import (
    Bilinear,
    Cosine,
    Entmax,
    Epanechnikov,
    Exponential,
    Hard,
    LearnedEntmax,
    MeanShift,
    NegativeManhattan,
    NegativeSquaredEuclidean,
    Normmax,
    RectifiedPower,
    ScaledDot,
    TopSoftmax,
)
from hybridattn.memory import (
    Beta,
    ProductKeyMemory,
    ShardedMemory,
    Sign,
    SlotMemory,
    Sphere,
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

from .row import Row, numbers


def slots(value_dim: int | None = None, **parts: object) -> Row:
    return Row(
        SlotMemory,
        lambda: SlotMemory(8, value_dim, **{"beta": 20.0, **parts}),
        lambda m: numbers(m, 8, 0),
        lambda m: None if value_dim is None else numbers(m, value_dim, 1),
    )


def binary(m: int) -> Tensor:
    """The rows of a Hadamard matrix: of -1 and +1, each at a right angle to the others."""
    rows = torch.ones(1, 1)
    while len(rows) < 64:
        rows = torch.cat((torch.cat((rows, rows), 1), torch.cat((rows, -rows), 1)))
    return rows[:m]


def named(kind: Callable[..., SlotMemory], *sizes: int, keys: Callable[[int], Tensor] | None = None, **parts) -> Row:
    keys = keys or (lambda m: numbers(m, sizes[0], 0))
    return Row(
        kind,
        lambda: kind(*sizes, **parts),
        keys,
        lambda m: None if len(sizes) == 1 else numbers(m, sizes[1], 1),
    )


def product_keys() -> Row:
    """Keys that are pairs of sub-keys, so that what is stored is what was written."""

    def build() -> ProductKeyMemory:
        memory = ProductKeyMemory(8, 3, subkeys=16, kept=16, beta=20.0, generator=torch.Generator().manual_seed(0))
        memory.sub_keys = torch.nn.functional.normalize(memory.sub_keys, dim=-1)
        return memory

    def keys(m: int) -> Tensor:
        first, second = build().sub_keys
        rows = torch.arange(m)
        return torch.cat((first[rows % 16], second[(3 * rows + rows // 16) % 16]), -1)

    return Row(ProductKeyMemory, build, keys, lambda m: numbers(m, 3, 1))


ROWS = {
    "keys only": slots(),
    "keys and values": slots(3),
    "hard": slots(3, separation=Hard()),
    "cosine": slots(3, similarity=Cosine()),
    "scaled dot": slots(similarity=ScaledDot()),
    "distance": slots(similarity=NegativeSquaredEuclidean()),
    "manhattan": slots(similarity=NegativeManhattan()),
    "bilinear": slots(similarity=Bilinear(8)),
    "learned entmax": slots(separation=LearnedEntmax()),
    "normmax": slots(separation=Normmax(2.0)),
    "top softmax": slots(separation=TopSoftmax(4)),
    "entmax by distance": slots(similarity=NegativeSquaredEuclidean(), separation=Entmax(1.5)),
    "sphere": slots(separation=MeanShift(RectifiedPower(6)), activation=Sphere(), beta=1.0),
    "kernel": slots(similarity=NegativeSquaredEuclidean(), separation=MeanShift(Epanechnikov())),
    "exponential kernel": slots(similarity=NegativeSquaredEuclidean(), separation=MeanShift(Exponential())),
    "one beta": slots(beta=torch.tensor(20.0)),
    "trained beta": slots(3, beta=Beta(start=20.0, trainable=True)),
    "all signs at once": named(dense_associative_memory, 64, keys=binary, power=4, activation=Sign()),
    "modern": named(modern_hopfield, 8, beta=20.0),
    "sparse": named(sparse_hopfield, 8, beta=20.0),
    "entmax": named(entmax_hopfield, 8, beta=20.0),
    "dense": named(dense_associative_memory, 64, keys=binary),
    "exponential": named(exponential_memory, 64, keys=binary),
    "epanechnikov": named(epanechnikov_memory, 8, beta=20.0),
    "mean shift": named(mean_shift, 8, beta=20.0),
    "nearest": named(nearest_neighbour, 8),
    "nearest, with values": named(nearest_neighbour, 8, 3),
    "hetero": named(hetero_associative, 8, 3, beta=20.0),
    "product keys": product_keys(),
    "sharded": named(ShardedMemory, 8, beta=20.0),
    "sharded, with values": named(ShardedMemory, 8, 3, beta=20.0),
}
