"""The experiments: each gives a study that `run_study` measures, and a summary of its rows."""

from hybridattn.experiments.studies.basins import (
    BasinRow,
    BasinShare,
    basin_map,
    basin_study,
    summarise_basins,
    unit_square,
)
from hybridattn.experiments.studies.energies import EnergyPoint, EnergyRow, energy_study, summarise_energy, trajectory
from hybridattn.experiments.studies.retrieval import (
    RetrievalPoint,
    RetrievalRow,
    capacity_study,
    mask_study,
    noise_study,
    references,
    summarise_retrieval,
)

__all__ = [
    "BasinRow",
    "BasinShare",
    "EnergyPoint",
    "EnergyRow",
    "RetrievalPoint",
    "RetrievalRow",
    "basin_map",
    "basin_study",
    "capacity_study",
    "energy_study",
    "mask_study",
    "noise_study",
    "references",
    "summarise_basins",
    "summarise_energy",
    "summarise_retrieval",
    "trajectory",
    "unit_square",
]
