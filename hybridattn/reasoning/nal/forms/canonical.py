"""Canonical forms: terms that mean the same by definition become equal terms, and what NAL does not allow is refused.

Products and images stay as they are written, because each form has a subject and a predicate of its own to reason
with; the rules of NAL-4 lead from one to the other.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice, permutations, product
from typing import TypeAlias

from hybridattn.errors import ArgumentError
from hybridattn.reasoning.term import Compound, Statement, Term, Variable, substitute, variables

__all__ = ["canonical", "fault"]

SYMMETRIC = frozenset({"<->", "<=>", "<|>"})
IMPLICATIONS = frozenset({"==>", "<=>"})
COMMUTATIVE = frozenset({"&", "|", "&&", "||", "&|", "{", "["})
JUNCTIONS = frozenset({"&", "|", "&&", "||"})
_FLAT = JUNCTIONS | {"&/"}
_JOINED = {"&": "[", "|": "{"}  # [A] & [B] = [A, B] and {A} | {B} = {A, B}
_SHARED = {"&": "{", "|": "["}  # {A, B} & {B, C} = {B} and [A, B] | [B, C] = [B]
_LESS = {"-": "{", "~": "["}  # {A, B} - {B} = {A} and [A, B] ~ [B] = [A]
_TIES = 24  # orders of components that the roles of their variables do not tell apart: they are nearly always symmetric
_ROUNDS = 3  # of telling variables apart by where they stand, and where those beside them stand
_REMEMBERED = 1 << 16

_Roles: TypeAlias = dict[Variable, str]


class _IllFormedError(Exception):
    """Why a term is not allowed."""


def canonical(term: Term) -> Term:
    """Give the form that all terms of the same meaning share.

    Components of `& | && || &| <-> <=> {} []` are sorted and merged, `& | && || &/` flattened, sets combined, double
    negations removed, junctions of one part replaced by it, `S ==> (P ==> Q)` becomes `(&&, S, P) ==> Q`, and variables
    are named 1, 2, ... in the order of their appearance: statements that differ in the names of variables are equal.

    >>> from hybridattn.reasoning import parse_term
    >>> print(canonical(parse_term("<(&&, <$who --> wise>, (--, (--, <$who --> kind>))) ==> <$who --> good>>")))
    <(&&, <$1 --> kind>, <$1 --> wise>) ==> <$1 --> good>>
    >>> print(canonical(parse_term("({Mars} | {Venus, Mars})")))
    {Mars, Venus}

    Raises:
        ArgumentError: the term is not allowed; says why (see `fault`).
    """
    try:
        return renamed(_rebuilt(term))
    except _IllFormedError as error:
        raise ArgumentError(f"{error}; got {term}") from None


def fault(term: Term) -> str:
    """Say why NAL does not allow `term` as the content of a sentence; the empty text where it does.

    >>> from hybridattn.reasoning import parse_term
    >>> fault(parse_term("<bird --> bird>"))
    'subject and predicate must differ'
    >>> fault(parse_term("<bird --> animal>"))
    ''
    """
    try:
        return loose(renamed(_rebuilt(term)))
    except _IllFormedError as error:
        return str(error)


def loose(term: Term) -> str:
    """Say why a canonical term is no sentence although it is a term: an independent variable that nothing binds."""
    if isinstance(term, Variable):
        return "a sentence must not be a bare variable"
    return _unbound(term)


def _unbound(term: Term) -> str:
    if isinstance(term, Variable):
        return f"an independent variable must stand inside ==> or <=>: {term}" if term.kind == "$" else ""
    if isinstance(term, Statement):
        if term.copula in IMPLICATIONS:
            return ""
        return _unbound(term.subject) or _unbound(term.predicate)
    return next(filter(None, map(_unbound, term.parts)), "") if isinstance(term, Compound) else ""


def _rebuilt(term: Term) -> Term:
    if isinstance(term, Statement):
        return _statement(term.copula, _rebuilt(term.subject), _rebuilt(term.predicate))
    if isinstance(term, Compound):
        return _compound(term.connector, tuple([_rebuilt(part) for part in term.parts]))
    return term


def statement(copula: str, subject: Term, predicate: Term) -> Term | None:
    """Give the canonical statement of canonical terms, None where it is not allowed."""
    try:
        return _statement(copula, subject, predicate)
    except (_IllFormedError, ArgumentError):
        return None


def compound(connector: str, parts: tuple[Term, ...]) -> Term | None:
    """Give the canonical compound of canonical terms, None where it is not allowed."""
    try:
        return _compound(connector, parts)
    except (_IllFormedError, ArgumentError):
        return None


def replaced(term: Term, bindings: dict[Variable, Term]) -> Term | None:
    """Give canonical `term` with variables replaced, canonical but for the names of variables; None if not allowed."""
    try:
        return _rebuilt(substitute(term, bindings))
    except (_IllFormedError, ArgumentError):
        return None


def _statement(copula: str, subject: Term, predicate: Term) -> Term:
    if copula == "==>" and isinstance(predicate, Statement) and predicate.copula == "==>":
        return _statement("==>", _compound("&&", (subject, predicate.subject)), predicate.predicate)
    if copula in SYMMETRIC and _before(predicate, subject):
        subject, predicate = predicate, subject
    if why := _forbidden(copula, subject, predicate):
        raise _IllFormedError(why)
    return Statement(copula, subject, predicate)


def _forbidden(copula: str, subject: Term, predicate: Term) -> str:
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


def is_part(part: Term, whole: Term) -> bool:
    """Tell whether `part` is a component of a compound or a side of a statement, directly."""
    if isinstance(whole, Compound):
        return part in whole.parts
    return isinstance(whole, Statement) and (whole.subject == part or whole.predicate == part)


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
        parts = tuple(sorted(dict.fromkeys(parts), key=_order))
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
            raise _IllFormedError(f"the sets in ({connector}, ...) have nothing in common")
        rest.append(_compound(shared, tuple(both)))
    return tuple(rest)


def _difference(connector: str, parts: tuple[Term, ...]) -> Term:
    if len(parts) != 2:
        raise _IllFormedError(f"({connector}, ...) must have two parts")
    first, second = parts
    if first == second:
        raise _IllFormedError(f"the parts of ({connector}, ...) must differ")
    kept, taken = _of_set(_LESS[connector], first), _of_set(_LESS[connector], second)
    if not (kept and taken):
        return Compound(connector, parts)
    left = tuple(part for part in kept if part not in taken)
    if not left:
        raise _IllFormedError(f"the difference of sets ({connector}, ...) is empty")
    return _compound(_LESS[connector], left)


@lru_cache(_REMEMBERED)
def _order(term: Term) -> str:
    """The text of a term without the names of its variables."""
    if isinstance(term, Variable):
        return term.kind
    if isinstance(term, Statement):
        return f"<{_order(term.subject)} {term.copula} {_order(term.predicate)}>"
    if isinstance(term, Compound):
        return f"({term.connector} {' '.join(map(_order, term.parts))})"
    return str(term)


def _before(one: Term, other: Term) -> bool:
    return _order(one) < _order(other)


@lru_cache(_REMEMBERED)
def is_ground(term: Term) -> bool:
    """Tell whether a term has no variable."""
    if isinstance(term, Statement):
        return is_ground(term.subject) and is_ground(term.predicate)
    if isinstance(term, Compound):
        return all(map(is_ground, term.parts))
    return not isinstance(term, Variable)


@lru_cache(_REMEMBERED)
def complexity(term: Term) -> int:
    """Count the symbols of a term."""
    if isinstance(term, Statement):
        return 1 + complexity(term.subject) + complexity(term.predicate)
    return 1 + sum(map(complexity, term.parts)) if isinstance(term, Compound) else 1


def renamed(term: Term) -> Term:
    """Name the variables of a term that is canonical but for them: 1, 2, ... in the order of their appearance."""
    if is_ground(term):
        return term
    here = variables(term)
    if len(here) == 1:
        return _numbered(term)
    roles: _Roles = {variable: variable.kind for variable in here}
    for _ in range(_ROUNDS):
        seen = {variable: _text(term, {**roles, variable: "*"}) for variable in here}
        ranks = {text: str(rank) for rank, text in enumerate(sorted(set(seen.values())))}
        roles = {variable: variable.kind + ranks[seen[variable]] for variable in here}
    return min((_numbered(order) for order in _some_orders(term, roles)), key=str)


def _numbered(term: Term) -> Term:
    return substitute(term, {old: Variable(old.kind, str(place)) for place, old in enumerate(variables(term), 1)})


def _text(term: Term, roles: _Roles) -> str:
    """The text of a term with roles for variables; the same for every order of commutative components."""
    if isinstance(term, Variable):
        return roles[term]
    if is_ground(term):
        return _order(term)
    if isinstance(term, Statement):
        sides = [_text(term.subject, roles), _text(term.predicate, roles)]
        return f"<{f' {term.copula} '.join(sorted(sides) if term.copula in SYMMETRIC else sides)}>"
    assert isinstance(term, Compound)
    parts = [_text(part, roles) for part in term.parts]
    return f"({term.connector} {' '.join(sorted(parts) if term.connector in COMMUTATIVE else parts)})"


def _some_orders(term: Term, roles: _Roles) -> list[Term]:
    return list(islice(_orders(term, roles), _TIES))


def _orders(term: Term, roles: _Roles) -> Iterator[Term]:
    """Every order of those components that not even the roles of their variables tell apart."""
    if is_ground(term) or isinstance(term, Variable):
        yield term
    elif isinstance(term, Statement):
        for sides in product(_some_orders(term.subject, roles), _some_orders(term.predicate, roles)):
            for subject, predicate in _with_ties(sides, roles) if term.copula in SYMMETRIC else [sides]:
                yield Statement(term.copula, subject, predicate)
    elif isinstance(term, Compound):
        for parts in product(*[_some_orders(part, roles) for part in term.parts]):
            for order in _with_ties(parts, roles) if term.connector in COMMUTATIVE else [parts]:
                yield Compound(term.connector, order)


def _with_ties(parts: tuple[Term, ...], roles: _Roles) -> Iterator[tuple[Term, ...]]:
    groups: dict[tuple[str, str], list[Term]] = {}
    for part in parts:
        groups.setdefault((_order(part), _text(part, roles)), []).append(part)
    ties = [islice(permutations(groups[key]), _TIES) for key in sorted(groups)]
    for choice in product(*ties):
        yield tuple(chain.from_iterable(choice))
