"""Separations that read few slots and give the rest weight exactly 0: each is the best answer to p . s - Omega(p)."""

from hybridattn.attention.separation.sparse.entmax import Entmax, Sparsemax
from hybridattn.attention.separation.sparse.learned import LearnedEntmax
from hybridattn.attention.separation.sparse.normmax import Normmax
from hybridattn.attention.separation.sparse.subsets import KSubsets

__all__ = ["Entmax", "KSubsets", "LearnedEntmax", "Normmax", "Sparsemax"]
