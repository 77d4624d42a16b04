"""Two conditionals with one consequence and some conditions in common: what sets them apart is compared."""

from collections.abc import Iterator
from itertools import islice

from hybridattn.reasoning.nal.forms.building import compound
from hybridattn.reasoning.nal.forms.building import statement as statement_of
from hybridattn.reasoning.nal.forms.unify import MOST, Substitution, resolved, unify
from hybridattn.reasoning.nal.table.result import Result
from hybridattn.reasoning.term import Compound, Statement, Term

__all__ = ["conditional_abduction"]


def conditional_abduction(first: Term, second: Term) -> Iterator[Result]:
    """{(&&, C, X) ==> P, (&&, C, Y) ==> P} |- X ==> Y, with C all common conditions; {C ==> P, (&&, C, Y) ==> P} |- Y.

    Consequences and conditions are unified, dependent variables in conditions too.
    """
    assert isinstance(first, Statement)
    assert isinstance(second, Statement)
    ones, others = _conditions(first.subject), _conditions(second.subject)
    for bindings in unify(first.predicate, second.predicate):
        same = tuple(one for one in ones if one in others)
        ours, theirs = (tuple(part for part in side if part not in same) for side in (ones, others))
        ways = list(islice(_shared(ours, theirs, bindings), MOST))
        most = max(len(way[0]) for way in ways)
        for common, left, right, found in ways:
            if (same or common) and right and len(common) == most:
                yield Result(_concluded(left, right, found))


def _conditions(term: Term) -> tuple[Term, ...]:
    return term.parts if isinstance(term, Compound) and term.connector == "&&" else (term,)


_Way = tuple[tuple[Term, ...], tuple[Term, ...], tuple[Term, ...], Substitution]


def _shared(ones: tuple[Term, ...], others: tuple[Term, ...], bindings: Substitution) -> Iterator[_Way]:
    """Every way to pair conditions: what is paired, what is left of each side, what the variables stand for."""
    if not ones:
        yield (), (), others, bindings
        return
    first, rest = ones[0], ones[1:]
    for place, other in enumerate(others):
        for found in unify(first, other, "$#", bindings):
            for common, left, right, after in _shared(rest, others[:place] + others[place + 1 :], found):
                yield (first, *common), left, right, after
    for common, left, right, after in _shared(rest, others, bindings):
        yield common, (first, *left), right, after


def _concluded(left: tuple[Term, ...], right: tuple[Term, ...], bindings: Substitution) -> Term | None:
    conclusion = compound("&&", right)
    if left and conclusion is not None:
        premise = compound("&&", left)
        conclusion = None if premise is None else statement_of("==>", premise, conclusion)
    return None if conclusion is None else resolved(conclusion, bindings)
