"""What no pattern can say: the conclusions that lines of the rule table name as `@function`.

Each function takes the terms of the premises, canonical and without a variable in common, and yields conclusions.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from hybridattn.reasoning.nal.forms.building import compound, statement
from hybridattn.reasoning.nal.forms.relations import is_relational, normal, restated
from hybridattn.reasoning.nal.table.conditional import conditional_abduction
from hybridattn.reasoning.nal.table.introduction import (
    condition_added,
    condition_generalised,
    conjunction_extended,
    conjunction_introduced,
    equivalence_introduced,
    implication_introduced,
)
from hybridattn.reasoning.nal.table.result import Result
from hybridattn.reasoning.term import Compound, Statement, Term

__all__ = ["FUNCTIONS", "Function", "component_replaced", "componentwise", "relational_forms"]

Function: TypeAlias = Callable[..., Iterator[Result]]


def component_replaced(first: Term, known: Term) -> Iterator[Result]:
    """{S --> P, C} |- C --> C[S := P] for a compound C with component S; also C[P := S] --> C, and for `<->`.

    The direction turns round in the second place of a difference and in the places of an image other than the
    relation. Sets keep a similarity only.
    """
    assert isinstance(first, Statement)
    if not isinstance(known, Compound) or known.connector in ("--", "&&", "||"):
        return
    if known.connector in ("{", "[") and first.copula != "<->":
        return
    for old, new, forward in ((first.subject, first.predicate, True), (first.predicate, first.subject, False)):
        for place, part in enumerate(known.parts):
            if part == old:
                changed = compound(known.connector, (*known.parts[:place], new, *known.parts[place + 1 :]))
                if changed is not None:
                    onward = forward != _turns(known, place)
                    yield Result(statement(first.copula, *((known, changed) if onward else (changed, known))))


def _turns(whole: Compound, place: int) -> bool:
    if whole.connector in ("-", "~"):
        return place == 1
    return whole.connector in ("/", "\\") and place > 0


def relational_forms(first: Term) -> Iterator[Result]:
    """(*, A, B) --> R, A --> (/, R, _, B) and B --> (/, R, A, _) say the same; so do R --> (*, A, B) and its images.

    Any number of components; also inside one condition of an implication, an equivalence or a conjunction. First comes
    the form that all forms share.
    """
    if not is_relational(first):
        return
    found = dict.fromkeys((normal(first), *_forms(first)))
    found.pop(first, None)
    yield from map(Result, found)


def _forms(term: Term) -> Iterator[Term]:
    yield from restated(term)
    if isinstance(term, Statement) and term.copula in ("==>", "<=>"):
        for subject in _forms_of_conditions(term.subject):
            yield from _allowed(statement(term.copula, subject, term.predicate))
        for predicate in _forms_of_conditions(term.predicate):
            yield from _allowed(statement(term.copula, term.subject, predicate))
    elif isinstance(term, Compound) and term.connector == "&&":
        yield from _forms_of_conditions(term)


def _forms_of_conditions(term: Term) -> Iterator[Term]:
    if not (isinstance(term, Compound) and term.connector == "&&"):
        yield from restated(term)
        return
    for place, part in enumerate(term.parts):
        for form in restated(part):
            yield from _allowed(compound("&&", (*term.parts[:place], form, *term.parts[place + 1 :])))


def _allowed(term: Term | None) -> tuple[Term, ...]:
    return () if term is None else (term,)


def componentwise(first: Term) -> Iterator[Result]:
    """(*, A, B) --> (*, C, D) |- A --> C and B --> D; {A} --> {B} |- A --> B, likewise for [A] and for `<->`."""
    if not isinstance(first, Statement) or first.copula not in ("-->", "<->"):
        return
    one, other = first.subject, first.predicate
    if not (isinstance(one, Compound) and isinstance(other, Compound)) or one.connector != other.connector:
        return
    paired = one.connector == "*" or (one.connector in ("{", "[") and len(one.parts) == 1)
    if paired and len(one.parts) == len(other.parts):
        for subject, predicate in zip(one.parts, other.parts, strict=True):
            yield Result(statement(first.copula, subject, predicate))


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            component_replaced,
            relational_forms,
            componentwise,
            conditional_abduction,
            implication_introduced,
            equivalence_introduced,
            conjunction_introduced,
            conjunction_extended,
            condition_generalised,
            condition_added,
        )
    }
)
"""The functions that a line of the rule table can name."""
