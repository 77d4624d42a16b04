"""The command `evaluate`: published benchmarks, measured as they define it."""

import typer

from hybridattn.cli.evaluate_links import countries, links

__all__ = ["evaluate_app"]

evaluate_app = typer.Typer(
    help="Measure reasoning on published benchmarks.", no_args_is_help=True, rich_markup_mode=None
)
evaluate_app.command()(links)
evaluate_app.command()(countries)
