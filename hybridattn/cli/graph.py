"""The command `graph`: a graph of ours in another format."""

import sys
from typing import Annotated

import typer

from hybridattn.cli.completion import formats
from hybridattn.cli.console import STDOUT, check_targets, print_out
from hybridattn.cli.inputs import named, text_of
from hybridattn.errors import ArgumentError
from hybridattn.view.formats.table import FORMATS, Format

__all__ = ["graph"]


def graph(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="What ask --json or reason --json wrote, node-link JSON, .nal, .graphml, .gexf, .csv; - reads stdin.",
        ),
    ],
    to: Annotated[str, typer.Option(metavar="FORMAT", help=f"One of {', '.join(FORMATS)}.", autocompletion=formats)],
    out: Annotated[str, typer.Option(metavar="FILE|-", help="What to write; - is stdout.")] = STDOUT,
) -> None:
    """Write the graph of an answer, of a derivation or of facts in a format that other programs read.

    Example: hybridattn graph answer.json --to gexf --out answer.gexf

    Example: hybridattn graph birds.nal --to mermaid
    """
    from hybridattn.view import write_text
    from hybridattn.view.formats import document

    wanted = _format(to)
    check_targets(out)
    found = document(text_of(file), name=named(file)).graph
    text = wanted.write(found)
    if out == STDOUT:
        sys.stdout.write(text)
    else:
        write_text(out, text)
        sizes = f"{found.number_of_nodes():,} nodes, {found.number_of_edges():,} edges"
        print_out(f"Wrote {out}: {wanted.about}; {sizes}.")


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise ArgumentError(f"--to must be one of {', '.join(FORMATS)}; got {name!r}")
    return FORMATS[name]
