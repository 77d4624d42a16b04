"""Several runs in a few numbers: mean and spread, and the run that validation chooses."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.training.run import TrainingRun

__all__ = ["Spread", "chosen_run"]


@dataclass(frozen=True)
class Spread:
    """The mean of one figure over runs, and how far they differ."""

    mean: float
    spread: float
    """The sample standard deviation; 0 with one run."""
    least: float
    most: float
    runs: int

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Summarise the values of runs.

        >>> Spread.of([1.0, 2.0, 3.0])
        Spread(mean=2.0, spread=1.0, least=1.0, most=3.0, runs=3)

        Raises:
            ArgumentError: there is no value, or one is no finite number.
        """
        some = [float(value) for value in values]
        if not some or not all(map(math.isfinite, some)):
            raise ArgumentError(f"values must be finite numbers, at least one; got {some}")
        spread = statistics.stdev(some) if len(some) > 1 else 0.0
        return cls(statistics.fmean(some), spread, min(some), max(some), len(some))


def chosen_run(runs: Sequence[TrainingRun], *, judge: str) -> TrainingRun:
    """Give the run whose best epoch has the least judge; of equals the first.

    Raises:
        ArgumentError: there is no run, or one without this figure.
    """
    if not runs or any(judge not in run.figures for run in runs):
        raise ArgumentError(f"runs must be at least one, each with the figure {judge!r}; got {len(runs)}")
    return min(runs, key=lambda run: run.figures[judge])
