"""One family of exceptions: catch `HybridAttnError` to catch every mistake that this library reports to its caller."""

from collections.abc import Sequence
from typing import Any
from unicodedata import east_asian_width

__all__ = [
    "AmbiguousTermError",
    "ArgumentError",
    "CompileError",
    "ConvergenceError",
    "DerivationError",
    "FactsError",
    "HybridAttnError",
    "MemoryFileError",
    "NarseseError",
    "NotFiniteError",
    "RankError",
    "ShapeError",
    "SlotError",
    "StoreBusyError",
    "UnknownTermError",
]


class HybridAttnError(Exception):
    """The base of every error that the caller can mend; it crosses processes whole."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from the finished message: the constructors take other arguments."""
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[HybridAttnError], args: tuple[Any, ...], state: dict[str, Any]) -> HybridAttnError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class ArgumentError(HybridAttnError, ValueError):
    """An argument is outside the range that it is documented to have."""


class ShapeError(HybridAttnError, ValueError):
    """A tensor has a shape that cannot be used where it was given."""


class NotFiniteError(HybridAttnError, ValueError):
    """A tensor that has to be finite holds a NaN or an infinity."""


class CompileError(HybridAttnError, RuntimeError):
    """Torch did not compile what was to run compiled: names why."""


class ConvergenceError(HybridAttnError, ArithmeticError):
    """An iteration did not come to rest where what was asked for needs that it does."""


class SlotError(HybridAttnError, LookupError):
    """A slot id names no living slot of the memory."""


class FactsError(HybridAttnError, ValueError):
    """A source of facts cannot be read: names the file, the line and what was wanted."""


class MemoryFileError(HybridAttnError, ValueError):
    """A file of a memory cannot be written or read: names the file and what is wrong with it."""


class StoreBusyError(MemoryFileError):
    """A store is being written to by someone else: names who holds it."""


class RankError(HybridAttnError, RuntimeError):
    """A process of a group died, did not answer in time, or did something else than the others."""


class DerivationError(HybridAttnError, ValueError):
    """A derivation does not follow from what it cites: names the step and what was expected of it."""


_BLANKS = {"W": "\N{IDEOGRAPHIC SPACE}", "F": "\N{IDEOGRAPHIC SPACE}"}  # as wide as the character above it


class NarseseError(HybridAttnError, ValueError):
    """A text is no Narsese: the message shows the text with a caret under the mistake."""

    def __init__(self, wanted: str, text: str, column: int) -> None:
        """Report that `wanted` was missing at `column` (counted from 1) of `text`."""
        self.wanted, self.text, self.column = wanted, text, column
        start, end = max(0, column - 61), max(0, column - 61) + 114
        before, after = "..." if start else "", "..." if end < len(text) else ""
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[start:end])
        caret = " " * len(before) + "".join(_BLANKS.get(east_asian_width(c), " ") for c in shown[: column - 1 - start])
        super().__init__(f"{wanted} at column {column}\n  {before}{shown}{after}\n  {caret}^")


class UnknownTermError(HybridAttnError, LookupError):
    """A term is in no fact of the memory: lists the nearest names that are."""

    def __init__(self, term: str, nearest: Sequence[str], *, what: str = "term") -> None:
        """Report that no fact has `term`, a term or a relation, and that `nearest` are the names most like it."""
        self.term, self.nearest = term, tuple(nearest)
        shown = term if len(term) <= 60 else f"{term[:57]}..."
        hint = f"; nearest: {', '.join(nearest)}" if nearest else ""
        super().__init__(f"no fact has the {what} {shown!r}{hint}")


class AmbiguousTermError(HybridAttnError, LookupError):
    """A word has several senses, and the question has to name one of them."""

    def __init__(self, word: str, senses: Sequence[str]) -> None:
        """Report that `word` may mean any of `senses`."""
        self.word, self.senses = word, tuple(senses)
        super().__init__(f"{word!r} has {len(senses)} senses, name one: {', '.join(senses)}")
