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
    retrieval_references,
    summarise_retrieval,
)
from hybridattn.experiments.studies.sequences import (
    SequencePoint,
    SequenceRow,
    sequence_references,
    sequence_study,
    summarise_sequences,
)

__all__ = [
    "BasinRow",
    "BasinShare",
    "EnergyPoint",
    "EnergyRow",
    "RetrievalPoint",
    "RetrievalRow",
    "SequencePoint",
    "SequenceRow",
    "basin_map",
    "basin_study",
    "capacity_study",
    "energy_study",
    "mask_study",
    "noise_study",
    "retrieval_references",
    "sequence_references",
    "sequence_study",
    "summarise_basins",
    "summarise_energy",
    "summarise_retrieval",
    "summarise_sequences",
    "trajectory",
    "unit_square",
]
