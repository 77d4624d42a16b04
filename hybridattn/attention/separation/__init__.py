"""Who wins: from scores to weights, the second part of a read."""

from hybridattn.attention.separation.hard import Hard
from hybridattn.attention.separation.protocol import Separation
from hybridattn.attention.separation.softmax import Softmax

__all__ = ["Hard", "Separation", "Softmax"]
