"""Which premises can meet: a rule with two premises joins on a term that both hold; sentences are kept by it."""

from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from hybridattn.reasoning.nal.forms.canonical import meaning
from hybridattn.reasoning.nal.forms.matching import is_rest
from hybridattn.reasoning.nal.forms.shape import SYMMETRIC, is_ground
from hybridattn.reasoning.nal.table.introduction import statements_in
from hybridattn.reasoning.nal.table.reading import InferenceRule, Premise
from hybridattn.reasoning.term import Compound, Statement, Term, Variable

__all__ = ["Index", "Join", "Slot", "holdings", "join_of", "variants"]

Slot: TypeAlias = tuple[str, str, str]
"""Punctuation, copula or connector, and place: where in a sentence of which kind a term stands."""

_OPENED = frozenset({"*", "{", "["})
"""Connectors of sides whose components rules may meet in."""

Item = TypeVar("Item")
Feature: TypeAlias = tuple[object, ...]


class Join(NamedTuple):
    """The slots of the first and the second premise that hold the shared term; whether it must be exactly the same."""

    first: Slot
    second: Slot
    exact: bool


def variants(rule: InferenceRule) -> Iterator[tuple[Premise, ...]]:
    """The premises of a rule, and the same with a question in the place of each judgement if the rule `asks`."""
    yield rule.premises
    if "asks" in rule.flags:
        first, second = rule.premises
        yield Premise(first.pattern, "?"), second
        yield first, Premise(second.pattern, "?")


def join_of(rule: InferenceRule, premises: tuple[Premise, ...]) -> tuple[Join, ...]:
    """Give the joins of a rule with two premises: one, or for `sides` one each for subjects and predicates."""
    first, second = premises
    if "sides" in rule.flags:
        return tuple(
            Join((".", "sides", f"outer {side}"), (".", "sides", f"inner {side}"), exact=True)
            for side in ("subject", "predicate")
        )
    if "parts" in rule.flags:
        assert isinstance(first.pattern, Statement)
        return (Join((".", first.pattern.copula, "end"), ("", "", "part"), exact=True),)
    ours, theirs = _places(first), _places(second)
    shared = min((max(ours[v][0], theirs[v][0]), str(v)) for v in ours if v in theirs)[1]
    one, other = (places[Variable("$", shared[1:])][1] for places in (ours, theirs))
    if "same" in rule.flags:
        return (Join((".", "", "meaning"), (".", "", "meaning"), exact=True),)
    return (Join(one, other, exact=False),)


def _places(premise: Premise) -> dict[Variable, tuple[int, Slot]]:
    """Where the variables of a pattern stand, with a rank: the deeper, the worse to join on."""
    mark, pattern = premise.punctuation, premise.pattern
    found: dict[Variable, tuple[int, Slot]] = {}
    if isinstance(pattern, Variable):
        found[pattern] = (0, (mark, "", "whole"))
    elif isinstance(pattern, Statement):
        for side, place in ((pattern.subject, "subject"), (pattern.predicate, "predicate")):
            symmetric = pattern.copula in SYMMETRIC
            if isinstance(side, Variable):
                found[side] = (1, (mark, pattern.copula, "end" if symmetric else place))
            elif isinstance(side, Compound) and side.connector == "&&" and place == "subject":
                for part in side.parts:
                    if isinstance(part, Variable) and not is_rest(part):
                        found[part] = (2, (mark, pattern.copula, "condition"))
            elif isinstance(side, Compound) and side.connector in _OPENED:
                for part in side.parts:
                    if isinstance(part, Variable) and not is_rest(part):
                        found.setdefault(part, (3, (mark, pattern.copula, f"{place} part")))
    elif isinstance(pattern, Compound):
        for part in pattern.parts:
            if isinstance(part, Variable) and not is_rest(part):
                found[part] = (2, (mark, pattern.connector, "part"))
    return found


def holdings(term: Term, mark: str, wanted: frozenset[Slot] | set[Slot]) -> Iterator[tuple[Slot, Term]]:
    """Give the terms that a sentence holds in the wanted slots."""
    for slot, held in _all_holdings(term, mark):
        if slot in wanted:
            yield slot, held


def _all_holdings(term: Term, mark: str) -> Iterator[tuple[Slot, Term]]:
    yield (mark, "", "whole"), term
    yield (mark, "", "meaning"), meaning(term)
    if isinstance(term, Statement):
        copula = term.copula
        yield (mark, copula, "subject"), term.subject
        yield (mark, copula, "predicate"), term.predicate
        for side, place in ((term.subject, "subject part"), (term.predicate, "predicate part")):
            if isinstance(side, Compound) and side.connector in _OPENED:
                for part in side.parts:
                    yield (mark, copula, place), part
        yield (mark, copula, "end"), term.subject
        yield (mark, copula, "end"), term.predicate
        if copula in ("-->", "<->"):
            yield (mark, "sides", "outer subject"), term.subject
            yield (mark, "sides", "outer predicate"), term.predicate
        else:
            for side in (term.subject, term.predicate) if copula == "<=>" else (term.subject,):
                if isinstance(side, Compound) and side.connector == "&&":
                    for part in side.parts:
                        yield (mark, copula, "condition"), part
            yield from _inner(term, mark)
    elif isinstance(term, Compound):
        for part in term.parts:
            yield (mark, term.connector, "part"), part
            yield (mark, "", "part"), part
        if term.connector == "&&":
            yield from _inner(term, mark)


def _inner(term: Term, mark: str) -> Iterator[tuple[Slot, Term]]:
    for statement in statements_in(term):
        yield (mark, "sides", "inner subject"), statement.subject
        yield (mark, "sides", "inner predicate"), statement.predicate


def _features(term: Term) -> Iterator[Feature]:
    """What a term must share with each term that it can be unified with, if that one has it too."""
    if isinstance(term, Statement):
        symmetric = term.copula in SYMMETRIC
        for place, side in enumerate((term.subject, term.predicate)):
            if is_ground(side):
                yield (term.copula, 2 if symmetric else place, side)


def _shape(term: Term) -> Feature:
    if isinstance(term, Statement):
        return (term.copula,)
    return (term.connector, len(term.parts)) if isinstance(term, Compound) else ()


class Index(Generic[Item]):
    """Items by the terms that they hold: found by the same term, or by one that could be unified with it.

    A bare variable meets nothing.
    """

    def __init__(self) -> None:
        self._exact: dict[tuple[Slot, Term], list[Item]] = {}
        self._ground: dict[tuple[Slot, Feature], list[Item]] = {}
        self._open: dict[tuple[Slot, Feature], list[Item]] = {}

    def add(self, slot: Slot, term: Term, item: Item) -> None:
        """Keep `item` under what it holds."""
        if isinstance(term, Variable):
            return
        self._exact.setdefault((slot, term), []).append(item)
        if isinstance(term, Statement | Compound):
            kept = self._ground if is_ground(term) else self._open
            features = list(_features(term))
            for feature in features:
                kept.setdefault((slot, feature), []).append(item)
            kept.setdefault((slot, _shape(term)), []).append(item)
            if kept is self._open and not features:
                kept.setdefault((slot, ("loose", *_shape(term))), []).append(item)

    def find(self, slot: Slot, term: Term, *, exact: bool) -> Iterable[Item]:
        """Find the items that hold in `slot` the same term or, unless `exact`, one that may be unified with it."""
        if isinstance(term, Variable):
            return ()
        same = self._exact.get((slot, term), ())
        if exact or not isinstance(term, Statement | Compound):
            return same
        if is_ground(term):
            found = list(same)
            for feature in _features(term):
                found += self._open.get((slot, feature), ())
            found += self._open.get((slot, ("loose", *_shape(term))), ())
            return found
        feature = next(_features(term), _shape(term))
        return [*self._ground.get((slot, feature), ()), *self._open.get((slot, _shape(term)), ())]
