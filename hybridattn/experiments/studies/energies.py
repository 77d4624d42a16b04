"""How the energy falls while a query settles."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.experiments.patterns import Corruption, GaussianNoise
from hybridattn.experiments.running import Cell, Study, seeded
from hybridattn.experiments.setup import Setup
from hybridattn.memory import Energetic, Memory, Settling

__all__ = ["EnergyPoint", "EnergyRow", "energy_study", "summarise_energy", "trajectory"]


@dataclass(frozen=True)
class EnergyRow:
    """The energies of all queries of a cell after one step."""

    memory: str
    patterns: int
    level: float
    seed: int
    step: int
    queries: int
    """How many have a finite energy; the numbers below are theirs."""
    energy: float | None
    """The mean; None where no query has a finite energy."""
    spread: float | None
    """The standard deviation."""
    rise: float | None
    """The largest rise of a query since the step before, negative where all fell; None at step 0."""
    moved: float
    """The mean distance from the step before."""


@dataclass(frozen=True)
class EnergyPoint:
    """The energies of all seeds after one step."""

    memory: str
    patterns: int
    level: float
    step: int
    seeds: int
    energy: float | None
    """The mean over seeds."""
    spread: float | None
    """The mean over seeds of the standard deviation between queries."""
    rise: float | None
    """The largest of any query of any seed since the step before."""
    moved: float


def energy_study(
    setup: Setup, *, size: int, level: float = 0.5, corruption: Corruption | None = None
) -> Study[EnergyRow]:
    """Follow the energy of spoiled queries (`GaussianNoise()` by default) step by step, `setup.criterion.steps` times.

    Raises ArgumentError where a memory has no energy or does not settle.
    """
    setup.must_fit()
    setup.source.must_have(size)
    corruption = corruption or GaussianNoise()
    for one in setup.contenders:
        one_pattern = setup.patterns(1, 0)
        _must_settle(one.name, setup.memory(one.name, one_pattern, 0), one_pattern)
    cells = [
        Cell(name, size, float(level), seed) for name, seed in product([c.name for c in setup.contenders], setup.seeds)
    ]
    settings = {**setup.settings, "corruption": corruption.name, "sizes": [size], "levels": [level]}
    return Study("energy", settings, cells, partial(_measure, setup, corruption), EnergyRow)


def trajectory(memory: Memory, query: Tensor, steps: int) -> Tensor:
    """Give the states (steps + 1, ..., d) of queries (..., d) at every step, beginning with the queries."""
    assert isinstance(memory, Settling)
    states = [query]
    for _ in range(steps):
        states.append(memory.settle(states[-1], steps=1).state.detach())
    return torch.stack(states)


def _must_settle(name: str, memory: Memory, query: Tensor) -> None:
    if not isinstance(memory, Settling) or not isinstance(memory, Energetic):
        raise ArgumentError(f"the energy experiment needs memories that settle and have an energy; {name} does not")
    memory.energy(query)


def _measure(setup: Setup, corruption: Corruption, cell: Cell) -> list[EnergyRow]:
    patterns = setup.patterns(cell.patterns, cell.seed)
    asked = patterns[: setup.criterion.queries]
    queries = corruption(asked, cell.level, seeded(cell.seed, "queries", cell.patterns, cell.level))
    queries = setup.asked(cell.memory, queries, seeded(cell.seed, "coins", cell.patterns, cell.level))
    memory = setup.memory(cell.memory, patterns, cell.seed)
    assert isinstance(memory, Energetic)
    states = trajectory(memory, queries, setup.criterion.steps)
    energies = memory.energy(states).detach().double()
    moved = torch.linalg.vector_norm(states.diff(dim=0), dim=-1).mean(-1).tolist()
    return [
        EnergyRow(**vars(cell), step=step, **_numbers(energies[max(0, step - 1)], energies[step]), moved=far)
        for step, far in enumerate([0.0, *moved])
    ]


def _numbers(before: Tensor, after: Tensor) -> dict[str, Any]:
    known = after[after.isfinite()]
    if not len(known):
        return {"queries": 0, "energy": None, "spread": None, "rise": None}
    rises = (after - before)[after.isfinite() & before.isfinite()]
    spread = float(known.std()) if len(known) > 1 else 0.0
    rise = float(rises.amax()) if len(rises) else None
    return {"queries": len(known), "energy": float(known.mean()), "spread": spread, "rise": rise}


def summarise_energy(rows: Iterable[EnergyRow]) -> list[EnergyPoint]:
    """Put the seeds of each memory and step together, in the order of the rows."""
    order: dict[tuple[str, int, float, int], list[EnergyRow]] = {}
    for row in rows:
        order.setdefault((row.memory, row.patterns, row.level, row.step), []).append(row)
    return [_point(*key, same) for key, same in order.items()]


def _point(memory: str, patterns: int, level: float, step: int, rows: Sequence[EnergyRow]) -> EnergyPoint:
    means = [row.energy for row in rows if row.energy is not None]
    spreads = [row.spread for row in rows if row.spread is not None]
    rises = [row.rise for row in rows if row.rise is not None and step]
    return EnergyPoint(
        memory,
        patterns,
        level,
        step,
        len(rows),
        statistics.fmean(means) if means else None,
        statistics.fmean(spreads) if spreads else None,
        max(rises) if rises else None,
        math.fsum(row.moved for row in rows) / len(rows),
    )
