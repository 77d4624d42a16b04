"""How many patterns are retrieved: against their number, against noise, and against what is masked."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import torch
from torch import Tensor

from hybridattn.experiments.patterns import Corruption, GaussianNoise, Mask, SignFlips
from hybridattn.experiments.reference import Reference
from hybridattn.experiments.running import Cell, Study, seeded, share_interval
from hybridattn.experiments.setup import Setup
from hybridattn.experiments.studies.references import references

__all__ = [
    "RetrievalPoint",
    "RetrievalRow",
    "capacity_study",
    "mask_study",
    "noise_study",
    "retrieval_references",
    "summarise_retrieval",
]

EXACT = 1e-3  # how far an entry of an exact answer may be from the pattern's


@dataclass(frozen=True)
class RetrievalRow:
    """What one cell measured."""

    memory: str
    patterns: int
    level: float
    seed: int
    queries: int
    retrieved: int
    """How many answers have a cosine above the threshold."""
    exact: int
    """How many answers are the pattern, entry by entry, within .001."""
    overlap: float
    """The mean cosine of answer and pattern."""
    closest: float
    """The least distance of two stored patterns; 0 where there is one."""


@dataclass(frozen=True)
class RetrievalPoint:
    """A point of a curve: all seeds together. Shares are fractions with 95 % intervals (`share_interval`)."""

    memory: str
    patterns: int
    level: float
    seeds: int
    queries: int
    retrieved: float
    retrieved_low: float
    retrieved_high: float
    exact: float
    exact_low: float
    exact_high: float
    overlap: float
    """The mean over seeds."""
    overlap_spread: float
    """The standard deviation over seeds; 0 with one seed."""
    closest: float


def capacity_study(
    setup: Setup, *, sizes: Sequence[int], level: float = 0.0, corruption: Corruption | None = None
) -> Study[RetrievalRow]:
    """Store more and more patterns, and ask for them by queries spoiled to `level` (`SignFlips()` by default).

    >>> from hybridattn.experiments import Setup, contenders, run_study, sign_patterns
    >>> study = capacity_study(Setup((contenders()["modern_hopfield"],), sign_patterns(16), (0,)), sizes=[2, 4])
    >>> [row.retrieved for row in run_study(study)]
    [2, 4]
    """
    return _study("capacity", setup, sizes=sizes, levels=[level], corruption=corruption or SignFlips())


def noise_study(
    setup: Setup, *, size: int, levels: Sequence[float], corruption: Corruption | None = None
) -> Study[RetrievalRow]:
    """Ask `size` stored patterns with more and more noise: `GaussianNoise()` of deviation `level` by default."""
    return _study("noise", setup, sizes=[size], levels=levels, corruption=corruption or GaussianNoise())


def mask_study(setup: Setup, *, size: int, levels: Sequence[float]) -> Study[RetrievalRow]:
    """Ask `size` stored patterns of which a larger and larger share is set to 0."""
    return _study("mask", setup, sizes=[size], levels=levels, corruption=Mask())


def _study(
    name: str, setup: Setup, *, sizes: Sequence[int], levels: Sequence[float], corruption: Corruption
) -> Study[RetrievalRow]:
    setup.must_fit()
    for size in sizes:
        setup.source.must_have(size)
    for level in levels:
        corruption(torch.ones(1, setup.source.dim), level, seeded(0))  # a wrong level is told before hours of work
    names = [one.name for one in setup.contenders]
    cells = [Cell(*cell) for cell in product(names, sizes, map(float, levels), setup.seeds)]
    settings = {**setup.settings, "corruption": corruption.name, "sizes": list(sizes), "levels": list(levels)}
    return Study(name, settings, cells, partial(_measure, setup, corruption), RetrievalRow)


def _measure(setup: Setup, corruption: Corruption, cell: Cell) -> list[RetrievalRow]:
    patterns = setup.patterns(cell.patterns, cell.seed)
    asked = patterns[: setup.criterion.queries]
    queries = corruption(asked, cell.level, seeded(cell.seed, "queries", cell.patterns, cell.level))
    coins = seeded(cell.seed, "coins", cell.patterns, cell.level)
    memory = setup.memory(cell.memory, patterns, cell.seed)
    answers = setup.answer(memory, setup.asked(cell.memory, queries, coins)).double()
    cosines = torch.nn.functional.cosine_similarity(answers, asked, dim=-1)
    row = RetrievalRow(
        **vars(cell),
        queries=len(asked),
        retrieved=int((cosines > setup.criterion.threshold).sum()),
        exact=int(((answers - asked).abs().amax(-1) <= EXACT).sum()),
        overlap=float(cosines.mean()),
        closest=_closest(patterns),
    )
    return [row]


def _closest(patterns: Tensor) -> float:
    if len(patterns) < 2:
        return 0.0
    return float(torch.pdist(patterns).amin())


def summarise_retrieval(rows: Iterable[RetrievalRow]) -> list[RetrievalPoint]:
    """Put the seeds of each memory, size and level together, in the order of the rows."""
    order: dict[tuple[str, int, float], list[RetrievalRow]] = {}
    for row in rows:
        order.setdefault((row.memory, row.patterns, row.level), []).append(row)
    return [_point(*key, same) for key, same in order.items()]


def retrieval_references(setup: Setup, varied: str, points: Sequence[RetrievalPoint]) -> list[Reference]:
    """Ask the theory of every memory that took part about what was varied: patterns, noise, flips or mask."""
    tried = [float(point.patterns) if varied == "patterns" else point.level for point in points]
    asked = [(point.memory, x, point.patterns, point.closest) for point, x in zip(points, tried, strict=True)]
    return references(setup, varied, asked)


def _point(memory: str, patterns: int, level: float, rows: Sequence[RetrievalRow]) -> RetrievalPoint:
    trials = [row.queries for row in rows]
    overlaps = [row.overlap for row in rows]
    return RetrievalPoint(
        memory,
        patterns,
        level,
        len(rows),
        sum(trials),
        *share_interval([row.retrieved for row in rows], trials),
        *share_interval([row.exact for row in rows], trials),
        statistics.fmean(overlaps),
        statistics.stdev(overlaps) if len(rows) > 1 else 0.0,
        min(row.closest for row in rows),
    )
