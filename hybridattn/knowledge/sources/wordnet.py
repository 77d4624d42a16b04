"""The built-in knowledge base: the noun relations of WordNet 3.0."""

from collections.abc import Mapping
from importlib.resources import as_file, files

from hybridattn.knowledge.sources.files import read_lines, read_rows
from hybridattn.knowledge.sources.rows import Row

__all__ = ["wordnet_rows", "wordnet_words"]


def wordnet_rows() -> list[Row]:
    """Read the 106,614 relations between 82,115 noun synsets."""
    with as_file(files("hybridattn.knowledge.sources") / "data" / "wordnet-nouns.tsv.xz") as path:
        return read_rows(path)


def wordnet_words() -> Mapping[str, list[str]]:
    """Read the words: for each the synsets that it may mean, in the order of their numbers."""
    senses: dict[str, list[str]] = {}
    with as_file(files("hybridattn.knowledge.sources") / "data" / "wordnet-lemmas.tsv.xz") as path:
        for line in read_lines(path):
            synset, words = line.rstrip("\n").split("\t")
            for word in words.split(" "):
                senses.setdefault(word, []).append(synset)
    return senses
