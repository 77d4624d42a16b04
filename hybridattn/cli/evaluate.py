"""The commands `evaluate`: published benchmarks, each with its accuracy and the faithfulness of its proofs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperCommand

from hybridattn.cli.console import ANSWERED, STDOUT, check_targets, print_out, table, waiting, wrote_json
from hybridattn.cli.evaluate_babi import babi
from hybridattn.cli.evaluate_links import countries, links
from hybridattn.errors import ArgumentError

if TYPE_CHECKING:
    from hybridattn.knowledge import ClutrrReport

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
    seed: Annotated[int, typer.Option(help="Seed of the facts that are deleted at random.")] = 0,
    rules: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Write the learned rules in Narsese; - is stdout.")
    ] = None,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write JSON; - is stdout.")] = None,
) -> None:
    """Learn what relations compose to from short stories, and answer longer ones.

    Example: hybridattn evaluate clutrr --train 1.2,1.3_train.csv --test 1.4_test.csv 1.10_test.csv
    """
    import torch

    from hybridattn.knowledge import evaluate_clutrr
    from hybridattn.view import write_text

    if rules == STDOUT == json_file:
        raise ArgumentError("--rules and --json cannot both write to stdout")
    check_targets(json_file, rules)
    with waiting(f"Learning from {len(train)} and answering {len(test)} files"):
        generator = torch.Generator().manual_seed(seed)
        report = evaluate_clutrr(train, test, generator=generator, ordered=not unordered)
    if rules is not None:
        text = "\n".join(report.narsese) + "\n"
        sys.stdout.write(text) if rules == STDOUT else write_text(rules, text)
    if not wrote_json(json_file, report.to_json()) and rules != STDOUT:
        print_out(*_shown(report))
    raise typer.Exit(ANSWERED)


evaluate_app.command()(links)
evaluate_app.command()(countries)
evaluate_app.command()(babi)


def _shown(report: "ClutrrReport") -> tuple[Any, ...]:
    made = table("file", "hops", "stories", "accuracy", "no evidence", "replay", "sufficient", "comprehensive", "F1")
    for one in report.files:
        faith, steps = one.faithfulness, one.steps
        shares = (faith.replay, faith.sufficiency, faith.comprehensiveness, None if steps is None else steps.f1)
        hops = "" if one.hops is None else str(one.hops)
        counts = (Path(one.file).name, hops, str(one.stories), f"{one.accuracy:.4f}", str(one.no_evidence))
        made.add_row(Text(counts[0]), *counts[1:], *("" if share is None else f"{share:.4f}" for share in shares))
    order = "walk order" if report.ordered else "unordered"
    said = f"{report.trained} stories, {report.rules} rules, {order}, {report.seconds:.1f} s."
    return made, said
