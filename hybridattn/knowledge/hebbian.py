"""A Hebbian memory read out as Narsese: each synapse is a judgement."""

from collections.abc import Iterable, Sequence

import torch

from hybridattn.errors import ArgumentError
from hybridattn.memory import Agreement, Comparison, HebbianMemory, Induction
from hybridattn.reasoning import Atom, Judgement, Statement, Term, Truth
from hybridattn.reasoning.truth import CAP, HORIZON

__all__ = ["statements"]

_COPULAS = {Induction: "-->", Comparison: "<->", Agreement: "<->"}


def statements(
    memory: HebbianMemory,
    names: Sequence[str | Term],
    *,
    values: Sequence[str | Term] | None = None,
    min_confidence: float = 0.1,
    top: int | None = None,
    stamp: Iterable[int] | None = None,
) -> list[Judgement]:
    """Read synapses out as Narsese judgements, the highest expectation first.

    A unit is a term, and an event an instance of the terms of its active units. By `Induction` the synapse i -> j is
    <i --> j>: NAL concludes it from <event --> j> and <event --> i> for each event, and revises, which gives just the
    (f, c) of `truth()`. By `Comparison` it is <i <-> j>, each pair once. `Agreement` also prints as <i <-> j>, but
    counts events without both as positive, which NAL does not. A unit with itself says nothing and is left out.

    What comes back rests on all events that were written, so that judgements of one memory share their evidence, and
    `derive` joins them with what is known from elsewhere, not with each other. Confidence is cut to .99.

    Args:
        memory: what was learnt.
        names: a name, or a term, for each of its units.
        values: the same for the units that a heteroassociative memory recalls.
        min_confidence: leave out what is less settled, in [0, 1].
        top: how many judgements at most.
        stamp: ids of the observations that they rest on; None is the ids that the memory gave, 0, 1, ... Give ids of
            your own where statements of several memories come together.

    Raises:
        ArgumentError: names that do not fit the units or are not all different, or a bound out of range.

    >>> memory = HebbianMemory(2)
    >>> ids = memory.write(torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 0.0]]))
    >>> print(*statements(memory, ["rain", "wet"]), sep="; ")
    <wet --> rain>. %1.00;0.666666667%; <rain --> wet>. %0.666666667;0.75%
    """
    if not 0 <= min_confidence <= 1:
        raise ArgumentError(f"min_confidence must be in [0, 1]; got {min_confidence}")
    if top is not None and top < 1:
        raise ArgumentError(f"top must be at least 1, or None; got {top}")
    if type(memory.rule) not in _COPULAS:
        raise ArgumentError(f"only Induction(), Comparison() and Agreement() make statements; got {memory.rule}")
    before = _terms("names", names, memory.key_dim)
    after = before if memory.value_dim is None else _terms("values", values or (), memory.value_dim)
    if memory.value_dim is None and values is not None:
        raise ArgumentError("values are for a heteroassociative memory; this one has one population of units")
    seen = frozenset(range(int(memory.next_id)) if stamp is None else stamp)
    copula = _COPULAS[type(memory.rule)]
    frequency, confidence = (part.cpu() for part in memory.truth(float(HORIZON)))
    found = []
    for i, j in _best(memory, frequency, confidence, min_confidence):
        if before[i] == after[j]:
            continue
        truth = Truth(float(frequency[i, j]), min(float(confidence[i, j]), CAP))
        found.append(Judgement(Statement(copula, before[i], after[j]), truth, seen))
        if len(found) == top:
            break
    return found


def _terms(name: str, given: Sequence[str | Term], units: int) -> list[Term]:
    terms = [Atom(term) if isinstance(term, str) else term for term in given]
    if len(terms) != units or len(set(terms)) != units:
        raise ArgumentError(f"{name} must be {units} different names, one a unit; got {len(set(terms))}")
    return terms


def _best(
    memory: HebbianMemory, frequency: torch.Tensor, confidence: torch.Tensor, least: float
) -> Iterable[tuple[int, int]]:
    """Give the places of synapses with evidence, the highest expectation first, equals in order."""
    kept = (confidence >= least) & (confidence > 0)
    if memory.value_dim is None and memory.rule.symmetric:
        kept = kept.triu(1)
    places = kept.nonzero()
    expectation = (confidence * (frequency - 0.5))[kept]
    order = expectation.sort(descending=True, stable=True).indices
    return ((int(i), int(j)) for i, j in places[order].tolist())
