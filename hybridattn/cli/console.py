"""What all commands share: exit codes, and how they write to the terminal."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from hybridattn.view import check_path, write_text

if TYPE_CHECKING:
    from hybridattn.knowledge import TrainingProgress

__all__ = [
    "ANSWERED",
    "NO_ANSWER",
    "STDOUT",
    "WRONG_INPUT",
    "check_targets",
    "has_colours",
    "print_out",
    "progressing",
    "table",
    "trained_runs",
    "waiting",
    "wrote_json",
]

ANSWERED, NO_ANSWER, WRONG_INPUT = 0, 1, 2
STDOUT = "-"
PLAIN_WIDTH = 240  # columns where stdout is no terminal


def waiting(what: str) -> AbstractContextManager[object]:
    """Show on stderr, if that is a terminal, that something takes a moment."""
    return Console(stderr=True).status(f"{what} ...")


@contextmanager
def progressing(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show on stderr, if that is a terminal, how much of something is done: call what is given with the number."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def trained_runs(what: str) -> Iterator[Callable[["TrainingProgress"], None]]:
    """Show on stderr, while something is trained, which run and epoch it is at and its figures; give what is told."""
    with Progress(TextColumn("{task.description}"), BarColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"{what} ...", total=None)

        def told(now: "TrainingProgress") -> None:
            figures = ", ".join(f"{name} {value:.4g}" for name, value in now.figures.items())
            said = f"{what}, run {now.run} of {now.runs}, epoch {now.epoch} of {now.epochs}: {figures}"
            bar.update(task, description=said, completed=now.epoch, total=now.epochs)

        yield told


def check_targets(*targets: Path | str | None) -> None:
    """Raise ArgumentError, before there is anything to write, where one of the files cannot be written."""
    for target in targets:
        if target is not None and target != STDOUT:
            check_path(target)


def has_colours() -> bool:
    """Tell whether stdout is a terminal that shows colours, and nobody asked for none (NO_COLOR)."""
    console = Console()
    return sys.stdout.isatty() and console.color_system is not None and not console.no_color


def table(first: str, *rest: str) -> Table:
    """Make a table of names, which are folded where they are too long, and numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    made.add_column(first, overflow="fold")
    for column in rest:
        made.add_column(column, justify="right")
    return made


def print_out(*parts: RenderableType) -> None:
    """Print to stdout: within the width of a terminal, where long lines are folded; plain and unfolded elsewhere."""
    plain = not sys.stdout.isatty()
    console = Console(highlight=False, width=PLAIN_WIDTH if plain else None)
    for part in parts:
        console.print(part, soft_wrap=plain or isinstance(part, str))


def wrote_json(target: str | None, data: Mapping[str, Any]) -> bool:
    """Write JSON to a file or to stdout, and tell whether stdout has it: then nothing else may be printed."""
    if target is None:
        return False
    text = json.dumps(data, allow_nan=False) + "\n"
    if target == STDOUT:
        sys.stdout.write(text)
    else:
        write_text(target, text)
    return target == STDOUT
