"""Names of variables: terms that differ in nothing else become equal."""

from collections.abc import Iterator
from itertools import chain, islice, permutations, product
from typing import TypeAlias

from hybridattn.reasoning.nal.forms.shape import COMMUTATIVE, SYMMETRIC, is_ground, order
from hybridattn.reasoning.term import Compound, Statement, Term, Variable, substitute, variables

__all__ = ["renamed"]

_TIES = 24  # orders of components that the roles of their variables do not tell apart: they are nearly always symmetric
_ROUNDS = 3  # of telling variables apart by where they stand, and where those beside them stand

_Roles: TypeAlias = dict[Variable, str]


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
        return order(term)
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
        groups.setdefault((order(part), _text(part, roles)), []).append(part)
    ties = [islice(permutations(groups[key]), _TIES) for key in sorted(groups)]
    for choice in product(*ties):
        yield tuple(chain.from_iterable(choice))
