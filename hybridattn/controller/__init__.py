"""Multilevel attention over memories: the value that is read becomes the next query, and every hop is recorded."""

from hybridattn.controller.beam import Beam
from hybridattn.controller.halting import Converged, Halt, Reached
from hybridattn.controller.links import Carried, Gated, QueryLink, Replace, Residual
from hybridattn.controller.mixture import Mixture
from hybridattn.controller.multilevel import MultilevelAttention
from hybridattn.controller.walk import Level, Mode, Plan, Walk

__all__ = [
    "Beam",
    "Carried",
    "Converged",
    "Gated",
    "Halt",
    "Level",
    "Mixture",
    "Mode",
    "MultilevelAttention",
    "Plan",
    "QueryLink",
    "Reached",
    "Replace",
    "Residual",
    "Walk",
]
