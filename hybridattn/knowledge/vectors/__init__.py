"""Soft reading of vectors: a controller trained by gradient over facts whose people and relations are embeddings."""

from hybridattn.knowledge.vectors.answer import SoftAnswer
from hybridattn.knowledge.vectors.learning import chain_training
from hybridattn.knowledge.vectors.reader import ChainReader
from hybridattn.knowledge.vectors.rules import EmbeddedRules

__all__ = ["ChainReader", "EmbeddedRules", "SoftAnswer", "chain_training"]
