"""Hopfield layers with the arguments, methods and state dicts of hflayers 1.0.2, without its errors and its waste.

They are imported from this room: `from hybridattn.memory.hflayers import Hopfield`.
"""

from hybridattn.memory.hflayers.convert import from_hflayers, from_multihead_attention
from hybridattn.memory.hflayers.hopfield import Hopfield
from hybridattn.memory.hflayers.layer import HopfieldLayer
from hybridattn.memory.hflayers.pooling import HopfieldPooling
from hybridattn.memory.hflayers.transformer import HopfieldDecoderLayer, HopfieldEncoderLayer

__all__ = [
    "Hopfield",
    "HopfieldDecoderLayer",
    "HopfieldEncoderLayer",
    "HopfieldLayer",
    "HopfieldPooling",
    "from_hflayers",
    "from_multihead_attention",
]
