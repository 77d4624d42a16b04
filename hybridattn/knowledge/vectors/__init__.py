"""Soft reading of vectors: a controller trained by gradient over facts whose people and relations are embeddings."""

from hybridattn.knowledge.vectors.answer import SoftAnswer
from hybridattn.knowledge.vectors.learning import reader_training
from hybridattn.knowledge.vectors.reader import StoryReader
from hybridattn.knowledge.vectors.rules import EmbeddedRules

__all__ = ["EmbeddedRules", "SoftAnswer", "StoryReader", "reader_training"]
