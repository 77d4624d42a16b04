"""The models in which attention was found: compositions of the same read."""

from hybridattn.attention.classic.aligning import Aligned, AligningModel
from hybridattn.attention.classic.coattention import AlternatingCoattention, Coattended, ParallelCoattention
from hybridattn.attention.classic.decomposable import DecomposableAttention
from hybridattn.attention.classic.glimpses import glimpse
from hybridattn.attention.classic.hierarchy import HierarchicalAttention, Summarised, Summary
from hybridattn.attention.classic.lstmn import LSTMN

__all__ = [
    "LSTMN",
    "Aligned",
    "AligningModel",
    "AlternatingCoattention",
    "Coattended",
    "DecomposableAttention",
    "HierarchicalAttention",
    "ParallelCoattention",
    "Summarised",
    "Summary",
    "glimpse",
]
