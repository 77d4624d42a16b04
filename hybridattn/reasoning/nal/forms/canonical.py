"""Canonical forms: terms that mean the same by definition become equal terms; what NAL does not allow is refused."""

from functools import lru_cache

from hybridattn.errors import ArgumentError
from hybridattn.reasoning.nal.forms.building import IllFormedError, rebuilt
from hybridattn.reasoning.nal.forms.naming import renamed
from hybridattn.reasoning.nal.forms.relations import is_relational, normal
from hybridattn.reasoning.nal.forms.shape import IMPLICATIONS
from hybridattn.reasoning.term import Compound, Statement, Term, Variable

__all__ = ["as_written", "canonical", "fault", "loose", "meaning", "says_nothing"]

_REMEMBERED = 1 << 16


def canonical(term: Term) -> Term:
    """Give the form that all terms of the same meaning share.

    Components of `& | && || &| <-> <=> {} []` are sorted and merged, `& | && || &/` flattened, sets combined, double
    negations removed, junctions of one part replaced by it, `S ==> (P ==> Q)` becomes `(&&, S, P) ==> Q`, images become
    products (`A --> (/, R, _, B)` and `B --> (/, R, A, _)` become `(*, A, B) --> R`, see `relations`), and variables
    are named 1, 2, ... in the order of their appearance: statements that differ in the names of variables are equal.

    >>> from hybridattn.reasoning import parse_term
    >>> print(canonical(parse_term("<(&&, <$who --> wise>, (--, (--, <$who --> kind>))) ==> <$who --> good>>")))
    <(&&, <$1 --> kind>, <$1 --> wise>) ==> <$1 --> good>>
    >>> print(canonical(parse_term("({Mars} | {Venus, Mars})")))
    {Mars, Venus}
    >>> print(canonical(parse_term("<base --> (/, reaction, acid, _)>")))
    <(*, acid, base) --> reaction>

    Raises:
        ArgumentError: the term is not allowed; says why (see `fault`).
    """
    return meaning(as_written(term))


def as_written(term: Term) -> Term:
    """Give the canonical form of a term except that relations stay as they are written, products or images.

    Each form of a relation has a subject and a predicate of its own: the engine reasons with all of them.

    Raises:
        ArgumentError: as `canonical` does.
    """
    try:
        return renamed(rebuilt(term))
    except IllFormedError as error:
        raise ArgumentError(f"{error}; got {term}") from None


def meaning(term: Term) -> Term:
    """Give `canonical` of a term that is `as_written` already: it says the same in whichever form."""
    return _normal_form(term) if is_relational(term) else term


@lru_cache(_REMEMBERED)
def _normal_form(term: Term) -> Term:
    return renamed(normal(term))


def says_nothing(term: Term) -> bool:
    """Tell whether a term that is `as_written` relates a statement to itself in another form."""
    if not isinstance(term, Statement) or not isinstance(term.subject, Statement):
        return False
    return is_relational(term) and normal(term.subject) == normal(term.predicate)


def fault(term: Term) -> str:
    """Say why NAL does not allow `term` as the content of a sentence; the empty text where it does.

    >>> from hybridattn.reasoning import parse_term
    >>> fault(parse_term("<bird --> bird>"))
    'subject and predicate must differ'
    >>> fault(parse_term("<bird --> animal>"))
    ''
    """
    try:
        return loose(renamed(rebuilt(term)))
    except IllFormedError as error:
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
