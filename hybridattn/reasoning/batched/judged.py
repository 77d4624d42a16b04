"""Statements from judgements and facts: terms become nodes, stamps become observations."""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import TYPE_CHECKING

from hybridattn.errors import ArgumentError
from hybridattn.reasoning.batched.revising import Rows
from hybridattn.reasoning.batched.statements import Statements, prepare
from hybridattn.reasoning.fact import Fact
from hybridattn.reasoning.judgement import Judgement
from hybridattn.reasoning.term import Statement, Term

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["from_judgements"]


def from_judgements(judgements: Iterable[Judgement | Fact], *, device: "torch.device | str" = "cpu") -> Statements:
    """Take judgements or facts whose terms are inheritance statements.

    A fact is cited by its own id; a judgement by its first observation, or where that is taken by the next free number.

    >>> from hybridattn.reasoning import Truth, parse_sentence
    >>> judgement = Judgement(parse_sentence("<bird --> animal>.").term, Truth(1, 0.9), frozenset({1}))
    >>> len(from_judgements([judgement]))
    1

    Raises:
        ArgumentError: a term is no inheritance, or two facts have one id.
    """
    import torch

    facts = _as_facts(list(judgements))
    ends = [_ends(fact.judgement) for fact in facts]
    names = sorted({str(term): term for pair in ends for term in pair}.items())
    numbers = {term: number for number, (_, term) in enumerate(names)}
    stamps = [sorted(fact.judgement.stamp) for fact in facts]

    def whole(values: Sequence[int]) -> "Tensor":
        return torch.tensor(values, dtype=torch.int64, device=device)

    truths = [(float(fact.judgement.truth.frequency), float(fact.judgement.truth.confidence)) for fact in facts]
    frequency, confidence = torch.tensor(truths, dtype=torch.float64, device=device).reshape(-1, 2).unbind(1)
    rows = Rows(
        id=whole([fact.id for fact in facts]),
        source=whole([numbers[subject] for subject, _ in ends]),
        target=whole([numbers[predicate] for _, predicate in ends]),
        frequency=frequency,
        confidence=confidence,
        owner=whole([row for row, stamp in enumerate(stamps) for _ in stamp]),
        observation=whole([seen for stamp in stamps for seen in stamp]),
    )
    return prepare(rows, order=rows.id, terms=tuple(term for _, term in names), facts=tuple(facts))


def _ends(judgement: Judgement) -> tuple[Term, Term]:
    term = judgement.term
    if not isinstance(term, Statement) or term.copula != "-->":
        raise ArgumentError(f"expected inheritance statements; got {judgement}")
    return term.subject, term.predicate


def _as_facts(given: Sequence[Judgement | Fact]) -> list[Fact]:
    taken = [item.id for item in given if isinstance(item, Fact)]
    if len(set(taken)) < len(taken):
        double = next(number for number in taken if taken.count(number) > 1)
        raise ArgumentError(f"every fact must have an id of its own; two have {double}")
    used = set(taken)
    spare = count(1 + max((max(_judged(item).stamp, default=-1) for item in given), default=-1))
    numbered: dict[int, Fact] = {}
    for place in sorted(range(len(given)), key=lambda place: _content(_judged(given[place]))):
        item = given[place]
        if isinstance(item, Fact):
            numbered[place] = item
            continue
        number = min(item.stamp, default=-1)
        if number in used or not item.stamp:
            number = next(free for free in spare if free not in used)
        used.add(number)
        numbered[place] = Fact(number, *_named(item), item)
    return [numbered[place] for place in range(len(given))]


def _judged(item: Judgement | Fact) -> Judgement:
    return item.judgement if isinstance(item, Fact) else item


def _content(judgement: Judgement) -> tuple[list[int], str, float, float]:
    truth = judgement.truth
    return sorted(judgement.stamp), str(judgement.term), float(truth.frequency), float(truth.confidence)


def _named(judgement: Judgement) -> tuple[Term, str, Term]:
    subject, predicate = _ends(judgement)
    return subject, "-->", predicate
