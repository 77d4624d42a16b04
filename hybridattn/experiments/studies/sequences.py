"""How far into a sequence a memory gets, from its first pattern on."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import torch
from torch import Tensor

from hybridattn.experiments.patterns import SignFlips
from hybridattn.experiments.reference import Reference
from hybridattn.experiments.running import Cell, Study, seeded, share_interval
from hybridattn.experiments.setup import Setup
from hybridattn.experiments.studies.references import references

__all__ = [
    "SequencePoint",
    "SequenceRow",
    "levenshtein",
    "sequence_references",
    "sequence_study",
    "summarise_sequences",
]


@dataclass(frozen=True)
class SequenceRow:
    """What one cell measured: one sequence, recalled from its first pattern."""

    memory: str
    patterns: int
    """The length of the sequence."""
    level: float
    seed: int
    transitions: int
    """length - 1: how many patterns were to be recalled."""
    right: int
    """At how many places the state's cosine with the right pattern is above the threshold."""
    until: int
    """How many transitions were right before the first wrong one."""
    overlap: float
    """The mean cosine with the right pattern."""
    likeness: float
    """1 - Levenshtein distance / transitions, of the patterns nearest to the states and the right ones; in [0, 1]."""


@dataclass(frozen=True)
class SequencePoint:
    """A point of a curve: all seeds together. The share of places that were right, with its 95 % interval."""

    memory: str
    patterns: int
    level: float
    seeds: int
    right: float
    right_low: float
    right_high: float
    whole: float
    """The share of sequences without an error."""
    overlap: float
    likeness: float


def sequence_study(setup: Setup, *, lengths: Sequence[int], level: float = 0.0) -> Study[SequenceRow]:
    """Store one sequence of each length and recall it from its first pattern, `level` of whose signs are turned.

    Every transition is written as a pair, and every answer is the next query. Lengths are at least 2.
    """
    setup.must_fit()
    for length in lengths:
        setup.source.must_have(length if length > 1 else 0)
    SignFlips()(torch.ones(1, setup.source.dim), level, seeded(0))
    names = [one.name for one in setup.contenders]
    cells = [Cell(name, length, float(level), seed) for name, length, seed in product(names, lengths, setup.seeds)]
    settings = {**setup.settings, "corruption": SignFlips().name, "sizes": list(lengths), "levels": [level]}
    return Study("sequence", settings, cells, partial(_measure, setup), SequenceRow)


def _measure(setup: Setup, cell: Cell) -> list[SequenceRow]:
    patterns = setup.patterns(cell.patterns, cell.seed)
    generator = seeded(cell.seed, "memory", cell.memory, cell.patterns)
    memory = setup.contender(cell.memory).build(setup.source.dim, generator)
    memory.write(patterns[:-1], patterns[1:])
    state = SignFlips()(patterns[:1], cell.level, seeded(cell.seed, "queries", cell.patterns, cell.level))
    states = []
    for _ in range(cell.patterns - 1):
        state = memory.read(state).value.detach()
        states.append(state[0].double())
    return [SequenceRow(**vars(cell), **_scores(setup, torch.stack(states), patterns))]


def _scores(setup: Setup, states: Tensor, patterns: Tensor) -> dict[str, Any]:
    cosines = torch.nn.functional.cosine_similarity(states[:, None], patterns, dim=-1)
    wanted = torch.arange(1, len(patterns))
    own = cosines.gather(1, wanted[:, None]).squeeze(1)
    right = own > setup.criterion.threshold
    wrong = (~right).nonzero().flatten().tolist()
    distance = levenshtein(cosines.argmax(-1).tolist(), wanted.tolist())
    return {
        "transitions": len(wanted),
        "right": int(right.sum()),
        "until": wrong[0] if wrong else len(wanted),
        "overlap": float(own.mean()),
        "likeness": 1 - distance / len(wanted),
    }


def levenshtein(one: Sequence[int], two: Sequence[int]) -> int:
    """Count the insertions, deletions and substitutions that turn one sequence into the other (Levenshtein 1966).

    >>> levenshtein([1, 2, 3], [2, 3, 4])
    2
    """
    row = list(range(len(two) + 1))
    for number, item in enumerate(one, start=1):
        before, row[0] = row[0], number
        for column, other in enumerate(two, start=1):
            best = min(row[column] + 1, row[column - 1] + 1, before + (item != other))
            before, row[column] = row[column], best
    return row[-1]


def summarise_sequences(rows: Iterable[SequenceRow]) -> list[SequencePoint]:
    """Put the seeds of each memory and length together, in the order of the rows."""
    order: dict[tuple[str, int, float], list[SequenceRow]] = {}
    for row in rows:
        order.setdefault((row.memory, row.patterns, row.level), []).append(row)
    return [_point(*key, same) for key, same in order.items()]


def _point(memory: str, patterns: int, level: float, rows: Sequence[SequenceRow]) -> SequencePoint:
    return SequencePoint(
        memory,
        patterns,
        level,
        len(rows),
        *share_interval([row.right for row in rows], [row.transitions for row in rows]),
        statistics.fmean(row.right == row.transitions for row in rows),
        statistics.fmean(row.overlap for row in rows),
        statistics.fmean(row.likeness for row in rows),
    )


def sequence_references(setup: Setup, points: Sequence[SequencePoint]) -> list[Reference]:
    """Ask the theory of every memory that took part about the lengths that were tried."""
    return references(setup, "length", [(point.memory, float(point.patterns), point.patterns, 0.0) for point in points])
