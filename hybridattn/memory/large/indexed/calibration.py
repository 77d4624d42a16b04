"""Guesses held against exact reads: by how much to shift the mass of the tail, and how wide an error bar has to be."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.attention import Read
from hybridattn.memory.large.indexed.probing import Looked

__all__ = ["NONE", "Calibration", "calibrated"]

_SEEN = 1e-4
"""From this missing mass on, a query tells something of the mass of the tail."""
_LEAST = 1e-6
"""The least factor, and what an error of the model counts as at least."""
_SIGMAS = 3.0
"""How many standard deviations of a coverage, as measured with the sample, are added to the level that is asked for."""


class Calibration(NamedTuple):
    """What a comparison with exact reads has told; it holds for the beta and probes it was made with."""

    level: float
    """The share of queries whose error is to be within the one that is stated; 0 for no calibration."""
    offset: float
    """What is added to the log mass of the tail."""
    factor: float
    """What the error of the model is multiplied by."""
    beta: float
    probes: int


NONE = Calibration(0.0, 0.0, 1.0, 0.0, 0)


def calibrated(
    looked: Looked, exact: Read, query: Tensor, longest: Tensor, *, level: float, beta: float, probes: int
) -> Calibration:
    """Compare reads with exact ones, for queries (q, d) with beta in them.

    The offset is the median of log(true mass of the tail / guessed mass), where 1e-4 of the mass is missing, or 0 where
    that says too little. The factor is a quantile of (true error - rounding) / error of the model: by exchangeability
    the next query is within with the probability of the quantile (split conformal prediction, Vovk et al. 2005). So
    that a sample of further queries as large as this one is within at the level asked for, the quantile is three
    standard deviations of a coverage higher: level + 3 sqrt(level (1 - level) / q).
    """
    offset = _offset(looked, exact)
    guess, rounding = (looked.estimate(query, longest, offset=offset, factor=factor) for factor in (1.0, 0.0))
    off = torch.linalg.vector_norm(guess.read.value - exact.value, dim=-1)
    model, more = guess.error - rounding.error, (off - rounding.error).clamp_min(0)
    ratio = torch.where(more > 0, more / model.clamp_min(_LEAST), 0.0).sort().values
    wanted = level + _SIGMAS * math.sqrt(level * (1 - level) / len(ratio))
    place = min(len(ratio), math.ceil((len(ratio) + 1) * wanted)) - 1
    return Calibration(level, offset, max(float(ratio[place]), _LEAST), beta, probes)


def _offset(looked: Looked, exact: Read) -> float:
    found, tail, whole = looked.found.log_mass, looked.tail.read.log_mass, exact.log_mass
    assert found is not None
    assert tail is not None
    assert whole is not None
    missing = -(found - whole).expm1()
    known = (missing > _SEEN) & tail.isfinite()
    if int(known.sum()) < max(8, len(known) // 20):
        return 0.0
    return float((whole + missing.log() - tail)[known].median())


def packed(calibration: Calibration) -> Tensor:
    """Give a calibration as the numbers that a state keeps: (5,) float64."""
    return torch.tensor(calibration, dtype=torch.float64)


def unpacked(numbers: Sequence[float]) -> Calibration:
    """Give back what was packed."""
    level, offset, factor, beta, probes = numbers
    return Calibration(level, offset, factor, beta, int(probes))
