"""Attention in which position decides: masks and priors, and the read under them."""

from hybridattn.attention.positions.flex import flex_read
from hybridattn.attention.positions.masks import Band, Blocks, Causal, Dilated, Global, PositionMask, RandomBlocks
from hybridattn.attention.positions.places import Places
from hybridattn.attention.positions.priors import (
    ALiBi,
    GaussianPrior,
    Multiplied,
    PositionPrior,
    RelativeBuckets,
    RelativePosition,
    Sum,
    with_previous,
)
from hybridattn.attention.positions.reading import positional_read

__all__ = [
    "ALiBi",
    "Band",
    "Blocks",
    "Causal",
    "Dilated",
    "GaussianPrior",
    "Global",
    "Multiplied",
    "Places",
    "PositionMask",
    "PositionPrior",
    "RandomBlocks",
    "RelativeBuckets",
    "RelativePosition",
    "Sum",
    "flex_read",
    "positional_read",
    "with_previous",
]
