"""The rule table made ready: which rules to try where a term is found."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hybridattn.reasoning.nal.engine.compiled import Compiled, compiled
from hybridattn.reasoning.nal.engine.index import Slot, join_of, variants
from hybridattn.reasoning.nal.engine.inference import NO_EVIDENCE, Sentential, applied, truth_of
from hybridattn.reasoning.nal.forms.shape import COMMUTATIVE, SYMMETRIC
from hybridattn.reasoning.nal.table.reading import InferenceRule
from hybridattn.reasoning.term import Compound, Statement, Term, Variable, substitute, variables
from hybridattn.reasoning.truth import Truth

__all__ = ["Plan", "Way"]


class Ready(NamedTuple):
    """A rule, compiled if it can be; may its premises rest on the same evidence, must the first be an input?"""

    rule: InferenceRule
    compiled: Compiled | None
    overlap: bool
    stated: bool

    def conclusions(self, premises: Sequence[Sentential], ground: bool) -> Iterable[tuple[Term, Truth | None]]:
        """Draw what `applied` draws, by the compiled rule if all terms are without variables (`ground`)."""
        if self.compiled is None or not ground:
            return applied(self.rule, premises)
        terms = self.compiled(premises[0].term, premises[1].term)
        if not terms:
            return ()
        value = truth_of(self.rule, premises)
        return () if value is NO_EVIDENCE else [(term, value) for term in terms]


class Way(NamedTuple):
    """Where to look for the other premise, in which order the two are, and the rules to apply."""

    slot: Slot
    exact: bool
    given_first: bool
    rules: tuple[Ready, ...]


class Plan:
    """The rules by the slots through which their premises meet; one-premise rules by copula or connector."""

    def __init__(self, rules: Iterable[InferenceRule], *, strict: bool = False) -> None:
        table = tuple(rules)
        ways: dict[Slot, dict[tuple[Slot, bool, bool], list[InferenceRule]]] = {}
        for rule in table:
            if len(rule.premises) == 2:
                for premises in variants(rule):
                    for join in join_of(rule, premises):
                        ways.setdefault(join.first, {}).setdefault((join.second, join.exact, True), []).append(rule)
                        if join.first != join.second or not is_even(rule):
                            key = (join.first, join.exact, False)
                            ways.setdefault(join.second, {}).setdefault(key, []).append(rule)
        self.ways: dict[Slot, tuple[Way, ...]] = {
            slot: tuple(Way(*key, _ready(found, strict)) for key, found in keys.items()) for slot, keys in ways.items()
        }
        self.slots = frozenset(ways)
        self.words = frozenset(word for rule in table for word in rule.words)
        self._alone = _ready([rule for rule in table if len(rule.premises) == 1], strict)
        self.forms = tuple(ready for ready in self._alone if ready.rule.is_form)
        self._by_shape: dict[str, Sequence[Ready]] = {}

    def alone(self, term: Term) -> Sequence[Ready]:
        """Give the rules that a judgement of this term may be the only premise of."""
        shape = _shape(term)
        if shape not in self._by_shape:
            self._by_shape[shape] = [
                ready for ready in self._alone if _shape(ready.rule.premises[0].pattern) in (shape, "")
            ]
        return self._by_shape[shape]


def _ready(rules: Iterable[InferenceRule], strict: bool) -> tuple[Ready, ...]:
    return tuple(
        Ready(rule, compiled(rule), "overlap" in rule.flags and not strict, "stated" in rule.flags)
        for rule in dict.fromkeys(rules)
    )


EVEN = frozenset({"revision", "exemplification", "comparison", "resemblance", "intersection", "union"})
"""Truth functions that do not tell their premises apart."""


def is_even(rule: InferenceRule) -> bool:
    """Tell whether swapping the premises gives the same conclusion with the same truth."""
    first, second = (premise.pattern for premise in rule.premises)
    if rule.name not in EVEN or not isinstance(rule.conclusion, Term):
        return False
    swap: dict[Variable, Term] = {}
    for one, other in zip(variables(first), variables(second), strict=False):
        swap[one], swap[other] = other, one
    if (substitute(first, swap), substitute(second, swap)) != (second, first):
        return False
    return canonical_sides(substitute(rule.conclusion, swap)) == canonical_sides(rule.conclusion)


def canonical_sides(term: Term) -> Term:
    """Give a pattern with the parts of commutative compounds and symmetric statements in order of their text."""
    if isinstance(term, Statement):
        sides = [canonical_sides(term.subject), canonical_sides(term.predicate)]
        return Statement(term.copula, *(sorted(sides, key=str) if term.copula in SYMMETRIC else sides))
    if isinstance(term, Compound):
        parts = [canonical_sides(part) for part in term.parts]
        return Compound(term.connector, tuple(sorted(parts, key=str) if term.connector in COMMUTATIVE else parts))
    return term


def _shape(term: Term) -> str:
    if isinstance(term, Statement):
        return term.copula
    return term.connector if isinstance(term, Compound) else ""
