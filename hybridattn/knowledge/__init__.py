"""Facts as an associative memory: ask, and get the answer, its derivation and its graph."""

from hybridattn.knowledge.answers import Answer, Answers
from hybridattn.knowledge.encoder import Encoder, Incoherent, SymbolCodes
from hybridattn.knowledge.facts import FactMemory
from hybridattn.knowledge.hebbian import statements
from hybridattn.knowledge.lexicon import Lexicon

__all__ = ["Answer", "Answers", "Encoder", "FactMemory", "Incoherent", "Lexicon", "SymbolCodes", "statements"]
