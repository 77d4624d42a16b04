"""Layers of neural networks that read: projections, heads, positions, windows, and those of the Transformer."""

from hybridattn.attention.layers.featurewise import FeatureWise
from hybridattn.attention.layers.multi_head import MultiHeadAttention
from hybridattn.attention.layers.positions import rotary, sinusoidal
from hybridattn.attention.layers.transformer import DecoderLayer, EncoderLayer, causal
from hybridattn.attention.layers.windows import PredictedWindow, monotonic_window

__all__ = [
    "DecoderLayer",
    "EncoderLayer",
    "FeatureWise",
    "MultiHeadAttention",
    "PredictedWindow",
    "causal",
    "monotonic_window",
    "rotary",
    "sinusoidal",
]
