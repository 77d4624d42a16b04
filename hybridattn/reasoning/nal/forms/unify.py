"""Matching and unification of canonical terms.

Two kinds of variables meet here. Those of Narsese stand in premises: `$x` for all, `#x` there is, `?x` which. Those of
a rule stand in its patterns: `$M` is one term; `#C` in a compound is the rest of its components, one or more.
"""

from collections.abc import Iterator, Mapping
from itertools import islice, permutations
from typing import Literal, NamedTuple, TypeAlias

from hybridattn.reasoning.nal.forms.canonical import (
    COMMUTATIVE,
    JUNCTIONS,
    SYMMETRIC,
    compound,
    is_ground,
    replaced,
    statement,
)
from hybridattn.reasoning.term import Compound, Statement, Term, Variable, substitute, variables

__all__ = ["apart", "filled", "matches", "unify"]

Substitution: TypeAlias = dict[Variable, Term]
"""What Narsese variables stand for; a value may hold variables that are themselves bound."""
MOST = 720
"""Ways to pair the components of two commutative compounds that are tried."""


class Match(NamedTuple):
    """What the variables of a pattern stand for, and the substitution that makes the premises fit together."""

    terms: Mapping[Variable, Term]
    rests: Mapping[Variable, tuple[Term, ...]]
    substitution: Substitution


NOTHING = Match({}, {}, {})


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


def matches(pattern: Term, term: Term, kinds: str = "$", so_far: Match = NOTHING) -> Iterator[Match]:
    """Find the ways in which a pattern of a rule fits a canonical term."""
    if isinstance(pattern, Variable):
        bound = so_far.terms.get(pattern)
        if bound is None:
            yield so_far._replace(terms={**so_far.terms, pattern: term})
        else:
            for bindings in unify(bound, term, kinds, so_far.substitution):
                yield so_far._replace(substitution=bindings)
    elif isinstance(pattern, Statement):
        if isinstance(term, Statement) and term.copula == pattern.copula:
            yield from _all_match((pattern.subject, pattern.predicate), (term.subject, term.predicate), kinds, so_far)
            if term.copula in SYMMETRIC:
                sides = (term.predicate, term.subject)
                yield from _all_match((pattern.subject, pattern.predicate), sides, kinds, so_far)
    elif isinstance(pattern, Compound):
        if isinstance(term, Compound) and term.connector == pattern.connector:
            yield from _parts_match(pattern, term, kinds, so_far)
    elif pattern == term:
        yield so_far


def _all_match(patterns: tuple[Term, ...], terms: tuple[Term, ...], kinds: str, so_far: Match) -> Iterator[Match]:
    if not patterns:
        yield so_far
        return
    for first in matches(patterns[0], terms[0], kinds, so_far):
        yield from _all_match(patterns[1:], terms[1:], kinds, first)


def is_rest(pattern: Term) -> bool:
    """Tell whether a part of a pattern is the rest of the components."""
    return isinstance(pattern, Variable) and pattern.kind == "#"


def _parts_match(pattern: Compound, term: Compound, kinds: str, so_far: Match) -> Iterator[Match]:
    rest = pattern.parts[-1]
    if isinstance(rest, Variable) and is_rest(rest):
        for left, found in _picked(pattern, term.parts, kinds, so_far):
            if left and rest not in found.rests:
                yield found._replace(rests={**found.rests, rest: left})
    elif len(pattern.parts) == len(term.parts):
        orders = permutations(term.parts) if pattern.connector in COMMUTATIVE else [term.parts]
        for order in orders:
            yield from _all_match(pattern.parts, order, kinds, so_far)


def _picked(
    pattern: Compound, parts: tuple[Term, ...], kinds: str, so_far: Match
) -> Iterator[tuple[tuple[Term, ...], Match]]:
    """Fit all patterns but the rest, each to one component or, if it is bound to a like compound, to its parts."""
    if len(pattern.parts) == 1:
        yield parts, so_far
        return
    wanted = pattern.parts[0]
    taken = _taken(wanted, pattern.connector, so_far)
    if taken is not None:
        left = tuple(part for part in parts if part not in taken)
        found = [(left, so_far)] if len(left) + len(taken) == len(parts) else []
    else:
        found = [
            (parts[:place] + parts[place + 1 :], match)
            for place, part in enumerate(parts)
            for match in matches(wanted, part, kinds, so_far)
        ]
    for left, match in found:
        if len(pattern.parts) == 2:
            yield left, match
        else:
            yield from _picked(Compound(pattern.connector, pattern.parts[1:]), left, kinds, match)


def _taken(wanted: Term, connector: str, so_far: Match) -> tuple[Term, ...] | None:
    """Give the components that are spoken for, if `wanted` stands for several."""
    if not isinstance(wanted, Variable):
        return None
    if is_rest(wanted):
        return so_far.rests.get(wanted, ())
    bound = so_far.terms.get(wanted)
    if isinstance(bound, Compound) and bound.connector == connector and connector in JUNCTIONS:
        return bound.parts
    return None


def filled(pattern: Term, match: Match) -> Term | None:
    """Put what was found into a pattern: canonical but for the names of variables; None where it is not allowed."""
    term = _put(pattern, match)
    return None if term is None else resolved(term, match.substitution)


def _put(pattern: Term, match: Match) -> Term | None:
    if isinstance(pattern, Variable):
        return match.terms[pattern]
    if isinstance(pattern, Statement):
        subject, predicate = _put(pattern.subject, match), _put(pattern.predicate, match)
        return None if subject is None or predicate is None else statement(pattern.copula, subject, predicate)
    if isinstance(pattern, Compound):
        parts: list[Term] = []
        for part in pattern.parts:
            if isinstance(part, Variable) and is_rest(part):
                parts.extend(match.rests[part])
            else:
                put = _put(part, match)
                if put is None:
                    return None
                parts.append(put)
        return compound(pattern.connector, tuple(parts))
    return pattern
