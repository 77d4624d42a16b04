"""What a term is made of, and the order in which its components stand."""

from collections.abc import Iterator
from functools import lru_cache

from hybridattn.reasoning.term import Atom, Compound, Statement, Term, Variable

__all__ = [
    "COMMUTATIVE",
    "IMPLICATIONS",
    "JUNCTIONS",
    "SYMMETRIC",
    "before",
    "complexity",
    "is_flat",
    "is_ground",
    "is_part",
    "order",
    "parts_of",
]

SYMMETRIC = frozenset({"<->", "<=>", "<|>"})
IMPLICATIONS = frozenset({"==>", "<=>"})
COMMUTATIVE = frozenset({"&", "|", "&&", "||", "&|", "{", "["})
JUNCTIONS = frozenset({"&", "|", "&&", "||"})
_REMEMBERED = 1 << 16


def is_part(part: Term, whole: Term) -> bool:
    """Tell whether `part` is a component of a compound or a side of a statement, directly."""
    if isinstance(whole, Compound):
        return part in whole.parts
    return isinstance(whole, Statement) and (whole.subject == part or whole.predicate == part)


def parts_of(term: Term) -> Iterator[Term]:
    """Give a term and all terms in it."""
    waiting = [term]
    while waiting:
        yield (here := waiting.pop())
        if isinstance(here, Statement):
            waiting += (here.subject, here.predicate)
        elif isinstance(here, Compound):
            waiting += here.parts


@lru_cache(_REMEMBERED)
def order(term: Term) -> str:
    """The text of a term without the names of its variables."""
    if isinstance(term, Variable):
        return term.kind
    if isinstance(term, Statement):
        return f"<{order(term.subject)} {term.copula} {order(term.predicate)}>"
    if isinstance(term, Compound):
        return f"({term.connector} {' '.join(map(order, term.parts))})"
    return str(term)


def before(one: Term, other: Term) -> bool:
    """Tell whether `one` comes first among the components of a compound."""
    return order(one) < order(other)


def is_flat(term: Term) -> bool:
    """Tell whether a term is an atom or a statement of two: most are, and to see it is quicker than to remember it."""
    kind = type(term)
    if kind is Statement:
        return type(term.subject) is Atom and type(term.predicate) is Atom  # type: ignore[attr-defined]
    return kind is Atom


def is_ground(term: Term) -> bool:
    """Tell whether a term has no variable."""
    return is_flat(term) or _is_ground(term)


@lru_cache(_REMEMBERED)
def _is_ground(term: Term) -> bool:
    if isinstance(term, Statement):
        return is_ground(term.subject) and is_ground(term.predicate)
    if isinstance(term, Compound):
        return all(map(is_ground, term.parts))
    return not isinstance(term, Variable)


def complexity(term: Term) -> int:
    """Count the symbols of a term."""
    if is_flat(term):
        return 3 if isinstance(term, Statement) else 1
    return _complexity(term)


@lru_cache(_REMEMBERED)
def _complexity(term: Term) -> int:
    if isinstance(term, Statement):
        return 1 + complexity(term.subject) + complexity(term.predicate)
    return 1 + sum(map(complexity, term.parts)) if isinstance(term, Compound) else 1
