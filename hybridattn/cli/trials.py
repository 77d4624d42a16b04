"""What the experiment commands share: from words to parts, running with progress, and where results go."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from rich.console import RenderableType

from hybridattn.cli.console import STDOUT, check_targets, print_out, progressing, wrote_json
from hybridattn.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hybridattn.experiments import Contender, Reference, Setup, Source, Study

__all__ = ["Results", "Targets", "chosen", "numbers", "perform", "set_up", "source_of"]

INTERRUPTED = 130
Row = TypeVar("Row")
Number = TypeVar("Number", int, float)


def numbers(option: str, text: str, kind: Callable[[str], Number]) -> list[Number]:
    """Read numbers with commas between; rising, each once."""
    try:
        found = [kind(part) for part in text.split(",")]
    except ValueError:
        wanted = "whole numbers" if kind is int else "numbers"
        raise ArgumentError(f"{option} must be {wanted} with commas between; got {text!r}") from None
    return sorted(set(found))


def chosen(names: Sequence[str], known: Mapping[str, "Contender"]) -> tuple["Contender", ...]:
    """Look memories up by name; a miss lists what there is."""
    for name in names:
        if name not in known:
            raise ArgumentError(f"--memory must be one of {', '.join(known)}; got {name!r}")
    return tuple(known[name] for name in dict.fromkeys(names))


def source_of(patterns: str, dim: int, grid: int) -> "Source":
    """Find patterns: a built-in name wins over a path, unless that is written with a slash."""
    from hybridattn.experiments import digits, gaussian_patterns, patterns_from, sign_patterns, sphere_patterns

    random = {"signs": sign_patterns, "gaussian": gaussian_patterns, "sphere": sphere_patterns}
    if patterns in random:
        return random[patterns](dim)
    if patterns == "digits":
        return digits()
    if not Path(patterns).exists():
        raise ArgumentError(
            f"--patterns must be {', '.join(random)}, digits, or a file or folder that exists; got {patterns!r}"
        )
    return patterns_from(patterns, size=grid)


def set_up(
    source: "Source", memories: Sequence["Contender"], *, seed: int, seeds: int, criterion: tuple[int, float, int]
) -> "Setup":
    """Put together what all experiments share; seeds are counted up from `seed`."""
    from hybridattn.experiments import Criterion, Setup

    if seeds < 1:
        raise ArgumentError(f"--seeds must be at least 1; got {seeds}")
    return Setup(tuple(memories), source, tuple(range(seed, seed + seeds)), Criterion(*criterion))


@dataclass(frozen=True)
class Targets:
    """Where results go, checked before anything is measured."""

    out: Path | None
    csv_file: str | None
    json_file: str | None
    figure: Path | None

    def __post_init__(self) -> None:
        """Raise ArgumentError where something could not be written, or two things want stdout."""
        check_targets(self.csv_file, self.json_file)
        if self.csv_file == self.json_file == STDOUT:
            raise ArgumentError("--csv - and --json - both want stdout: name a file for one of them")
        if self.figure is not None:
            from hybridattn.view.plots import check_figure

            check_figure(self.figure)

    @property
    def written(self) -> list[str]:
        """Name the files."""
        return [str(one) for one in (self.figure, self.csv_file, self.json_file) if one not in (None, STDOUT)]


@dataclass(frozen=True)
class Results:
    """How one experiment's rows are summed up and shown."""

    summarise: Callable[[list[Any]], Sequence[Any]]
    table: Callable[[Sequence[Any]], RenderableType]
    draw: Callable[[Sequence[Any], "Sequence[Reference]"], "Axes"]
    theory: Callable[[Sequence[Any]], "Sequence[Reference]"] = lambda points: ()


def perform(study: "Study[Row]", targets: Targets, results: Results) -> None:
    """Run a study, and give its results to the terminal and to files."""
    from hybridattn.experiments import csv_text
    from hybridattn.view import write_text
    from hybridattn.view.plots import write_figure

    rows = _measured(study, targets.out)
    points = results.summarise(rows)
    theory = results.theory(points)
    if targets.figure is not None:
        write_figure(targets.figure, results.draw(points, theory))
    if targets.csv_file == STDOUT:
        sys.stdout.write(csv_text(rows))
    elif targets.csv_file is not None:
        write_text(targets.csv_file, csv_text(rows))
    report = {
        "experiment": study.name,
        "settings": study.settings,
        "summary": _plain(points),
        "theory": _plain(theory),
        "rows": _plain(rows),
    }
    if not wrote_json(targets.json_file, report) and targets.csv_file != STDOUT:
        written = [f"Wrote {', '.join(targets.written)}"] if targets.written else []
        print_out(results.table(points), *(reference.label for reference in theory if reference.y is None), *written)


def _plain(rows: Iterable[Any]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def _measured(study: "Study[Row]", out: Path | None) -> list[Row]:
    from hybridattn.experiments import Ledger, run_study

    finished = 0
    try:
        with progressing(study.name, len(study.cells)) as show:

            def done(number: int, total: int) -> None:
                nonlocal finished
                finished = number
                show(number)

            return run_study(study, ledger=None if out is None else Ledger(out), done=done)
    except KeyboardInterrupt:
        typer.echo(f"\n{_interrupted(finished, len(study.cells), out)}", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _interrupted(finished: int, total: int, out: Path | None) -> str:
    if out is None:
        return f"interrupted after {finished} of {total} cells; with --out DIR they would have been kept"
    return f"interrupted: {finished} of {total} cells are kept in {out}; the same command goes on from there"
