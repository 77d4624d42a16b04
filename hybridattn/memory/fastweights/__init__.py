"""Fast weights: matrices that are written by outer products and read by one product, alone or along a sequence."""

from hybridattn.memory.fastweights.delta import delta_rule, delta_rule_loop, gated_delta_rule, gated_delta_rule_loop
from hybridattn.memory.fastweights.delta_memory import DeltaMemory, GatedDeltaMemory
from hybridattn.memory.fastweights.linear_memory import LinearAttentionMemory

__all__ = [
    "DeltaMemory",
    "GatedDeltaMemory",
    "LinearAttentionMemory",
    "delta_rule",
    "delta_rule_loop",
    "gated_delta_rule",
    "gated_delta_rule_loop",
]
