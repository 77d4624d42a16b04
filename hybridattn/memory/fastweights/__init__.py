"""Fast weights: matrices that are written by outer products and read by one product, alone or along a sequence."""

from hybridattn.memory.fastweights.delta import delta_rule, delta_rule_loop, gated_delta_rule, gated_delta_rule_loop
from hybridattn.memory.fastweights.delta_memory import DeltaMemory, GatedDeltaMemory
from hybridattn.memory.fastweights.features import DPFP, EluPlusOne, FeatureMap, PlainFeatures, UnitNorm
from hybridattn.memory.fastweights.linear import linear_attention, linear_attention_loop
from hybridattn.memory.fastweights.linear_memory import LinearAttentionMemory
from hybridattn.memory.fastweights.steps import Scan

__all__ = [
    "DPFP",
    "DeltaMemory",
    "EluPlusOne",
    "FeatureMap",
    "GatedDeltaMemory",
    "LinearAttentionMemory",
    "PlainFeatures",
    "Scan",
    "UnitNorm",
    "delta_rule",
    "delta_rule_loop",
    "gated_delta_rule",
    "gated_delta_rule_loop",
    "linear_attention",
    "linear_attention_loop",
]
