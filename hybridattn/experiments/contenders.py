"""The memories that can take part in experiments, by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch

from hybridattn.attention import Dot, Hard, Softmax
from hybridattn.experiments.limits import nearest_limits, softmax_limits
from hybridattn.experiments.setup import Contender
from hybridattn.memory import Memory, SlotMemory

__all__ = ["contenders"]


def contenders(beta: float = 1.0) -> Mapping[str, Contender]:
    """Give every memory that experiments know, by name, with this beta where it has one."""
    exact = torch.float64
    made: dict[str, Callable[[int], Memory]] = {
        "modern_hopfield": lambda dim: SlotMemory(dim, similarity=Dot(), separation=Softmax(), beta=beta, dtype=exact),
        "nearest_neighbour": lambda dim: SlotMemory(dim, similarity=Dot(), separation=Hard(), beta=beta, dtype=exact),
    }
    theory = {"modern_hopfield": (softmax_limits(beta),), "nearest_neighbour": (nearest_limits,)}
    return MappingProxyType(
        {
            name: Contender(name, lambda dim, _, build=build: build(dim), {"beta": beta}, theory.get(name, ()))  # type: ignore[misc]
            for name, build in made.items()
        }
    )
