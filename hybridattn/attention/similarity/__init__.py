"""How alike are a query and a key: the first part of a read."""

from hybridattn.attention.similarity.additive import Additive
from hybridattn.attention.similarity.bilinear import Bilinear
from hybridattn.attention.similarity.distance import NegativeManhattan, NegativeSquaredEuclidean
from hybridattn.attention.similarity.dot import Cosine, Dot, ScaledDot
from hybridattn.attention.similarity.protocol import Factored, Similarity

__all__ = [
    "Additive",
    "Bilinear",
    "Cosine",
    "Dot",
    "Factored",
    "NegativeManhattan",
    "NegativeSquaredEuclidean",
    "ScaledDot",
    "Similarity",
]
