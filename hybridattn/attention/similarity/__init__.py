"""How alike are a query and a key: the first part of a read."""

from hybridattn.attention.similarity.distance import NegativeSquaredEuclidean
from hybridattn.attention.similarity.dot import Cosine, Dot
from hybridattn.attention.similarity.protocol import Factored, Similarity

__all__ = ["Cosine", "Dot", "Factored", "NegativeSquaredEuclidean", "Similarity"]
