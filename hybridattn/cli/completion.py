"""What the shell offers when a word is begun: names that a command looks up."""

from collections.abc import Iterable

from hybridattn.view.formats.table import FORMATS

__all__ = ["facts", "formats", "memories", "patterns", "sequences"]

Offers = Iterable[str | tuple[str, str]]
"""Words, or words with what they mean."""


def formats(incomplete: str) -> Offers:
    """Offer the formats of graphs."""
    return _begun(incomplete, {name: known.about for name, known in FORMATS.items()})


def facts(incomplete: str) -> Offers:
    """Offer what is built in; where that does not fit, the shell offers files."""
    return _begun(incomplete, {"wordnet": "the nouns of WordNet 3.0"})


def patterns(incomplete: str) -> Offers:
    """Offer the sources of patterns that are no files."""
    about = {
        "signs": "random, +1 and -1",
        "gaussian": "random, normal",
        "sphere": "random, of one length",
        "digits": "handwritten digits of scikit-learn",
    }
    return _begun(incomplete, about)


def memories(incomplete: str) -> Offers:
    """Offer the memories that are measured."""
    from hybridattn.experiments import contenders

    return [name for name in contenders(None) if name.startswith(incomplete)]


def sequences(incomplete: str) -> Offers:
    """Offer the memories of sequences."""
    from hybridattn.experiments import sequence_contenders

    return [name for name in sequence_contenders(None) if name.startswith(incomplete)]


def _begun(incomplete: str, known: dict[str, str]) -> Offers:
    return [(name, about) for name, about in known.items() if name.startswith(incomplete)]
