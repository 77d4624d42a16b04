"""What theory says of associative memories: capacities, error rates and bounds, each with its source."""

from hybridattn.experiments.theory.classical import (
    hebb_critical_load,
    hebb_overlap,
    hebb_perfect_recall,
    pseudo_inverse_capacity,
    storkey_capacity,
)
from hybridattn.experiments.theory.dense import (
    dense_capacity,
    dense_error,
    exponential_capacity,
    masked_recall,
    noisy_recall,
)
from hybridattn.experiments.theory.modern import (
    RamsauerCapacity,
    epanechnikov_beta,
    epanechnikov_radius,
    fixed_point_distance,
    ramsauer_capacity,
)

__all__ = [
    "RamsauerCapacity",
    "dense_capacity",
    "dense_error",
    "epanechnikov_beta",
    "epanechnikov_radius",
    "exponential_capacity",
    "fixed_point_distance",
    "hebb_critical_load",
    "hebb_overlap",
    "hebb_perfect_recall",
    "masked_recall",
    "noisy_recall",
    "pseudo_inverse_capacity",
    "ramsauer_capacity",
    "storkey_capacity",
]
