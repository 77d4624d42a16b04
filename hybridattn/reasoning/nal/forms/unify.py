"""Unification of canonical terms: what must stand for their variables to make them equal."""

from collections.abc import Iterator
from itertools import islice
from typing import Literal, TypeAlias

from hybridattn.reasoning.nal.forms.building import replaced
from hybridattn.reasoning.nal.forms.shape import COMMUTATIVE, SYMMETRIC, is_ground
from hybridattn.reasoning.term import Compound, Statement, Term, Variable, substitute, variables

__all__ = ["MOST", "Substitution", "apart", "closed", "opened", "resolved", "unify"]

Substitution: TypeAlias = dict[Variable, Term]
"""What Narsese variables stand for; a value may hold variables that are themselves bound."""
MOST = 720
"""Ways to pair the components of two commutative compounds that are tried."""


def apart(term: Term) -> Term:
    """Rename the variables of a canonical term so that none is a variable of another canonical term."""
    if is_ground(term):
        return term
    return substitute(term, {old: Variable(old.kind, f"{old.name}b") for old in variables(term)})


def opened(term: Term) -> Term:
    """Turn dependent variables into query variables: whatever fits may stand for them (see `closed`)."""
    return _of_kind(term, "#", "?")


def closed(term: Term) -> Term:
    """Turn query variables back into dependent ones."""
    return _of_kind(term, "?", "#")


def _of_kind(term: Term, old: str, new: Literal["#", "?"]) -> Term:
    if is_ground(term):
        return term
    return substitute(term, {found: Variable(new, found.name) for found in variables(term) if found.kind == old})


def resolved(term: Term, bindings: Substitution) -> Term | None:
    """Give `term` with every bound variable replaced, canonical but for names; None where the result is not allowed."""
    if not bindings or is_ground(term):
        return term
    while any(variable in bindings for variable in variables(term)):
        after = replaced(term, bindings)
        if after is None:
            return None
        term = after
    return term


def unify(one: Term, other: Term, kinds: str = "$", bindings: Substitution | None = None) -> Iterator[Substitution]:
    """Find the substitutions that make two terms equal; components of commutative compounds in any order.

    Args:
        one: a term.
        other: a term that shares no variable with `one` (see `apart`), unless it is meant to.
        kinds: the kinds of variables that may be bound to any term. Dependent variables may always be renamed.
        bindings: what is bound before.

    Yields:
        Substitutions; a value may hold variables that are bound in turn.
    """
    bound = {} if bindings is None else bindings
    one, other = _seen(one, bound), _seen(other, bound)
    if one == other:
        yield bound
    elif isinstance(one, Variable) and _may(one, other, kinds):
        if not _occurs(one, other, bound):
            yield {**bound, one: other}
    elif isinstance(other, Variable) and _may(other, one, kinds):
        if not _occurs(other, one, bound):
            yield {**bound, other: one}
    elif not (is_ground(one) and is_ground(other)):
        yield from _unify_parts(one, other, kinds, bound)


def _seen(term: Term, bindings: Substitution) -> Term:
    while isinstance(term, Variable) and term in bindings:
        term = bindings[term]
    return term


def _may(variable: Variable, term: Term, kinds: str) -> bool:
    if variable.kind in kinds:
        return True
    return isinstance(term, Variable) and term.kind == variable.kind


def _occurs(variable: Variable, term: Term, bindings: Substitution) -> bool:
    waiting, done = list(variables(term)), set()
    while waiting:
        here = waiting.pop()
        if here == variable:
            return True
        if here in bindings and here not in done:
            done.add(here)
            waiting.extend(variables(bindings[here]))
    return False


def _unify_parts(one: Term, other: Term, kinds: str, bindings: Substitution) -> Iterator[Substitution]:
    if isinstance(one, Statement) and isinstance(other, Statement) and one.copula == other.copula:
        sides = (other.subject, other.predicate)
        yield from _unify_all((one.subject, one.predicate), sides, kinds, bindings)
        if one.copula in SYMMETRIC:
            yield from _unify_all((one.subject, one.predicate), sides[::-1], kinds, bindings)
    elif isinstance(one, Compound) and isinstance(other, Compound):
        if one.connector != other.connector or len(one.parts) != len(other.parts):
            return
        if one.connector in COMMUTATIVE:
            yield from islice(_unify_unordered(one.parts, other.parts, kinds, bindings), MOST)
        else:
            yield from _unify_all(one.parts, other.parts, kinds, bindings)


def _unify_unordered(
    ones: tuple[Term, ...], others: tuple[Term, ...], kinds: str, bindings: Substitution
) -> Iterator[Substitution]:
    if not ones:
        yield bindings
        return
    for place, other in enumerate(others):
        for first in unify(ones[0], other, kinds, bindings):
            yield from _unify_unordered(ones[1:], others[:place] + others[place + 1 :], kinds, first)


def _unify_all(
    ones: tuple[Term, ...], others: tuple[Term, ...], kinds: str, bindings: Substitution
) -> Iterator[Substitution]:
    if not ones:
        yield bindings
        return
    for first in unify(ones[0], others[0], kinds, bindings):
        yield from _unify_all(ones[1:], others[1:], kinds, first)
