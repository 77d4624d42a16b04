"""Questions in, answers out: resolve the terms, walk the memory, read the trace as evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.controller import Beam, Level, MultilevelAttention, Reached, Replace
from hybridattn.controller.beam import EXACT
from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError
from hybridattn.knowledge.answers.answer import Answers
from hybridattn.knowledge.answers.evidence import GOAL, QUERY, Evidence
from hybridattn.knowledge.answers.question import Question, read_question
from hybridattn.knowledge.sources.rows import atom
from hybridattn.knowledge.store import FactStore
from hybridattn.reasoning import Fact, Term, Variable
from hybridattn.reasoning.fact import COPULA, plain_name
from hybridattn.trace import Trace

__all__ = ["Search", "ask", "recall"]

AT_ONCE = 256  # questions that walk together


@dataclass(frozen=True)
class Search:
    """How far a question is followed, and what counts as a match.

    Attributes:
        hops: most hops along a copula, at least 1; None is 32, or as many as a path has.
        beam: links that pass on at each hop, and that are kept of each read, at least 1.
        min_match: least cosine of query and key of a link that is followed.
        match_evidence: evidence w of the premise that a soft match adds; 9 makes its confidence .9.
        path: relations to follow instead of the question's own.
        top: most answers to give; None is all.
    """

    hops: int | None = None
    beam: int = 64
    min_match: float = 0.5
    match_evidence: float = 9.0
    path: tuple[str, ...] | None = None
    top: int | None = None

    def __post_init__(self) -> None:
        for name, number in (("hops", self.hops), ("beam", self.beam), ("top", self.top)):
            if number is not None and number < 1:
                raise ArgumentError(f"{name} must be at least 1; got {number}")
        if not 0 < self.match_evidence < float("inf"):
            raise ArgumentError(f"match_evidence must be positive and finite; got {self.match_evidence}")
        if self.path and self.hops is not None and self.hops < len(self.path):
            raise ArgumentError(f"a path of {len(self.path)} relations needs as many hops; got hops={self.hops}")


DEFAULT_HOPS = 32


class _End(NamedTuple):
    """One end of a question: the term as it is known, its symbol (or QUERY), and its vector."""

    term: Term
    symbol: int
    vector: Tensor


class _Task(NamedTuple):
    """A question with its ends found in the memory."""

    question: Question
    start: _End
    goal: _End | None


def ask(facts: FactStore, questions: Sequence[str], search: Search, vectors: Mapping[str, Tensor]) -> list[Answers]:
    """Answer questions, those that can walk together at once."""
    tasks = [_task(facts, text, search, vectors) for text in questions]
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, task in enumerate(tasks):
        groups.setdefault(_kind(task.question), []).append(place)
    answers: dict[int, Answers] = {}
    for places in groups.values():
        for low in range(0, len(places), AT_ONCE):
            some = places[low : low + AT_ONCE]
            answers.update(zip(some, _walk(facts, [tasks[place] for place in some], search), strict=True))
    return [answers[place] for place in range(len(questions))]


def _kind(question: Question) -> tuple[object, ...]:
    """Questions that differ in their first cue alone can walk together."""
    return () if question.transitive else (len(question.path), question.inverse)


def _task(facts: FactStore, text: str, search: Search, vectors: Mapping[str, Tensor]) -> _Task:
    question = read_question(text, search.path)
    here, there = question.ends
    start = _end(facts, here, search, vectors)
    goal = None if isinstance(there, Variable) else _end(facts, there, search, vectors)
    source, target = (there, start.term) if question.inverse else (start.term, goal.term if goal else there)
    if goal is not None and goal.term == start.term and question.transitive:
        raise ArgumentError(f"source and target must differ; both are {start.term}")
    return _Task(replace(question, source=source, target=target), start, goal)


def _end(facts: FactStore, term: Term, search: Search, vectors: Mapping[str, Tensor]) -> _End:
    """Find what a term means: a symbol, a vector that was given, or what the encoder makes of it."""
    given = vectors.get(plain_name(term))
    entities = facts.memory.entities
    if given is None:
        symbol = facts.symbol(term)
        if symbol is not None:
            return _End(facts.table.terms[symbol], symbol, entities[symbol])
        given = facts.encoder.encode([str(term)])[0]
    vector = _checked(plain_name(term), given, entities)
    cosines = entities @ vector
    best = int(cosines.argmax()) if len(entities) else QUERY
    if best != QUERY and float(cosines[best]) >= EXACT:
        return _End(facts.table.terms[best], best, entities[best])
    if plain_name(term) not in vectors and (best == QUERY or float(cosines[best]) < search.min_match):
        raise facts.unknown(term)
    return _End(term, QUERY, vector)


def _checked(name: str, vector: Tensor, entities: Tensor) -> Tensor:
    """Bring a vector to norm 1."""
    if vector.shape != entities.shape[1:]:
        raise ShapeError(f"the vector of {name!r} must have shape ({entities.shape[1]},); got {tuple(vector.shape)}")
    vector = vector.detach().to(entities)
    norm = vector.norm()
    if not bool(norm.isfinite()) or not bool(norm > 0):
        raise NotFiniteError(f"the vector of {name!r} must be finite and not 0; its norm is {float(norm)}")
    unit: Tensor = vector / norm
    return unit


def _walk(facts: FactStore, tasks: Sequence[_Task], search: Search) -> list[Answers]:
    memory, question = facts.memory, tasks[0].question
    cues = [[_cue(facts, cue, task.question.inverse) for cue in _route(task.question)] for task in tasks]
    query = torch.stack([torch.cat([task.start.vector, cue[0]]) for task, cue in zip(tasks, cues, strict=True)])
    levels = [Level(memory, Replace(cue)) for cue in cues[0][1:]] + [Level(memory)]
    goal = torch.stack([_goal(task, memory.entities) for task in tasks])
    hops = _most_hops(question, search)
    halt = Reached(goal) if question.transitive else None
    beam = Beam(search.beam, min_match=search.min_match)
    walk = MultilevelAttention(levels, hops=hops, top=search.beam, halt=halt, mode=beam)(query, trace=True)
    assert walk.trace is not None
    return [_answers(facts, task, trace, search) for task, trace in zip(tasks, walk.trace.split(), strict=True)]


def _most_hops(question: Question, search: Search) -> int:
    return (search.hops or DEFAULT_HOPS) if question.transitive else len(question.path)


def _route(question: Question) -> tuple[str | None, ...]:
    return question.path[::-1] if question.inverse else question.path


def _cue(facts: FactStore, cue: str | None, inverse: bool) -> Tensor:
    cues = facts.memory.cues
    return cues.new_zeros(cues.shape[1]) if cue is None else cues[facts.cue(cue, inverse=inverse)]


def _goal(task: _Task, entities: Tensor) -> Tensor:
    """Give the vector at which a walk may stop: that of a stored symbol."""
    known = task.goal is not None and task.goal.symbol != QUERY
    return task.goal.vector if known and task.goal is not None else entities.new_zeros(entities.shape[1])


def _answers(facts: FactStore, task: _Task, trace: Trace, search: Search) -> Answers:
    goal = None if task.goal is None else task.goal.symbol if task.goal.symbol != QUERY else GOAL
    like = _like(facts, task.goal, search) if task.goal is not None and goal == GOAL else {}
    hops = _most_hops(task.question, search)
    evidence = Evidence(task.question, trace, facts.table, task.start.symbol, goal, like, search.match_evidence, hops)
    found = evidence.answers()
    cut = trace.cut[0] if task.question.transitive else trace.cut[0].replace("hops", "")
    given = found[: search.top]
    return Answers(
        str(task.question), given, found=len(found), cut=cut, trace=trace, draw=partial(evidence.graph, given)
    )


def _like(facts: FactStore, goal: _End, search: Search) -> dict[int, float]:
    """Find the symbols that are like a goal which no fact mentions."""
    cosines = facts.memory.entities @ goal.vector
    near = (cosines >= search.min_match).nonzero()[:, 0]
    return dict(zip(near.tolist(), cosines[near].tolist(), strict=True))


def recall(facts: FactStore, *, source: str | None, relation: str | None, target: str | None, top: int) -> list[Fact]:
    """Read the memory with the parts of a key that are known, the other a wildcard, until `top` facts fit."""
    if source is None and target is None and relation is None:
        raise ArgumentError("recall needs a source, a relation or a target; got none")
    if top < 1:
        raise ArgumentError(f"top must be at least 1; got {top}")
    inverse = source is None and target is not None
    memory = facts.memory
    start = target if inverse else source
    entity = memory.entities.new_zeros(memory.value_dim) if start is None else memory.entities[facts.named(start)]
    cue = None if relation is None else COPULA.get(relation) or str(atom(relation))
    query = torch.cat([entity, _cue(facts, cue, inverse)])
    wanted = (None if source is None else facts.named(source), None if target is None else facts.named(target))
    kept = min(top, len(memory))
    while True:
        slots = memory.read(query, top=kept).slots
        assert slots is not None
        fits = [slot // 2 for slot in slots.tolist() if slot >= 0 and _fits(facts, slot, wanted, cue)]
        places = list(dict.fromkeys(fits))[:top]
        if len(places) == top or kept == len(memory) or len(fits) < kept // 2:
            return [facts.table.fact(place) for place in places]
        kept = min(2 * kept, len(memory))


def _fits(facts: FactStore, slot: int, wanted: tuple[int | None, int | None], cue: str | None) -> bool:
    source, relation, target = facts.table.codes[slot // 2]
    same = all(want is None or want == have for want, have in zip(wanted, (source, target), strict=True))
    return same and (cue is None or relation == facts.table.cues[cue])
