"""Terms of Narsese as immutable values: equal terms are equal objects, and what is printed reads back.

The parts of a compound stay in the order in which they were written.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hybridattn.errors import ArgumentError

__all__ = [
    "CONNECTORS",
    "COPULAS",
    "MAX_DEPTH",
    "PLACEHOLDER",
    "Atom",
    "Compound",
    "Statement",
    "Term",
    "Variable",
    "inheritance",
    "product",
    "substitute",
    "variables",
]

MAX_DEPTH = 128
"""Levels that a term may nest: far more than any sentence, few enough that walking a term never exhausts the stack."""

COPULAS = frozenset({"-->", "<->", "==>", "<=>", "=/>", "=|>", "=\\>", "</>", "<|>", "|->"})
"""The copulas of a `Statement`; the parser turns the shorthands `{--`, `--]` and `{-]` into sets."""

CONNECTORS = frozenset({"*", "{", "[", "&", "|", "-", "~", "&&", "||", "&/", "&|", "--", "/", "\\", "#", "+", "="})
"""The connectors of a `Compound`: `{` and `[` are the sets, `/` and `\\` the images, `+` and `=` ONA's comparatives."""

# Unicode letters, digits, the underscore, and the combining marks without which Latin, Hebrew, Arabic, Indic and Thai
# words fall apart; the terminals ATOM, OPERATOR and INTERVAL of narsese.lark say the same.
_LETTER = r"[\w\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0963\u0970-\u0df3\u0e31-\u0e4e]"
NAME = rf"{_LETTER}+(?:(?:\.+|-\.*){_LETTER}+)*"
_BARE = re.compile(rf"{NAME}(?:\[[\w.,+-]*\])?|\^[^\W\d]\w*(?:-\w+)*|\+[0-9]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"


class Term:
    """What a sentence is about: the common base of `Atom`, `Variable`, `Statement` and `Compound`.

    Terms are immutable and hashable; `str` gives the canonical OpenNARS text, which `parse_term` reads back as an
    equal term.
    """

    __slots__ = ()
    _hash: int

    @property
    def depth(self) -> int:
        """Levels of nesting: 1 for an atom or a variable, at most `MAX_DEPTH`."""
        return 1

    def _key(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Term) or type(self) is not type(other):
            return NotImplemented
        return self._hash == other._hash and self._key() == other._key()

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type["Term"], tuple[Any, ...]]:
        # Rebuilt, not copied: hashes of texts differ from process to process.
        return type(self), self._key()

    def __deepcopy__(self, memo: object) -> "Term":
        return self


def _remember(term: Term) -> None:
    object.__setattr__(term, "_hash", hash((type(term).__name__, *term._key())))


def _nest(term: Term, parts: tuple[Term, ...]) -> None:
    for part in parts:
        if not isinstance(part, Term):
            raise ArgumentError(f"the parts of a term must be terms; got {part!r}")
    depth = 1 + max([part.depth for part in parts])
    if depth > MAX_DEPTH:
        raise ArgumentError(f"a term must nest at most {MAX_DEPTH} levels deep; got {depth}")
    object.__setattr__(term, "depth", depth)


@dataclass(frozen=True, slots=True, eq=False)
class Atom(Term):
    r"""A name without parts: a word (`bird`), an operator (`^go`), an interval (`+5`) or any text at all.

    A name that the grammar could misread is printed in double quotes, with the escapes ``\\ \" \n \r \t \uXXXX``.

    >>> print(Atom("cheetah.n.01"), Atom("24/7.n.01"))
    cheetah.n.01 "24/7.n.01"
    """

    name: str
    _hash: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise ArgumentError(f"the name of an atom must be a text; got {self.name!r}")
        object.__setattr__(self, "_hash", hash(("Atom", self.name)))

    def _key(self) -> tuple[str]:
        return (self.name,)

    def __str__(self) -> str:
        if _BARE.fullmatch(self.name):
            return self.name
        return f'"{"".join(map(_escaped, self.name))}"'


PLACEHOLDER = Atom("_")
"""The open place of an image, as in `(/, open, _, lock)`."""


@dataclass(frozen=True, slots=True, eq=False)
class Variable(Term):
    """A variable: `$x` independent (for all), `#x` dependent (there is), `?x` query (which).

    >>> print(Variable("?", "x"))
    ?x
    """

    kind: Literal["$", "#", "?"]
    name: str
    _hash: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in ("$", "#", "?"):
            raise ArgumentError(f"the kind of a variable must be $, # or ?; got {self.kind!r}")
        if not isinstance(self.name, str) or not re.fullmatch(r"\w+", self.name):
            raise ArgumentError(f"the name of a variable must be letters, digits or _; got {self.name!r}")
        _remember(self)

    def _key(self) -> tuple[str, str]:
        return self.kind, self.name

    def __str__(self) -> str:
        return f"{self.kind}{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Statement(Term):
    """A relation of two terms by one of the `COPULAS`: `<bird --> animal>`.

    >>> print(Statement("<->", Atom("gull"), Atom("swan")))
    <gull <-> swan>
    """

    copula: str
    subject: Term
    predicate: Term
    depth: int = field(init=False, repr=False)
    _hash: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.copula not in COPULAS:
            raise ArgumentError(f"copula must be one of {' '.join(sorted(COPULAS))}; got {self.copula!r}")
        _nest(self, (self.subject, self.predicate))
        _remember(self)

    def _key(self) -> tuple[str, Term, Term]:
        return self.copula, self.subject, self.predicate

    def __str__(self) -> str:
        return f"<{self.subject} {self.copula} {self.predicate}>"


@dataclass(frozen=True, slots=True, eq=False)
class Compound(Term):
    """One or more terms joined by one of the `CONNECTORS`: a product, a set, a conjunction, an image, ...

    An image is its relation followed by its places, of which exactly one is the `PLACEHOLDER`; a negation and a
    comparative have one part.

    >>> print(Compound("*", (Atom("acid"), Atom("base"))), Compound("{", (Atom("Tweety"),)))
    (*, acid, base) {Tweety}
    """

    connector: str
    parts: tuple[Term, ...]
    depth: int = field(init=False, repr=False)
    _hash: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.connector not in CONNECTORS:
            raise ArgumentError(f"connector must be one of {' '.join(sorted(CONNECTORS))}; got {self.connector!r}")
        if not isinstance(self.parts, tuple) or not self.parts:
            raise ArgumentError(f"the parts of a compound must be a tuple of at least one term; got {self.parts!r}")
        _nest(self, self.parts)
        if self.connector in ("--", "+", "=") and len(self.parts) != 1:
            raise ArgumentError(f"({self.connector} ...) must have one part; got {len(self.parts)}")
        if self.connector in ("/", "\\") and self.parts[1:].count(PLACEHOLDER) != 1:
            places = ", ".join(map(str, self.parts[1:]))
            raise ArgumentError(f"an image must have exactly one place _ after its relation; got ({places})")
        _remember(self)

    def _key(self) -> tuple[str, tuple[Term, ...]]:
        return self.connector, self.parts

    def __str__(self) -> str:
        inside = ", ".join([str(part) for part in self.parts])
        if self.connector in ("{", "["):
            return f"{self.connector}{inside}{'}' if self.connector == '{' else ']'}"
        return f"({self.connector} {inside})" if self.connector in ("+", "=") else f"({self.connector}, {inside})"


def inheritance(subject: Term, predicate: Term) -> Statement:
    """Give the statement `<subject --> predicate>`."""
    return Statement("-->", subject, predicate)


def product(*parts: Term) -> Compound:
    """Give the ordered product `(*, part, ...)`."""
    return Compound("*", parts)


def _children(term: Term) -> tuple[Term, ...]:
    if isinstance(term, Statement):
        return term.subject, term.predicate
    return term.parts if isinstance(term, Compound) else ()


def _walk(term: Term) -> Iterator[Term]:
    waiting = [term]
    while waiting:
        yield (here := waiting.pop())
        waiting.extend(reversed(_children(here)))


def variables(term: Term) -> tuple[Variable, ...]:
    """Give the different variables of `term`, in the order of their first appearance.

    >>> [str(v) for v in variables(inheritance(product(Variable("?", "y"), Variable("$", "x")), Variable("?", "y")))]
    ['?y', '$x']
    """
    return tuple(dict.fromkeys(part for part in _walk(term) if isinstance(part, Variable)))


def substitute(term: Term, bindings: Mapping[Variable, Term]) -> Term:
    """Give `term` with every variable that `bindings` names replaced, all at once.

    What is put in is not searched again. A part in which nothing changes is the same object as before.

    >>> print(substitute(inheritance(Variable("?", "x"), Atom("animal")), {Variable("?", "x"): Atom("bird")}))
    <bird --> animal>

    Raises:
        ArgumentError: the result would nest deeper than `MAX_DEPTH`.
    """
    if isinstance(term, Variable):
        return bindings.get(term, term)
    old = _children(term)
    new = tuple([substitute(part, bindings) for part in old])
    if all(before is after for before, after in zip(old, new, strict=True)):
        return term
    if isinstance(term, Statement):
        return Statement(term.copula, *new)
    assert isinstance(term, Compound)
    return Compound(term.connector, new)
