"""The parts of attention, one row of claims each."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.attention import (
    Additive,
    Bilinear,
    Cosine,
    Dot,
    EluPlusOne,
    Entmax,
    Epanechnikov,
    Exponential,
    Hard,
    InFeatures,
    KSubsets,
    LearnedEntmax,
    Linear,
    LogSumReLU,
    MeanShift,
    NegativeManhattan,
    NegativeSquaredEuclidean,
    Normmax,
    Power,
    RectifiedPower,
    ScaledDot,
    Separation,
    Similarity,
    Softmax,
    Sparsemax,
    TopSoftmax,
)


class Likeness(NamedTuple):
    """What a similarity claims: build() makes it for width 2 or 4."""

    build: Callable[[int], Similarity]
    by_hand: list[float]
    """Similarity of (3, 4) to (6, 8), (0, 0) and (-4, 3)."""
    factored: bool = True
    distance: bool = False
    symmetric: bool = True


def _bilinear(dim: int) -> Bilinear:
    similarity = Bilinear(dim, dtype=torch.float64)
    # W = [[1, 2], [0, 1]]: W^T (3, 4) = (3, 10), so 98, 0 and 18.
    wanted = torch.eye(dim, dtype=torch.float64)
    wanted[0, 1] = 2.0
    similarity.load_state_dict({"weight": wanted})
    return similarity


def _additive(dim: int) -> Additive:
    similarity = Additive(dim, 2, dtype=torch.float64)
    # Two units: .1 q_1 + .1 k_2, and nothing; v = (2, 5). So 2 tanh(.3 + .1 k_2).
    weights = {"query_weight": torch.zeros(2, dim), "key_weight": torch.zeros(2, dim)}
    weights["query_weight"][0, 0] = weights["key_weight"][0, 1] = 0.1
    similarity.load_state_dict({**weights, "vector": torch.tensor([2.0, 5.0])})
    return similarity


ROOT = math.sqrt(2)
SIMILARITIES = {
    "Dot": Likeness(lambda _: Dot(), [50, 0, 0]),
    "ScaledDot": Likeness(lambda _: ScaledDot(), [50 / ROOT, 0, 0]),
    "Cosine": Likeness(lambda _: Cosine(), [1, 0, 0]),
    "NegativeSquaredEuclidean": Likeness(lambda _: NegativeSquaredEuclidean(), [-25, -25, -50], False, True),
    "NegativeManhattan": Likeness(lambda _: NegativeManhattan(), [-7, -7, -8], False, True),
    # phi(3, 4) = (4, 5); of the others (7, 9), (1, 1) and (exp(-4), 4)
    "InFeatures": Likeness(lambda _: InFeatures(EluPlusOne()), [73, 9, 4 * math.exp(-4) + 20]),
    "Bilinear": Likeness(_bilinear, [98, 0, 18], symmetric=False),
    "Additive": Likeness(_additive, [2 * math.tanh(1.1), 2 * math.tanh(0.3), 2 * math.tanh(0.6)], False, False, False),
}


class Claims(NamedTuple):
    """What a separation claims, beside what all do."""

    build: Callable[[], Separation]
    total: Callable[[int], int] | None = None
    """What the weights of a row with so many readable slots sum to; None where it is not fixed."""
    empty: float = -torch.inf
    """The potential of no slots."""
    signed: bool = False
    """Whether a weight may be negative."""
    shifts: bool = False
    """Whether weights stay the same when all scores rise alike, and the potential rises by that."""
    convex: Callable[[Tensor], Tensor] | None = lambda scores: scores
    """Brings scores to where the potential is convex; None where it is not."""
    steps: bool = False
    """Whether weights jump: equal scores may then be treated by slot."""
    exact: bool = True
    """Whether weights are the gradient; else they are that over its sum."""


def one(readable: int) -> int:
    return min(readable, 1)


def _sparse(build: Callable[[], Separation]) -> Claims:
    return Claims(build, one, shifts=True)


SEPARATIONS = {
    "Linear": Claims(Linear, empty=0.0, signed=True),
    "Power(3)": Claims(lambda: Power(3), empty=0.0, convex=torch.abs),
    "Power(4)": Claims(lambda: Power(4), empty=0.0, signed=True),
    "RectifiedPower(3)": Claims(lambda: RectifiedPower(3), empty=0.0),
    "RectifiedPower(2.5)": Claims(lambda: RectifiedPower(2.5), empty=0.0),
    "Exponential": Claims(Exponential, empty=0.0),
    "Softmax": Claims(Softmax, one, shifts=True),
    "TopSoftmax(3)": Claims(lambda: TopSoftmax(3), one, shifts=True, steps=True),
    "Sparsemax": _sparse(Sparsemax),
    "Entmax(1.01)": _sparse(lambda: Entmax(1.01)),
    "Entmax(1.25)": _sparse(lambda: Entmax(1.25)),
    "Entmax(1.5)": _sparse(lambda: Entmax(1.5)),
    "LearnedEntmax": _sparse(lambda: LearnedEntmax(alpha=1.7)),
    "Normmax(2)": _sparse(lambda: Normmax(2)),
    "Normmax(1.5)": _sparse(lambda: Normmax(1.5)),
    "KSubsets(3)": Claims(lambda: KSubsets(3), lambda readable: min(readable, 3), empty=0.0, shifts=True),
    "LogSumReLU": Claims(LogSumReLU, convex=None, steps=True),
    "Epanechnikov": Claims(Epanechnikov, empty=0.0, steps=True),
    "Hard": Claims(Hard, one, shifts=True, steps=True),
    "MeanShift(Linear)": Claims(lambda: MeanShift(Linear()), empty=0.0, signed=True, exact=False),
    "MeanShift(RectifiedPower(3))": Claims(lambda: MeanShift(RectifiedPower(3)), empty=0.0, exact=False),
    "MeanShift(Exponential)": Claims(lambda: MeanShift(Exponential()), empty=0.0, exact=False),
    "MeanShift(Epanechnikov)": Claims(lambda: MeanShift(Epanechnikov()), empty=0.0, steps=True, exact=False),
    "MeanShift(LogSumReLU)": Claims(lambda: MeanShift(LogSumReLU()), convex=None, steps=True, exact=False),
    "MeanShift(KSubsets(3))": Claims(lambda: MeanShift(KSubsets(3)), one, empty=0.0, exact=False),
}
