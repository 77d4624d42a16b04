"""Attention without state: how alike, who wins, what comes back."""

from hybridattn.attention.read import read
from hybridattn.attention.result import Read
from hybridattn.attention.separation import Hard, Separation, Softmax
from hybridattn.attention.similarity import Cosine, Dot, Factored, NegativeSquaredEuclidean, Similarity

__all__ = [
    "Cosine",
    "Dot",
    "Factored",
    "Hard",
    "NegativeSquaredEuclidean",
    "Read",
    "Separation",
    "Similarity",
    "Softmax",
    "read",
]
