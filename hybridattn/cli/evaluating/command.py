"""The commands `evaluate`: published benchmarks, each with its accuracy and the faithfulness of its proofs."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from hybridattn.cli.console import ANSWERED, STDOUT, check_targets, print_out, trained_runs, wrote_json
from hybridattn.cli.evaluating.babi import babi
from hybridattn.cli.evaluating.clutrr_tables import shown, spread
from hybridattn.cli.evaluating.links import countries, links
from hybridattn.errors import ArgumentError

__all__ = ["Listed", "evaluate_app"]

evaluate_app = typer.Typer(
    help="Published benchmarks: accuracy, and whether the proofs of the answers bear them.\n\n"
    "Example: hybridattn evaluate links umls --json -",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Listed(TyperCommand):
    """A command whose options --train and --test take any number of files: --test A B is --test A --test B."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the option before every further file."""
        repeated: list[str] = []
        option, fresh = "", False
        for word in args:
            if word.startswith("-") and word != STDOUT:
                option, fresh = word.partition("=")[0], "=" not in word
                repeated.append(word)
                continue
            if option in ("--train", "--test") and not fresh:
                repeated.append(option)
            repeated.append(word)
            fresh = False
        return super().parse_args(ctx, repeated)


@evaluate_app.command(cls=Listed)
def clutrr(
    train: Annotated[list[Path], typer.Option(metavar="FILE...", help="Files to learn from: .csv or .jsonl.")],
    test: Annotated[list[Path], typer.Option(metavar="FILE...", help="Files to answer.")],
    unordered: Annotated[
        bool, typer.Option("--unordered", help="Take a story as a graph in which paths are found, not as a walk.")
    ] = False,
    soft: Annotated[
        bool, typer.Option("--soft", help="Train a reader of vectors by gradient, in place of counting rules.")
    ] = False,
    runs: Annotated[int, typer.Option(min=1, help="How many runs, each with a seed of its own.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the first run: of training, and of deleting facts at random.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep trained runs here; the same command goes on from there.")
    ] = None,
    rules: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Write the learned rules in Narsese; - is stdout.")
    ] = None,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write JSON; - is stdout.")] = None,
) -> None:
    """Learn what relations compose to from short stories, and answer longer ones.

    Example: hybridattn evaluate clutrr --train 1.2,1.3_train.csv --test 1.4_test.csv 1.10_test.csv
    """
    import torch

    from hybridattn.knowledge import CountedRules, TrainedReader, evaluate_clutrr_runs
    from hybridattn.view import write_text

    if rules == STDOUT == json_file:
        raise ArgumentError("--rules and --json cannot both write to stdout")
    if out is not None and not soft:
        raise ArgumentError("--out keeps what is trained, which takes --soft; rules are counted in seconds")
    check_targets(json_file, rules)
    with trained_runs("Training") as progress:
        seeds = range(seed, seed + runs)
        learners = [TrainedReader(one, out, progress) if soft else CountedRules() for one in seeds]
        generators = [torch.Generator().manual_seed(one) for one in seeds]
        reports = evaluate_clutrr_runs(train, test, runs=zip(learners, generators, strict=True), ordered=not unordered)
    if rules is not None:
        text = "\n".join(reports[0].narsese) + "\n"
        sys.stdout.write(text) if rules == STDOUT else write_text(rules, text)
    data = {**reports[0].to_json(), "soft": soft, "seeds": list(seeds), "spread": spread(reports)}
    if not wrote_json(json_file, data) and rules != STDOUT:
        print_out(*shown(reports))
    raise typer.Exit(ANSWERED)


evaluate_app.command()(links)
evaluate_app.command()(countries)
evaluate_app.command()(babi)
