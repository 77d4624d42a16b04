"""Facts as an associative memory: ask, and get the answer, its derivation and its graph."""

from hybridattn.knowledge.answers import Answer, Answers
from hybridattn.knowledge.encoder import Encoder, Incoherent, SymbolCodes
from hybridattn.knowledge.facts import FactMemory
from hybridattn.knowledge.hebbian import statements
from hybridattn.knowledge.lexicon import Lexicon
from hybridattn.knowledge.links import (
    ConstantRule,
    Graded,
    LexicographicMaximum,
    LinkAnswer,
    LinkPredictor,
    Maximum,
    Mining,
    NoisyOr,
    PathRule,
    Revised,
    TripleGraph,
)

__all__ = [
    "Answer",
    "Answers",
    "ConstantRule",
    "Encoder",
    "FactMemory",
    "Graded",
    "Incoherent",
    "LexicographicMaximum",
    "Lexicon",
    "LinkAnswer",
    "LinkPredictor",
    "Maximum",
    "Mining",
    "NoisyOr",
    "PathRule",
    "Revised",
    "SymbolCodes",
    "TripleGraph",
    "statements",
]
