"""From words to symbols, and from a mistyped name to the nearest ones."""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

__all__ = ["Lexicon", "nearest"]

LONGEST = 100  # a longer text is no mistyped name
PREFIX = 2  # letters that a mistyped name has to share with a suggestion, at its start or its end


class Lexicon:
    """The symbols that each word may mean: `poodle` means `poodle.n.01`, `dog` one of seven."""

    def __init__(self, load: Callable[[], Mapping[str, Sequence[str]]] = dict) -> None:
        """Hold what `load` gives, when first needed: for each word its symbols, in order."""
        self._load = load

    @cached_property
    def senses(self) -> Mapping[str, Sequence[str]]:
        """The symbols of each word."""
        return self._load()

    @cached_property
    def _folded(self) -> Mapping[str, Sequence[str]]:
        folded: dict[str, list[str]] = {}
        for word, symbols in self.senses.items():
            folded.setdefault(word.casefold(), []).extend(symbols)
        return folded

    def find(self, word: str) -> tuple[str, ...]:
        """Give the symbols of a word, those that begin with it first.

        A space may stand for an underscore, and any case where no word fits exactly.
        """
        word = word.strip().replace(" ", "_")
        found = dict.fromkeys(self.senses.get(word, ()) or self._folded.get(word.casefold(), ()))
        return tuple(sorted(found, key=lambda symbol: not symbol.casefold().startswith(word.casefold())))


def nearest(name: str, names: Iterable[str], *, most: int = 5) -> tuple[str, ...]:
    """Give the names most like `name` (difflib's ratio of matching characters, at least .6), best first."""
    if not name or len(name) > LONGEST:
        return ()
    head, tail = name[:PREFIX].casefold(), name[-PREFIX:].casefold()
    near = (
        other
        for other in names
        if abs(len(other) - len(name)) <= max(len(name) // 2, 6)
        and (other[:PREFIX].casefold() == head or other[-PREFIX:].casefold() == tail)
    )
    return tuple(difflib.get_close_matches(name, near, n=most, cutoff=0.6))
