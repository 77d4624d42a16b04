"""Where facts come from: files, tables, graphs, triples, and WordNet."""

from hybridattn.knowledge.sources.files import FORMATS, read_rows
from hybridattn.knowledge.sources.rows import Row, from_frame, from_graph, from_sentence, from_triples
from hybridattn.knowledge.sources.wordnet import wordnet_rows, wordnet_words

__all__ = [
    "FORMATS",
    "Row",
    "from_frame",
    "from_graph",
    "from_sentence",
    "from_triples",
    "read_rows",
    "wordnet_rows",
    "wordnet_words",
]
