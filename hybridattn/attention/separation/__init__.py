"""Who wins: from scores to weights, the second part of a read."""

from hybridattn.attention.separation.hard import Hard
from hybridattn.attention.separation.mean_shift import MeanShift
from hybridattn.attention.separation.protocol import Headed, Margined, Proportional, Separation
from hybridattn.attention.separation.relu import Epanechnikov, LogSumReLU
from hybridattn.attention.separation.sampled import GumbelHard, SampledHard
from hybridattn.attention.separation.softmax import Softmax, TopSoftmax
from hybridattn.attention.separation.sparse import Entmax, KSubsets, LearnedEntmax, Normmax, Sparsemax
from hybridattn.attention.separation.sums import Exponential, Linear, Power, RectifiedPower

__all__ = [
    "Entmax",
    "Epanechnikov",
    "Exponential",
    "GumbelHard",
    "Hard",
    "Headed",
    "KSubsets",
    "LearnedEntmax",
    "Linear",
    "LogSumReLU",
    "Margined",
    "MeanShift",
    "Normmax",
    "Power",
    "Proportional",
    "RectifiedPower",
    "SampledHard",
    "Separation",
    "Softmax",
    "Sparsemax",
    "TopSoftmax",
]
