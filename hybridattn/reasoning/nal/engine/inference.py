"""One rule applied to its premises: the slow and obvious definition of what the table says."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hybridattn.reasoning.nal.forms.canonical import loose, meaning
from hybridattn.reasoning.nal.forms.matching import Match, filled, matches
from hybridattn.reasoning.nal.forms.naming import renamed
from hybridattn.reasoning.nal.forms.shape import is_ground, is_part
from hybridattn.reasoning.nal.forms.unify import apart, closed, opened
from hybridattn.reasoning.nal.table.reading import InferenceRule
from hybridattn.reasoning.nal.table.result import Result
from hybridattn.reasoning.term import Term, Variable, variables
from hybridattn.reasoning.truth import Truth

__all__ = ["Sentential", "applied", "are_apart", "conclusions_of"]

NO_EVIDENCE = Truth(0, 0)
"""The truth of what premises say nothing about."""
A, B = Variable("$", "A"), Variable("$", "B")


class Sentential(NamedTuple):
    """What a rule sees of a premise: `.` a judgement with its truth, `?` a question, and nothing a known compound."""

    term: Term
    punctuation: str
    truth: Truth | None
    analytic: bool = False


def applied(rule: InferenceRule, premises: Sequence[Sentential]) -> Iterator[tuple[Term, Truth | None]]:
    """Draw every conclusion of one rule from premises in its order: canonical terms; the truth is None for a question.

    A conclusion without evidence (c = 0) is none. A rule that `asks` may have one question among its judgements.
    """
    value = truth_of(rule, premises)
    if value is NO_EVIDENCE:
        return
    terms = [premise.term for premise in premises]
    for term, reliance in conclusions_of(rule, terms, asked=value is None):
        if value is None or reliance == 1.0:
            yield term, value
        else:
            yield term, Truth(value.frequency, value.confidence * reliance)


def truth_of(rule: InferenceRule, premises: Sequence[Sentential]) -> Truth | None:
    """Give the truth that a rule concludes, None for a question, and `NO_EVIDENCE` where there is no conclusion."""
    truths = [premise.truth for premise in premises if premise.truth is not None]
    if "asks" in rule.flags and len(truths) < len(premises):
        return None
    if "opposed" in rule.flags and not truths[0].frequency >= 0.5 > truths[1].frequency:
        return NO_EVIDENCE
    if "observed" in rule.flags and any(premise.analytic for premise in premises):
        return NO_EVIDENCE
    value = rule.truth_function(*truths)
    return value if value.confidence > 0 else NO_EVIDENCE


def conclusions_of(rule: InferenceRule, terms: Sequence[Term], *, asked: bool = False) -> Iterator[tuple[Term, float]]:
    """Give the terms that one rule concludes from canonical terms, and what is left of their confidence."""
    first, *others = terms
    if "same" in rule.flags and first != others[0]:
        if meaning(first) != meaning(others[0]):
            return
        first = others[0] = min(first, others[0], key=str)
    if "some" in rule.flags:
        first = opened(first)
    if others and "same" not in rule.flags and not is_ground(first):
        others = [apart(others[0])]
    for term, reliance in _results(rule, (first, *others), asked):
        if term is None:
            continue
        if "some" in rule.flags:
            term = closed(term)
        term = renamed(term)
        if _sayable(term, asked):
            yield term, reliance


def _sayable(term: Term, asked: bool) -> bool:
    if is_ground(term):
        return True
    if asked:
        return not isinstance(term, Variable)
    return not loose(term) and all(variable.kind != "?" for variable in variables(term))


def _results(rule: InferenceRule, terms: Sequence[Term], asked: bool) -> Iterator[Result]:
    kinds = "$?" if asked or "some" in rule.flags or any(here.punctuation == "?" for here in rule.premises) else "$"
    if not isinstance(rule.conclusion, Term):
        if any(True for _ in _fits(rule, terms, kinds)):
            yield from rule.conclusion(*terms)
        return
    for match in _fits(rule, terms, kinds):
        if "apart" in rule.flags and not are_apart(match.terms[A], match.terms[B]):
            continue
        if "someone" in rule.flags and not _found_someone(match):
            continue
        yield Result(filled(rule.conclusion, match))


def _fits(rule: InferenceRule, terms: Sequence[Term], kinds: str) -> Iterator[Match]:
    """Match the plainer premise first, so that the other one knows which component is meant."""
    if len(terms) == 1:
        yield from matches(rule.premises[0].pattern, terms[0], kinds)
        return
    order = (1, 0) if rests(rule.premises[0].pattern) > rests(rule.premises[1].pattern) else (0, 1)
    for one in matches(rule.premises[order[0]].pattern, terms[order[0]], kinds):
        yield from matches(rule.premises[order[1]].pattern, terms[order[1]], kinds, one)


def rests(pattern: Term) -> int:
    """Count the variables of a pattern that stand for the rest of the components."""
    return sum(variable.kind == "#" for variable in variables(pattern))


def are_apart(one: Term, other: Term) -> bool:
    """Tell whether two terms say different things and neither is a part of the other."""
    return one != other and not is_part(one, other) and not is_part(other, one) and meaning(one) != meaning(other)


def _found_someone(match: Match) -> bool:
    return any(found.kind == "?" and not isinstance(meant, Variable) for found, meant in match.substitution.items())
