"""The command line: the border where strings become objects, and where mistakes become messages and exit codes."""

import io
import sys
from typing import Annotated

import typer

from hybridattn import __version__
from hybridattn.cli.ask import ask, export, show
from hybridattn.cli.console import WRONG_INPUT
from hybridattn.cli.evaluating import evaluate_app
from hybridattn.cli.experimenting import experiment_app
from hybridattn.cli.graph import graph
from hybridattn.cli.logic import narsese, reason
from hybridattn.cli.recall import recall
from hybridattn.cli.store import import_facts, store_app
from hybridattn.cli.viewing import view
from hybridattn.errors import HybridAttnError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Associative memory you can question: ask facts, get the answer, its derivation and its graph.\n\n"
    'Example: hybridattn ask wordnet "<cheetah.n.01 --> animal.n.01>?"',
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
facts_app = typer.Typer(
    help="Look at facts, and keep them.\n\nExample: hybridattn facts show wordnet",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(facts_app, name="facts")
app.add_typer(experiment_app, name="experiment")
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(store_app, name="store")
app.command()(ask)
app.command()(recall)
app.command()(reason)
app.command()(narsese)
app.command()(graph)
app.command()(view)
facts_app.command()(show)
facts_app.command()(export)
facts_app.command("import")(import_facts)


def main() -> None:
    """Run the command and exit: 0 answered or done, 1 no answer, 2 wrong input, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="hybridattn")
    except HybridAttnError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(WRONG_INPUT)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hybridattn {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Say what every command has in common."""
