"""The command `evaluate babi`."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from hybridattn.cli.console import check_targets, print_out, wrote_json
from hybridattn.cli.trials import INTERRUPTED, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hybridattn.knowledge import BabiReport, TrainingProgress

__all__ = ["babi"]


def babi(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of bAbI, such as en, with qa1_..._train.txt.")],
    tasks: Annotated[str, typer.Option(help="Numbers of the tasks, with commas between.")],
    runs: Annotated[
        int, typer.Option(help="Runs of each task, every other one with gates between hops; validation chooses one.")
    ] = 10,
    seed: Annotated[int, typer.Option(help="Seed of the first run; the others count up.")] = 0,
    epochs: Annotated[int, typer.Option(help="Epochs of a run, the first 40 % of them with a linear start.")] = 50,
    hops: Annotated[int, typer.Option(help="Hops over the sentences of a story.")] = 3,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the runs here, and go on from those that are there.")
    ] = None,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write JSON; - is stdout.")] = None,
) -> None:
    """Train readers on the answers of bAbI tasks, and measure errors and what the answers rest on.

    Example: hybridattn evaluate babi tasks_1-20_v1-2/en --tasks 1,2,3 --runs 3 --out runs
    """
    from hybridattn.knowledge import Schedule, evaluate_babi
    from hybridattn.knowledge.evaluation.babi import READERS

    chosen = numbers("--tasks", tasks, int)
    check_targets(json_file)
    schedule = Schedule(epochs=epochs, linear=epochs * 2 // 5)
    with _shown_progress(len(chosen) * max(runs, 0), out) as told:
        report = evaluate_babi(
            folder,
            chosen,
            runs=runs,
            seed=seed,
            parts=[replace(kind, hops=hops) for kind in READERS],
            schedule=schedule,
            out=out,
            progress=told,
        )
    if not wrote_json(json_file, report.to_json()):
        print_out(*_shown(report))


@contextmanager
def _shown_progress(total: int, out: Path | None) -> "Iterator[Callable[[TrainingProgress], None]]":
    """Show runs and epochs on stderr; Ctrl-C says what is kept, and ends with the exit code 130."""
    err = Console(stderr=True)
    with Progress(console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task("Training", total=total)
        finished = 0

        def told(progress: "TrainingProgress") -> None:
            nonlocal finished
            bar.update(
                task,
                completed=finished + progress.epoch / progress.epochs,
                description=f"{progress.name}, run {progress.run} of {progress.runs}",
            )
            finished += progress.epoch == progress.epochs

        try:
            yield told
        except KeyboardInterrupt:
            bar.stop()
            typer.echo(f"\n{_interrupted(finished, total, out)}", err=True)
            raise typer.Exit(INTERRUPTED) from None


def _interrupted(finished: int, total: int, out: Path | None) -> str:
    if out is None:
        return f"interrupted after {finished} of {total} runs; with --out DIR they would have been kept"
    return f"interrupted: {finished} of {total} runs are kept in {out}, the next in part; the same command goes on"


def _shown(report: "BabiReport") -> tuple[Any, ...]:
    table = Table("task", "", *(f"{name}" for name in COLUMNS))
    for one in report.tasks:
        support, faith = one.support, one.faithfulness
        errors = f"{100 * one.errors.mean:.1f} ± {100 * one.errors.spread:.1f}"
        shares = (
            None if support is None else support.f1,
            faith.replay,
            faith.sufficiency,
            faith.comprehensiveness,
            faith.random_deletion,
        )
        told = ["" if share is None else f"{share:.3f}" for share in shares]
        table.add_row(str(one.task), one.name, f"{100 * one.error:.1f}", errors, *told, f"{one.training_seconds:.0f}")
    notes = [f"Task {one.task}: {one.note}." for one in report.tasks if one.note]
    said = f"Mean error {100 * report.mean_error:.1f} %, {report.failed} of {len(report.tasks)} tasks above 5 %"
    return table, f"{said}; {report.runs} runs a task, {report.seconds:.0f} s.", *notes


COLUMNS = ("error %", "all runs", "support F1", "replay", "sufficient", "comprehensive", "random", "seconds")
