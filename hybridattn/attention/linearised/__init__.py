"""Attention in time linear in length: scores that are a dot product of features, never computed one by one."""

from hybridattn.attention.linearised.favor import FAVOR
from hybridattn.attention.linearised.features import DPFP, EluPlusOne, FeatureMap, PlainFeatures, UnitNorm
from hybridattn.attention.linearised.linear import linear_attention, linear_attention_loop
from hybridattn.attention.linearised.steps import Scan
from hybridattn.attention.linearised.whole import InFeatures, linearised_read

__all__ = [
    "DPFP",
    "FAVOR",
    "EluPlusOne",
    "FeatureMap",
    "InFeatures",
    "PlainFeatures",
    "Scan",
    "UnitNorm",
    "linear_attention",
    "linear_attention_loop",
    "linearised_read",
]
