"""Which pattern a start leads to, in two dimensions."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import product

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.experiments.patterns import Source
from hybridattn.experiments.running import Cell, Study
from hybridattn.experiments.setup import Setup

__all__ = ["NOWHERE", "BasinRow", "BasinShare", "basin_map", "basin_study", "summarise_basins", "unit_square"]

REACHED = 1e-3  # how near to a pattern its basin ends
EDGE = 1.1  # starts fill the square [-EDGE, EDGE]^2
NOWHERE = -1  # the number of no pattern


@dataclass(frozen=True)
class BasinRow:
    """How many starts lead to one pattern of a cell, or to none: pattern -1, without a place."""

    memory: str
    patterns: int
    level: float
    """Not used here, always 0."""
    seed: int
    pattern: int
    x: float | None
    y: float | None
    starts: int
    reached: int


@dataclass(frozen=True)
class BasinShare:
    """What share of the starts leads to one pattern exactly, over all seeds."""

    memory: str
    patterns: int
    seeds: int
    share: float
    """The mean over seeds, a fraction."""
    spread: float
    """The standard deviation over seeds; 0 with one seed."""
    fixed: float
    """The share of patterns that are reached from anywhere."""


def unit_square() -> Source:
    """Give random points of the square [-1, 1]^2."""
    return Source("square", 2, lambda m, g: 2 * torch.rand(m, 2, generator=g, dtype=torch.float64) - 1)


def basin_study(setup: Setup, *, size: int = 5, grid: int = 41) -> Study[BasinRow]:
    """Start from grid x grid points of [-1.1, 1.1]^2 and see which of `size` patterns each reaches, within .001.

    The protocol of the HFYN experiments is 5 patterns in 2 dimensions, temperature .25 (beta 4) and 50 steps (Santos et
    al. 2024, arXiv 2411.08590). Raises ArgumentError unless patterns have two dimensions and the grid two points.
    """
    if setup.source.dim != 2:
        raise ArgumentError(f"basins are drawn in 2 dimensions; got patterns of {setup.source.dim}")
    if grid < 2:
        raise ArgumentError(f"grid must be at least 2 points a side; got {grid}")
    setup.must_fit()
    setup.source.must_have(size)
    names = [one.name for one in setup.contenders]
    cells = [Cell(name, size, 0.0, seed) for name, seed in product(names, setup.seeds)]
    settings = {**setup.settings, "sizes": [size], "grid": grid}
    return Study("basins", settings, cells, partial(_measure, setup, grid), BasinRow)


def basin_map(setup: Setup, name: str, *, size: int, seed: int, grid: int) -> tuple[Tensor, Tensor, Tensor]:
    """Give what a picture of the basins needs: patterns (size, 2), starts (grid, grid, 2), reached (grid, grid) int64.

    Starts run along x in each row, and rows upward along y; reached is the number of the pattern, or -1.
    """
    patterns = setup.patterns(size, seed)
    line = torch.linspace(-EDGE, EDGE, grid, dtype=torch.float64)
    starts = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1)
    ends = setup.answer(setup.memory(name, patterns, seed), starts.reshape(-1, 2)).double()
    distance, nearest = torch.cdist(ends, patterns).min(-1)
    return patterns, starts, nearest.masked_fill(distance > REACHED, NOWHERE).reshape(grid, grid)


def _measure(setup: Setup, grid: int, cell: Cell) -> list[BasinRow]:
    patterns, _, reached = basin_map(setup, cell.memory, size=cell.patterns, seed=cell.seed, grid=grid)
    places: list[tuple[float | None, float | None]] = [*((x, y) for x, y in patterns.tolist()), (None, None)]
    numbers = [*range(cell.patterns), NOWHERE]
    return [
        BasinRow(**vars(cell), pattern=number, x=x, y=y, starts=grid * grid, reached=int((reached == number).sum()))
        for number, (x, y) in zip(numbers, places, strict=True)
    ]


def summarise_basins(rows: Iterable[BasinRow]) -> list[BasinShare]:
    """Add up the basins of each memory, in the order of the rows."""
    order: dict[tuple[str, int], dict[int, list[BasinRow]]] = {}
    for row in rows:
        if row.pattern != NOWHERE:
            order.setdefault((row.memory, row.patterns), {}).setdefault(row.seed, []).append(row)
    return [_share(*key, list(seeds.values())) for key, seeds in order.items()]


def _share(memory: str, patterns: int, seeds: list[list[BasinRow]]) -> BasinShare:
    shares = [sum(row.reached for row in rows) / rows[0].starts for rows in seeds]
    fixed = statistics.fmean(bool(row.reached) for rows in seeds for row in rows)
    spread = statistics.stdev(shares) if len(shares) > 1 else 0.0
    return BasinShare(memory, patterns, len(seeds), statistics.fmean(shares), spread, fixed)
