"""The command itself: which file, which page, where to."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hybridattn.cli.console import STDOUT, check_targets, print_out, waiting
from hybridattn.cli.viewing.reading import KINDS, read
from hybridattn.errors import ArgumentError

__all__ = ["view"]


def view(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=f"{KINDS}.")],
    html: Annotated[Path | None, typer.Option(help="The page to write [default: FILE with the ending .html].")] = None,
    ask: Annotated[
        str | None,
        typer.Option(metavar="Q", help="Which question the page answers, for Narsese and for `reason` JSON."),
    ] = None,
) -> None:
    """Write one offline page of a file: what `ask --json` or `reason --json` wrote, node-link JSON, or Narsese.

    Example: hybridattn view cheetah.json --html cheetah.html
    """
    from hybridattn.view import page, write_text

    target = file.with_suffix(".html") if html is None and file.name else html
    if target is None or target in (file, Path(STDOUT)):
        raise ArgumentError(f"--html must be a file other than FILE; got {target}")
    check_targets(target)
    with waiting(f"Reading {file}"):
        text = _page(page, read(file, ask=ask), file)
    write_text(target, text)
    print_out(f"Wrote {target}")


def _page(page: Any, report: dict[str, Any], file: Path) -> str:
    try:
        return str(page(report))
    except ArgumentError as error:
        raise ArgumentError(f"{file}: {error}") from None
