"""Training from several seeds: what is kept goes on, what is finished stays."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from hybridattn.errors import ArgumentError, ConvergenceError
from hybridattn.knowledge.training.kept import Kept, RunFolder
from hybridattn.knowledge.training.run import TrainingRun, least
from hybridattn.knowledge.training.trainer import WEIGHTS, Trainer, captured, restore
from hybridattn.knowledge.training.training import Training
from hybridattn.running import seeded

__all__ = ["TrainingProgress", "train_runs"]

PAUSE = 10.0  # seconds between two times that an unfinished run is kept


class TrainingProgress(NamedTuple):
    """How far a training is, after an epoch or at a run that was finished before."""

    name: str
    run: int
    """The number of the run, from 1."""
    runs: int
    epoch: int
    """Epochs done in this run."""
    epochs: int
    figures: Mapping[str, float]
    """Of the last epoch."""


def train_runs(
    training: Training,
    seeds: Sequence[int],
    *,
    folder: str | Path | None = None,
    progress: Callable[[TrainingProgress], None] | None = None,
) -> tuple[TrainingRun, ...]:
    """Train a run from each seed, in this order.

    Epoch e of seed s has the generator `seeded(s, name, "epoch", e)`, so a run does not depend on those before it.

    Args:
        training: what to train.
        seeds: one run each.
        folder: keeps the runs (see `RunFolder`). Those that are finished there are not trained again; one that was
            interrupted goes on where it was kept: every ten seconds between epochs, and when an exception or Ctrl-C
            ends it, after its last whole epoch. The numbers are the same as without an interruption.
        progress: told after every epoch.

    Raises:
        ArgumentError: no seed or one twice, an epoch without the judge, or a file of the folder that does not fit.
        ConvergenceError: a figure of an epoch is no finite number.
    """
    if not seeds or len(set(seeds)) < len(seeds):
        raise ArgumentError(f"seeds must be at least one, each once; got {list(seeds)}")
    kept = None if folder is None else RunFolder(folder)
    tell = progress or (lambda _: None)
    runs = []
    for number, seed in enumerate(seeds, 1):

        def told(history: Sequence[Mapping[str, float]], number: int = number) -> None:
            tell(TrainingProgress(training.name, number, len(seeds), len(history), training.epochs, history[-1]))

        runs.append(_UnderWay(training, seed, kept).finished(told))
    return tuple(runs)


class _UnderWay:
    """A run that is being trained, and what is kept of it."""

    def __init__(self, training: Training, seed: int, folder: RunFolder | None) -> None:
        self.training, self.seed, self.folder = training, seed, folder
        found = None if folder is None else folder.read(training, seed)
        self.kept = found or Kept([], 0.0, False, {}, {})
        self.written = len(self.kept.history)

    def finished(self, told: Callable[[Sequence[Mapping[str, float]]], None]) -> TrainingRun:
        """Train what is left, keeping it, and give the run."""
        if self.kept.finished:
            told(self.kept.history)
        else:
            try:
                self._go_on(told)
            finally:
                self._write()
        history, judge = self.kept.history, self.training.judge
        return TrainingRun(self.seed, tuple(history), least(history, judge), self.kept.best, self.kept.seconds)

    def _go_on(self, told: Callable[[Sequence[Mapping[str, float]]], None]) -> None:
        trainer = self.training.build(self.seed)
        if self.kept.history:
            restore(trainer, self.kept.now)
        last = time.monotonic()
        while not self._is_done():
            self.kept = self._after_epoch(trainer)
            if time.monotonic() - last > PAUSE:
                self._write()
                last = time.monotonic()
            told(self.kept.history)
        self.kept = self.kept._replace(finished=True, now={})
        self.written = -1

    def _is_done(self) -> bool:
        history, patience = self.kept.history, self.training.patience
        if patience is not None and history and len(history) - 1 - least(history, self.training.judge) >= patience:
            return True
        return len(history) >= self.training.epochs

    def _after_epoch(self, trainer: Trainer) -> Kept:
        number, start = len(self.kept.history), time.perf_counter()
        figures = dict(trainer.epoch(number, seeded(self.seed, self.training.name, "epoch", number)))
        self._must_be_figures(number, figures)
        history, state = [*self.kept.history, figures], captured(trainer)
        is_best = least(history, self.training.judge) == number
        best = _weights(state) if is_best else self.kept.best
        return Kept(history, self.kept.seconds + time.perf_counter() - start, False, state, best)

    def _must_be_figures(self, number: int, figures: Mapping[str, float]) -> None:
        if self.training.judge not in figures:
            raise ArgumentError(f"an epoch must give the figure {self.training.judge!r}; got {sorted(figures)}")
        for name, value in figures.items():
            if not math.isfinite(value):
                who = f"{self.training.name}, seed {self.seed}, epoch {number}"
                raise ConvergenceError(f"{who}: {name} must be a finite number; got {value}")

    def _write(self) -> None:
        if self.folder is not None and self.written != len(self.kept.history):
            self.folder.write(self.training, self.seed, self.kept)
            self.written = len(self.kept.history)


def _weights(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(WEIGHTS): tensor for name, tensor in state.items() if name.startswith(WEIGHTS)}
