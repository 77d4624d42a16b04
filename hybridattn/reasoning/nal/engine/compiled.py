"""Rules whose premises are plain statements, compiled: for terms without variables they conclude what `inference` does.

Sides of premises are numbered: subject and predicate of the first 0 and 1, of the second 2 and 3.
"""

from collections.abc import Callable, Iterator
from itertools import combinations, product
from typing import NamedTuple, TypeAlias

from hybridattn.reasoning.nal.engine.inference import are_apart
from hybridattn.reasoning.nal.forms.building import compound, statement
from hybridattn.reasoning.nal.forms.shape import SYMMETRIC
from hybridattn.reasoning.nal.table.reading import InferenceRule
from hybridattn.reasoning.term import Compound, Statement, Term, Variable

__all__ = ["Compiled", "compiled"]

Sides: TypeAlias = tuple[Term, ...]
Builder: TypeAlias = Callable[[Sides], Term | None]
Compiled: TypeAlias = Callable[[Term, Term], list[Term]]

_PLAIN = frozenset({"overlap", "asks", "observed", "apart", "opposed", "stated"})


class _Reading(NamedTuple):
    """One way to read the premises: sides that must be equal, sides that must be apart, and what follows."""

    equal: tuple[tuple[int, int], ...]
    apart: tuple[int, int] | None
    build: Builder


def compiled(rule: InferenceRule) -> Compiled | None:
    """Compile a rule with two premises of the form `<$X copula $Y>`; None for any other."""
    patterns = [premise.pattern for premise in rule.premises]
    if len(patterns) != 2 or not isinstance(rule.conclusion, Term) or not rule.flags <= _PLAIN:
        return None
    if not all(isinstance(p, Statement) and _bare(p.subject) and _bare(p.predicate) for p in patterns):
        return None
    first, second = patterns
    assert isinstance(first, Statement)
    assert isinstance(second, Statement)
    readings = list(_readings(rule, first, second))
    copulas = first.copula, second.copula

    def conclude(one: Term, other: Term) -> list[Term]:
        if not (isinstance(one, Statement) and isinstance(other, Statement)):
            return []
        if (one.copula, other.copula) != copulas:
            return []
        sides = (one.subject, one.predicate, other.subject, other.predicate)
        found = []
        for equal, apart, build in readings:
            for a, b in equal:
                if sides[a] is not sides[b] and sides[a] != sides[b]:
                    break
            else:
                if apart is None or are_apart(sides[apart[0]], sides[apart[1]]):
                    term = build(sides)
                    if term is not None:
                        found.append(term)
        return found

    return conclude


def _bare(side: Term) -> bool:
    return isinstance(side, Variable) and side.kind == "$"


def _readings(rule: InferenceRule, first: Statement, second: Statement) -> Iterator[_Reading]:
    ways = [[(0, 1), (1, 0)] if pattern.copula in SYMMETRIC else [(0, 1)] for pattern in (first, second)]
    variables = (first.subject, first.predicate, second.subject, second.predicate)
    for (a, b), (c, d) in product(*ways):
        at: dict[Term, list[int]] = {}
        for variable, place in zip(variables, (a, b, 2 + c, 2 + d), strict=True):
            at.setdefault(variable, []).append(place)
        equal = tuple(pair for places in at.values() for pair in combinations(places, 2))
        place_of = {variable: places[0] for variable, places in at.items()}
        apart = None
        if "apart" in rule.flags:
            apart = (place_of[Variable("$", "A")], place_of[Variable("$", "B")])
        assert isinstance(rule.conclusion, Term)
        yield _Reading(equal, apart, _builder(rule.conclusion, place_of))


def _builder(pattern: Term, place_of: dict[Term, int]) -> Builder:
    if isinstance(pattern, Statement) and pattern.subject in place_of and pattern.predicate in place_of:
        copula, left, right = pattern.copula, place_of[pattern.subject], place_of[pattern.predicate]
        return lambda sides: statement(copula, sides[left], sides[right])
    if isinstance(pattern, Variable):
        place = place_of[pattern]
        return lambda sides: sides[place]
    if isinstance(pattern, Statement):
        return _statement_builder(pattern, place_of)
    assert isinstance(pattern, Compound)
    return _compound_builder(pattern, place_of)


def _statement_builder(pattern: Statement, place_of: dict[Term, int]) -> Builder:
    subject, predicate = _builder(pattern.subject, place_of), _builder(pattern.predicate, place_of)

    def build(sides: Sides) -> Term | None:
        one, other = subject(sides), predicate(sides)
        return None if one is None or other is None else statement(pattern.copula, one, other)

    return build


def _compound_builder(pattern: Compound, place_of: dict[Term, int]) -> Builder:
    parts = [_builder(part, place_of) for part in pattern.parts]

    def build(sides: Sides) -> Term | None:
        made = [part(sides) for part in parts]
        return compound(pattern.connector, tuple([part for part in made if part is not None]))

    return build
