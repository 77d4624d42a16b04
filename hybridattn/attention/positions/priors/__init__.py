"""Priors of scores: by distance, or from an earlier layer."""

from hybridattn.attention.positions.priors.distances import ALiBi, GaussianPrior, RelativeBuckets, RelativePosition
from hybridattn.attention.positions.priors.previous import with_previous
from hybridattn.attention.positions.priors.protocol import Multiplied, PositionPrior, Sum

__all__ = [
    "ALiBi",
    "GaussianPrior",
    "Multiplied",
    "PositionPrior",
    "RelativeBuckets",
    "RelativePosition",
    "Sum",
    "with_previous",
]
