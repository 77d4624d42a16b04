"""Narsese in: terms and sentences from text, one at a time or in bulk."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from hybridattn.errors import ArgumentError, NarseseError
from hybridattn.reasoning.syntax import MisreadError, parse, read_truth
from hybridattn.reasoning.term import NAME, Atom, Term, inheritance, product
from hybridattn.reasoning.truth import Truth, decimal

__all__ = ["Sentence", "parse_sentence", "parse_term", "read_sentences"]

_PLAIN = re.compile(
    rf"\s*<\s*(?:({NAME})|\(\s*\*\s*,\s*({NAME})\s*,\s*({NAME})\s*\))\s*-->\s*({NAME})\s*>\s*\.\s*(%[^%]*%)?\s*"
)
_NO_SENTENCE = re.compile(r"'|//|\*|[0-9]+\Z")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A term with what a sentence says about it; what was not written is None.

    `punctuation` is `.` judgement, `?` question, `!` goal or `@` quest; `tense` is `:|:`, `:/:`, `:\\:` or `:!n:`;
    `budget` holds one to three numbers in [0, 1]. `str` gives Narsese that reads back.
    """

    term: Term
    punctuation: str
    truth: Truth | None = None
    tense: str | None = None
    budget: tuple[float, ...] | None = None

    def __str__(self) -> str:
        budget = f"${';'.join(map(decimal, self.budget))}$ " if self.budget else ""
        tail = "".join(f" {part}" for part in (self.tense, self.truth) if part is not None)
        return f"{budget}{self.term}{self.punctuation}{tail}"


class _Plain:
    """Reads `<a --> b>. %f;c%` and `<(*, a, b) --> r>. %f;c%` by one expression, and every name once."""

    def __init__(self) -> None:
        self._atoms: dict[str, Atom] = {}
        self._truths: dict[str, Truth] = {}

    def read(self, text: str) -> Sentence | None:
        """Give the sentence, or None where `text` is not as plain as that: the grammar then has the last word."""
        found = _PLAIN.fullmatch(text)
        if found is None:
            return None
        single, source, target, predicate, truth = found.groups()
        subject = self._atom(single) if single else product(self._atom(source), self._atom(target))
        try:
            value = self._truth(truth) if truth else None
        except MisreadError:
            return None
        return Sentence(inheritance(subject, self._atom(predicate)), ".", value)

    def _atom(self, name: str) -> Atom:
        atom = self._atoms.get(name)
        if atom is None:
            atom = self._atoms[name] = Atom(name)
        return atom

    def _truth(self, text: str) -> Truth:
        truth = self._truths.get(text)
        if truth is None:
            truth = self._truths[text] = read_truth(text)
        return truth


def _text(text: str) -> str:
    if not isinstance(text, str):
        raise ArgumentError(f"Narsese must be a str; got {type(text).__name__}")
    return text


def parse_term(text: str) -> Term:
    """Read one term: OpenNARS 3.x, ONA's infix forms, atoms in double quotes with backslash escapes.

    >>> parse_term("<bird --> animal>")
    Statement(copula='-->', subject=Atom(name='bird'), predicate=Atom(name='animal'))
    >>> print(parse_term("(cat * fish)"))
    (*, cat, fish)

    Raises:
        NarseseError: the text is no term; says what was expected and points at the place.
    """
    return cast(Term, parse(_text(text), "term"))


def parse_sentence(text: str) -> Sentence:
    """Read one sentence: [budget] term punctuation [tense] [truth].

    A confidence above the cap .99 is cut to it; `%f%` alone means c = .9; without a truth value `truth` is None.

    >>> parse_sentence("<bird --> animal>. %0.8%").truth
    Truth(frequency=0.8, confidence=0.9)

    Raises:
        NarseseError: the text is no sentence; says what was expected and points at the place.
    """
    return _Plain().read(_text(text)) or _by_grammar(text)


def _by_grammar(text: str) -> Sentence:
    budget, term, punctuation, tense, truth = parse(text, "task")
    return Sentence(term, punctuation, truth, tense, budget)


def read_sentences(lines: Iterable[str], *, source: str = "<text>") -> Iterator[tuple[int, Sentence]]:
    """Read a file of sentences, one a line, and give each with its line number, counted from 1.

    Left out are blank lines, comments (`//` and, as in OpenNARS, all lines that start with `'`), cycle counts and
    `*commands`. Reading is lazy: `lines` may be an open file.

    >>> [(number, str(sentence.term)) for number, sentence in read_sentences(["// a comment", "<a --> b>."])]
    [(2, '<a --> b>')]

    Raises:
        NarseseError: a line is no sentence; the message begins with `source` and the line number.
    """
    if isinstance(lines, str):
        raise ArgumentError("lines must be a series of lines; got one str: give text.splitlines()")
    return _sentences(lines, source)


def _sentences(lines: Iterable[str], source: str) -> Iterator[tuple[int, Sentence]]:
    plain = _Plain()
    for number, line in enumerate(lines, 1):
        text = _text(line).strip("\ufeff \t\r\n")
        if not text or _NO_SENTENCE.match(text):
            continue
        try:
            yield number, plain.read(text) or _by_grammar(text)
        except NarseseError as error:
            raise NarseseError(f"{source}:{number}: {error.wanted}", error.text, error.column) from None
