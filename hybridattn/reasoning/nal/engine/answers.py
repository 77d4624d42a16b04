"""Choice: the best judgement that answers a question."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from hybridattn.reasoning.nal.engine.conclusion import Conclusion
from hybridattn.reasoning.nal.forms.canonical import meaning
from hybridattn.reasoning.nal.forms.shape import complexity, is_ground
from hybridattn.reasoning.nal.forms.unify import apart, unify
from hybridattn.reasoning.term import Compound, Statement, Term, variables
from hybridattn.reasoning.truth import expectation

__all__ = ["best_answer", "told_apart"]

Known: TypeAlias = Mapping[Term, Sequence[Conclusion]]
"""Judgements by their `meaning`: those of one relation stand together, in whichever form."""
_DIGITS = 9  # truth values that agree to so many decimals are equal


def best_answer(question: Term, known: Known) -> Conclusion | None:
    """Choose among judgements that which answers a question best; None where none does.

    The question is `as_written`; an answer in its own form is preferred to the same in another one.
    """
    if not any(variable.kind == "?" for variable in variables(question)):
        found = known.get(meaning(question), ())
        return min(found, key=lambda one: _surest(one, one.term != question), default=None)
    same = meaning(question)
    near = [(one, False) for one in _answering(question, known)]
    far = [(one, True) for one in _answering(same, known)] if same != question else []
    return _chosen(near + far)


def told_apart(found: Iterable[Conclusion], term: Term) -> list[Conclusion]:
    """Leave one judgement of each truth and evidence: that of the form `term`, or else what was found first."""
    kept: dict[object, Conclusion] = {}
    for one in sorted(found, key=lambda one: (one.term != term, one.is_form, one.level, one.number)):
        truth = one.judgement.truth
        kept.setdefault((round(truth.frequency, _DIGITS), round(truth.confidence, _DIGITS), one.stamp), one)
    return list(kept.values())


def _answering(question: Term, known: Known) -> list[Conclusion]:
    fits: dict[Term, bool] = {}
    found = []
    for same in known.values():
        for one in same:
            if one.term not in fits:
                fits[one.term] = _answers(question, one.term)
            if fits[one.term]:
                found.append(one)
    return found


def _chosen(found: Iterable[tuple[Conclusion, bool]]) -> Conclusion | None:
    surest: dict[Term, Conclusion] = {}
    for one, _ in sorted(found, key=lambda way: _surest(*way)):
        surest.setdefault(meaning(one.term), one)
    return min(surest.values(), key=_likeliest, default=None)


def _surest(one: Conclusion, far: bool) -> tuple[float, float, bool, bool, str, list[int]]:
    truth = one.judgement.truth
    return -truth.confidence, -truth.frequency, far, one.is_form, str(one.term), sorted(one.stamp)


def _likeliest(one: Conclusion) -> tuple[object, ...]:
    worth = expectation(one.judgement.truth) / complexity(meaning(one.term)) ** 0.125
    return -float(worth), *_surest(one, False)


def _answers(question: Term, term: Term) -> bool:
    if type(question) is not type(term):
        return False
    if isinstance(question, Statement) and isinstance(term, Statement):
        if question.copula != term.copula:
            return False
        if question.copula in ("-->", "==>"):
            for asked, said in ((question.subject, term.subject), (question.predicate, term.predicate)):
                if is_ground(asked) and is_ground(said) and asked != said:
                    return False
    elif isinstance(question, Compound) and isinstance(term, Compound) and question.connector != term.connector:
        return False
    return any(True for _ in unify(question, apart(term), "?"))
