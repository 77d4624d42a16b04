"""Terms put together in canonical form, and why some must not be."""

from itertools import chain

from hybridattn.errors import ArgumentError
from hybridattn.reasoning.nal.forms.shape import COMMUTATIVE, IMPLICATIONS, JUNCTIONS, SYMMETRIC, before, is_part, order
from hybridattn.reasoning.term import Compound, Statement, Term, Variable, substitute

__all__ = ["IllFormedError", "compound", "forbidden", "rebuilt", "replaced", "statement"]

_FLAT = JUNCTIONS | {"&/"}
_JOINED = {"&": "[", "|": "{"}  # [A] & [B] = [A, B] and {A} | {B} = {A, B}
_SHARED = {"&": "{", "|": "["}  # {A, B} & {B, C} = {B} and [A, B] | [B, C] = [B]
_LESS = {"-": "{", "~": "["}  # {A, B} - {B} = {A} and [A, B] ~ [B] = [A]


class IllFormedError(Exception):
    """Why a term is not allowed."""


def rebuilt(term: Term) -> Term:
    """Give a term in canonical form but for the names of its variables; IllFormedError where it is not allowed."""
    if isinstance(term, Statement):
        return _statement(term.copula, rebuilt(term.subject), rebuilt(term.predicate))
    if isinstance(term, Compound):
        return _compound(term.connector, tuple([rebuilt(part) for part in term.parts]))
    return term


def statement(copula: str, subject: Term, predicate: Term) -> Term | None:
    """Give the canonical statement of canonical terms, None where it is not allowed."""
    try:
        return _statement(copula, subject, predicate)
    except (IllFormedError, ArgumentError):
        return None


def compound(connector: str, parts: tuple[Term, ...]) -> Term | None:
    """Give the canonical compound of canonical terms, None where it is not allowed."""
    try:
        return _compound(connector, parts)
    except (IllFormedError, ArgumentError):
        return None


def replaced(term: Term, bindings: dict[Variable, Term]) -> Term | None:
    """Give canonical `term` with variables replaced, canonical but for the names of variables; None if not allowed."""
    try:
        return rebuilt(substitute(term, bindings))
    except (IllFormedError, ArgumentError):
        return None


def _statement(copula: str, subject: Term, predicate: Term) -> Term:
    if copula == "==>" and isinstance(predicate, Statement) and predicate.copula == "==>":
        return _statement("==>", _compound("&&", (subject, predicate.subject)), predicate.predicate)
    if copula in SYMMETRIC and before(predicate, subject):
        subject, predicate = predicate, subject
    if why := forbidden(copula, subject, predicate):
        raise IllFormedError(why)
    return Statement(copula, subject, predicate)


def forbidden(copula: str, subject: Term, predicate: Term) -> str:
    """Say why a statement of these sides is not allowed; the empty text where it is."""
    if subject == predicate:
        return "subject and predicate must differ"
    if _holds(subject, predicate) or _holds(predicate, subject):
        return "neither side of a statement may be a part of the other"
    if isinstance(subject, Statement) and isinstance(predicate, Statement):
        if (subject.subject, subject.predicate) == (predicate.predicate, predicate.subject):
            return "a statement must not relate a statement and its reverse"
        nested = subject.copula in IMPLICATIONS or predicate.copula in IMPLICATIONS
    else:
        nested = any(isinstance(side, Statement) and side.copula in IMPLICATIONS for side in (subject, predicate))
    if copula in IMPLICATIONS:
        if nested:
            return f"{copula} must not have ==> or <=> as a side"
        if any(isinstance(side, Variable) and side.kind == "$" for side in (subject, predicate)):
            return f"a side of {copula} must not be a bare independent variable"
    return ""


def _holds(whole: Term, part: Term) -> bool:
    return is_part(part, whole) and not (isinstance(whole, Compound) and whole.connector in ("/", "\\"))


def _compound(connector: str, parts: tuple[Term, ...]) -> Term:
    if connector == "--":
        part = parts[0]
        return part.parts[0] if isinstance(part, Compound) and part.connector == "--" else Compound("--", parts)
    if connector in _LESS:
        return _difference(connector, parts)
    if connector in _FLAT:
        parts = tuple(chain.from_iterable(_opened(connector, part) for part in parts))
    if connector in _JOINED and len(parts) > 1:
        parts = _with_sets_merged(connector, parts)
    if connector in COMMUTATIVE:
        parts = tuple(sorted(dict.fromkeys(parts), key=order))
        if connector not in ("{", "[") and len(parts) == 1:
            return parts[0]
    return Compound(connector, parts)


def _opened(connector: str, part: Term) -> tuple[Term, ...]:
    return part.parts if isinstance(part, Compound) and part.connector == connector else (part,)


def _of_set(bracket: str, part: Term) -> tuple[Term, ...]:
    return part.parts if isinstance(part, Compound) and part.connector == bracket else ()


def _with_sets_merged(connector: str, parts: tuple[Term, ...]) -> tuple[Term, ...]:
    joined, shared = _JOINED[connector], _SHARED[connector]
    united = tuple(chain.from_iterable(_of_set(joined, part) for part in parts))
    common = [set(found) for part in parts if (found := _of_set(shared, part))]
    rest = [part for part in parts if not _of_set(joined, part) and not _of_set(shared, part)]
    if united:
        rest.append(_compound(joined, united))
    if common:
        both = set.intersection(*common)
        if not both:
            raise IllFormedError(f"the sets in ({connector}, ...) have nothing in common")
        rest.append(_compound(shared, tuple(both)))
    return tuple(rest)


def _difference(connector: str, parts: tuple[Term, ...]) -> Term:
    if len(parts) != 2:
        raise IllFormedError(f"({connector}, ...) must have two parts")
    first, second = parts
    if first == second:
        raise IllFormedError(f"the parts of ({connector}, ...) must differ")
    kept, taken = _of_set(_LESS[connector], first), _of_set(_LESS[connector], second)
    if not (kept and taken):
        return Compound(connector, parts)
    left = tuple(part for part in kept if part not in taken)
    if not left:
        raise IllFormedError(f"the difference of sets ({connector}, ...) is empty")
    return _compound(_LESS[connector], left)
