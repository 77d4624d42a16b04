"""bAbI: readers trained on the answers of a task from several seeds, the run that validation chooses, its graphs."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.datasets.babi import BabiFiles, BabiQuestion, babi_files, read_babi
from hybridattn.knowledge.evaluation.faithfulness import SetScores, set_scores
from hybridattn.knowledge.evaluation.reading import ReadingFaithfulness, reading_faithfulness
from hybridattn.knowledge.reading import (
    ReaderParts,
    Schedule,
    StoryReader,
    StoryTensors,
    gated,
    read_stories,
    reader_of,
    reader_training,
)
from hybridattn.knowledge.reading.runs import JUDGE, held_out
from hybridattn.knowledge.reading.training import losses_and_errors
from hybridattn.knowledge.training import Spread, Training, TrainingProgress, TrainingRun, chosen_run, train_runs
from hybridattn.running import seeded

__all__ = ["BabiReport", "BabiRun", "BabiTask", "evaluate_babi"]

READERS = (ReaderParts(), ReaderParts(link=gated))
FAILED = 0.05  # a task with a larger error counts as failed (Weston et al. 2015)


@dataclass(frozen=True)
class BabiRun:
    """What came of one run; errors are in [0, 1]."""

    seed: int
    link: str
    """How its hops are linked."""
    epoch: int
    """The epoch that validation chose, from 1."""
    valid_loss: float
    valid_error: float
    error: float
    """The share of test questions that are answered wrong."""


@dataclass(frozen=True)
class BabiTask:
    """What came of one task; errors and shares are in [0, 1]."""

    task: int
    name: str
    questions: int
    """Test questions; one that is answered with no label, or whose label training never had, counts as wrong."""
    error: float
    """The share of test questions that the chosen run answers wrong."""
    errors: Spread
    """The same over all runs."""
    seed: int
    """The seed of the run with the least loss on the questions held out from training."""
    runs: tuple["BabiRun", ...]
    """All runs."""
    no_evidence: int
    """Test questions of the chosen run without a sentence to read."""
    support: SetScores | None
    """The sentences that answers cite against the gold supporting facts; None where the file has none."""
    faithfulness: ReadingFaithfulness
    training_seconds: float
    """Training of all runs; what was kept from before counts with the time that it took then."""
    seconds: float
    """Answering, and deleting sentences."""
    note: str
    """What is to be said with these numbers; empty where nothing is."""

    def to_json(self) -> dict[str, Any]:
        """Give plain data: one level, but for `errors`, `runs` and `support`."""
        data = asdict(self)
        return {**{key: value for key, value in data.items() if key != "faithfulness"}, **data["faithfulness"]}


@dataclass(frozen=True)
class BabiReport:
    """What came of some tasks, each trained for itself."""

    tasks: tuple[BabiTask, ...]
    runs: int
    seconds: float

    @property
    def mean_error(self) -> float:
        """The mean of the errors of the chosen runs."""
        return statistics.fmean(task.error for task in self.tasks)

    @property
    def failed(self) -> int:
        """How many tasks have an error above 5 %."""
        return sum(task.error > FAILED for task in self.tasks)

    def to_json(self) -> dict[str, Any]:
        """Give plain data: `tasks` holds one object a task."""
        totals = {"mean_error": self.mean_error, "failed": self.failed, "runs": self.runs, "seconds": self.seconds}
        return {"tasks": [task.to_json() for task in self.tasks], **totals}


def evaluate_babi(
    folder: str | Path,
    tasks: Sequence[int],
    *,
    runs: int = 10,
    seed: int = 0,
    parts: Sequence[ReaderParts] = READERS,
    schedule: Schedule | None = None,
    out: str | Path | None = None,
    progress: Callable[[TrainingProgress], None] | None = None,
) -> BabiReport:
    """Train readers on the answers of each task, and answer its test questions.

    A tenth of the training stories is held out. Of every run the epoch, and of all runs the run, with the least loss
    on them is chosen (Sukhbaatar et al. 2015 choose the best of ten by their training error); supporting facts and the
    test set take part in nothing but the figures.

    Args:
        folder: holds files such as `qa1_single-supporting-fact_train.txt`.
        tasks: their numbers.
        runs: how many seeds a task is trained from, counted up from `seed`.
        seed: the first seed; also of the sentences that are deleted at random.
        parts: what the readers are made of, kinds that take turns: see `reader_training`. By default every other run
            has gates between its hops (Liu and Perez 2017): some tasks need them, others are learned without alone.
        schedule: how long and how fast they learn.
        out: keeps the runs, and goes on from them: see `train_runs`.
        progress: told after every epoch.

    Raises:
        FactsError: a file is missing or has a broken line; all are read before anything is trained.
        ArgumentError: no task or one twice, runs below 1, or a kept run of other settings.
    """
    start = time.perf_counter()
    if not tasks or len(set(tasks)) < len(tasks):
        raise ArgumentError(f"tasks must be at least one, each once; got {list(tasks)}")
    if runs < 1:
        raise ArgumentError(f"runs must be at least 1; got {runs}")
    read = [_Task.read(babi_files(folder, task)) for task in tasks]
    trainings = [task.training(parts, schedule) for task in read]
    seeds = range(seed, seed + runs)
    done = [
        (task, training, train_runs(training, seeds, folder=out, progress=progress))
        for task, training in zip(read, trainings, strict=True)
    ]
    found = tuple(task.evaluated(training, some) for task, training, some in done)
    return BabiReport(found, runs, time.perf_counter() - start)


class _Task(NamedTuple):
    """A task that was read."""

    files: BabiFiles
    learnt: list[BabiQuestion]
    test: list[BabiQuestion]

    @classmethod
    def read(cls, files: BabiFiles) -> "_Task":
        return cls(files, read_babi(files.train), read_babi(files.test))

    def training(self, parts: Sequence[ReaderParts], schedule: Schedule | None) -> Training:
        rows = held_out([one.story for one in self.learnt])
        learnt, held = ([self.learnt[row] for row in some] for some in rows)
        return reader_training(f"babi-{self.files.task}", learnt, held, parts=parts, schedule=schedule)

    def evaluated(self, training: Training, runs: Sequence[TrainingRun]) -> BabiTask:
        start = time.perf_counter()
        best = chosen_run(runs, judge=JUDGE)
        told = tuple(self._told(reader_of(training, run), run) for run in runs)
        reader = reader_of(training, best)
        answers = read_stories(reader, self.test)
        golden = [(set(answer.support), set(one.support)) for answer, one in zip(answers, self.test, strict=True)]
        generator = seeded(runs[0].seed, training.name, "deleted")
        return BabiTask(
            self.files.task,
            self.files.name,
            len(self.test),
            sum(answer.answer != one.answer for answer, one in zip(answers, self.test, strict=True)) / len(self.test),
            Spread.of(one.error for one in told),
            best.seed,
            told,
            sum(answer.answer is None for answer in answers),
            set_scores(golden),
            reading_faithfulness(reader, answers, generator=generator),
            sum(run.seconds for run in runs),
            time.perf_counter() - start,
            self.files.note,
        )

    def _told(self, reader: StoryReader, run: TrainingRun) -> BabiRun:
        _, error = losses_and_errors(reader, StoryTensors(self.test, reader.vocabulary))
        link, figures = str(reader.parts.to_json()["link"]), run.figures
        return BabiRun(run.seed, link, run.best + 1, figures[JUDGE], figures["valid_error"], error)
