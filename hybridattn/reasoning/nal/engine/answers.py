"""Choice: the best judgement that answers a question."""

from collections.abc import Iterable, Mapping, Sequence

from hybridattn.reasoning.nal.engine.conclusion import Conclusion
from hybridattn.reasoning.nal.forms.shape import complexity, is_ground
from hybridattn.reasoning.nal.forms.unify import apart, unify
from hybridattn.reasoning.term import Compound, Statement, Term, variables
from hybridattn.reasoning.truth import expectation

__all__ = ["best_answer"]


def best_answer(question: Term, known: Mapping[Term, Sequence[Conclusion]]) -> Conclusion | None:
    """Choose among judgements, by term, that which answers a canonical question best; None where none does."""
    if not any(variable.kind == "?" for variable in variables(question)):
        return min(known.get(question, ()), key=_surest, default=None)
    found = [one for term in known if _answers(question, term) for one in known[term]]
    return _chosen(found)


def _chosen(found: Iterable[Conclusion]) -> Conclusion | None:
    surest: dict[Term, Conclusion] = {}
    for one in sorted(found, key=_surest):
        surest.setdefault(one.term, one)
    return min(surest.values(), key=_likeliest, default=None)


def _surest(one: Conclusion) -> tuple[float, float, str, list[int]]:
    truth = one.judgement.truth
    return -truth.confidence, -truth.frequency, str(one.term), sorted(one.stamp)


def _likeliest(one: Conclusion) -> tuple[float, float, float, str, list[int]]:
    worth = expectation(one.judgement.truth) / complexity(one.term) ** 0.125
    return -float(worth), *_surest(one)


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
