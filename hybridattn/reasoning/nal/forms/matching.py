"""Patterns of rules: what in a premise stands for which of their variables.

Two kinds of variables meet here. Those of Narsese stand in premises: `$x` for all, `#x` there is, `?x` which. Those of
a rule stand in its patterns: `$M` is one term; `#C` in a compound is the rest of its components, one or more.
"""

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import NamedTuple

from hybridattn.reasoning.nal.forms.building import compound, statement
from hybridattn.reasoning.nal.forms.shape import COMMUTATIVE, JUNCTIONS, SYMMETRIC
from hybridattn.reasoning.nal.forms.unify import Substitution, resolved, unify
from hybridattn.reasoning.term import Compound, Statement, Term, Variable

__all__ = ["Match", "filled", "is_rest", "matches"]


class Match(NamedTuple):
    """What the variables of a pattern stand for, and the substitution that makes the premises fit together."""

    terms: Mapping[Variable, Term]
    rests: Mapping[Variable, tuple[Term, ...]]
    substitution: Substitution


NOTHING = Match({}, {}, {})


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
