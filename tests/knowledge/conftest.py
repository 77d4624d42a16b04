"""The built-in knowledge base, loaded once, and the same read a second time without the package."""

import lzma
from importlib.resources import files

import pytest

from hybridattn import FactMemory


@pytest.fixture(scope="session")
def wordnet() -> FactMemory:
    """Give WordNet; nobody may add to it."""
    return FactMemory.load("wordnet")


@pytest.fixture(scope="session")
def wordnet_lines() -> list[tuple[str, str, str]]:
    """Give the rows of the WordNet file in order, read with lzma alone."""
    with files("hybridattn.knowledge.sources").joinpath("data", "wordnet-nouns.tsv.xz").open("rb") as packed:
        text = lzma.decompress(packed.read()).decode()
    return [tuple(line.split("\t")) for line in text.splitlines()]  # type: ignore[misc]
