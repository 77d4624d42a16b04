"""Attention in time linear in length: scores that are a dot product of features, never computed one by one."""

from hybridattn.attention.linearised.features import DPFP, EluPlusOne, FeatureMap, PlainFeatures, UnitNorm
from hybridattn.attention.linearised.linear import linear_attention, linear_attention_loop
from hybridattn.attention.linearised.steps import Scan

__all__ = [
    "DPFP",
    "EluPlusOne",
    "FeatureMap",
    "PlainFeatures",
    "Scan",
    "UnitNorm",
    "linear_attention",
    "linear_attention_loop",
]
