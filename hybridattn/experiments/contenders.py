"""The memories that can take part in experiments, by name."""

from collections.abc import Mapping
from functools import partial

import torch

from hybridattn.attention import Cosine, Dot, Hard, NegativeSquaredEuclidean, Softmax
from hybridattn.experiments.setup import Contender
from hybridattn.memory import SlotMemory

__all__ = ["contenders"]


def contenders(beta: float = 1.0) -> Mapping[str, Contender]:
    """Give every memory that experiments know, by name, with this beta where it has one."""
    parts = {
        "modern_hopfield": (Dot(), Softmax()),
        "nearest_neighbour": (Dot(), Hard()),
        "mean_shift": (NegativeSquaredEuclidean(), Softmax()),
        "cosine": (Cosine(), Softmax()),
    }

    def build(similarity, separation, dim, generator):
        return SlotMemory(dim, similarity=similarity, separation=separation, beta=beta, dtype=torch.float64)

    return {name: Contender(name, partial(build, *pair), {"beta": beta}) for name, pair in parts.items()}
