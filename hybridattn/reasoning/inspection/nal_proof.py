"""A proof of the engine as a `Derivation`, so that formulas, exact numbers, slopes and turns can be had of it."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from hybridattn.errors import DerivationError
from hybridattn.reasoning.derivation import Derivation, Inference
from hybridattn.reasoning.fact import Fact
from hybridattn.reasoning.inspection.evaluation import Functions, rational
from hybridattn.reasoning.nal.engine.conclusion import Conclusion
from hybridattn.reasoning.nal.engine.inference import conclusions_of
from hybridattn.reasoning.nal.table.reading import TRUTHS, InferenceRule
from hybridattn.reasoning.term import Statement, Term
from hybridattn.reasoning.truth import RELIANCE, Truth

__all__ = ["as_derivation", "used_in"]

SAME = 1e-9  # truth values that differ by less are equal
ANALYTIC = ("analytic_deduction", "analytic_abduction")
_NAME = re.compile(r"(?:(\w+):)?(\w+)(?:\((\d+(?:\.\d+)?)\))?")


def as_derivation(steps: Iterable[Conclusion]) -> tuple[Derivation, Functions]:
    """Turn a proof of the engine into what `explain`, `exact`, `evaluate`, `turns` and `fact_sets` take.

    Judgements alone are kept: questions and compounds have no truth. Inputs become facts, with their first observation
    as id, or where that is taken the next free number. A step has the name of its line in the rule table, and where
    that introduces a variable also what is left of the confidence: `intersection * 0.9`. Reliances are fractions, so
    that `exact` is exact.

    Args:
        steps: a proof, see `proof`; it must end with a judgement.

    Returns:
        The derivation, and the truth function of each of its rules: `explain(derivation, functions=functions)`.
        `replay` knows fewer rules; what checks these proofs is `replayed`.

    >>> from hybridattn.reasoning import parse_sentence, parse_term
    >>> from hybridattn.reasoning.inspection import explain
    >>> from hybridattn.reasoning.nal import derive
    >>> found = derive([parse_sentence("(&&, a, b).")], levels=1)
    >>> derivation, functions = as_derivation(found.proof(found.best(parse_term("a"))))
    >>> explain(derivation, functions=functions).confidence
    9*c_1*f_1/10

    Raises:
        DerivationError: the proof ends with no judgement, lacks a premise, or a rule does not conclude what it says.
    """
    used = used_in(tuple(steps))
    inputs = [step for step in used if step.rule is None]
    facts = {id(step): _fact(step, number) for step, number in zip(inputs, _numbers(inputs), strict=True)}
    names = {key: f"fact:{fact.id}" for key, fact in facts.items()}
    functions: dict[str, Callable[..., Truth]] = {}
    inferences: list[Inference] = []
    for step in used:
        if step.rule is None:
            continue
        judged = [premise for premise in step.premises if premise.truth is not None]
        if any(id(premise) not in names for premise in judged):
            raise DerivationError(f"{step} ({step.rule.name}) has a premise that nothing before it gives")
        left = _reliance(step, step.rule)
        name = step.rule.name if left == 1 else f"{step.rule.name} * {float(left)}"
        functions[name] = _scaled(_function(step.rule), left)
        names[id(step)] = f"step:{len(inferences)}"
        inferences.append(Inference(name, tuple(names[id(premise)] for premise in judged), step.judgement))
    return Derivation(tuple(facts.values()), (), tuple(inferences)), functions


def used_in(steps: Sequence[Conclusion]) -> list[Conclusion]:
    """Keep the judgements that the last one rests on, in their order."""
    if not steps or steps[-1].truth is None:
        raise DerivationError("a proof must end with a judgement")
    needed, waiting = {id(steps[-1])}, [steps[-1]]
    while waiting:
        for premise in waiting.pop().premises:
            if premise.truth is not None and id(premise) not in needed:
                needed.add(id(premise))
                waiting.append(premise)
    return [step for step in steps if id(step) in needed]


def _numbers(inputs: Sequence[Conclusion]) -> list[int]:
    taken: set[int] = set()
    spare = 1 + max((max(step.stamp, default=0) for step in inputs), default=0)
    numbers = []
    for step in inputs:
        number = min(step.stamp, default=spare)
        if number in taken or number == spare:
            number, spare = spare, spare + 1
        taken.add(number)
        numbers.append(number)
    return numbers


def _fact(step: Conclusion, number: int) -> Fact:
    source, relation, target = _parts(step.term)
    return Fact(number, source, relation, target, step.judgement)


def _parts(term: Term) -> tuple[Term, str, Term]:
    return (term.subject, term.copula, term.predicate) if isinstance(term, Statement) else (term, "", term)


def _reliance(step: Conclusion, rule: InferenceRule) -> Fraction:
    """Find what is left of the confidence that the truth function gives: less than 1 where a variable is introduced."""
    if isinstance(rule.conclusion, Term):
        return Fraction(1)
    value = rule.truth_function(*(premise.truth for premise in step.premises if premise.truth is not None))
    said = step.judgement.truth
    for term, left in conclusions_of(rule, [premise.term for premise in step.premises]):
        if term == step.term and math.isclose(value.confidence * left, said.confidence, rel_tol=0, abs_tol=SAME):
            return rational(round(left, 12))
    raise DerivationError(f"{rule.name} does not conclude {step}")


def _function(rule: InferenceRule) -> Callable[..., Truth]:
    """Give the truth function of a rule with its reliance as a fraction, so that every kind of number passes."""
    found = _NAME.fullmatch(rule.name)
    if found is None or found[2] not in ANALYTIC:
        return rule.truth_function
    outer, inner = TRUTHS[found[1] or "kept"], TRUTHS[found[2]]
    reliance = rational(RELIANCE) if found[3] is None else Fraction(found[3])

    def analytic(premise: Truth) -> Truth:
        weaker = premise.confidence * reliance.numerator / reliance.denominator
        return outer(inner(Truth(premise.frequency, weaker), reliance=1))

    return analytic


def _scaled(function: Callable[..., Truth], left: Fraction) -> Callable[..., Truth]:
    if left == 1:
        return function

    def scaled(*truths: Truth) -> Truth:
        whole = function(*truths)
        return Truth(whole.frequency, whole.confidence * left.numerator / left.denominator)

    return scaled
