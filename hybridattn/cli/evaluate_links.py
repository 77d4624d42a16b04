"""The commands `evaluate links` and `evaluate countries`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from hybridattn.cli.console import check_targets, print_out, progressing, table, waiting, wrote_json

if TYPE_CHECKING:
    from hybridattn.knowledge.evaluation.links import LinkResult

__all__ = ["countries", "links"]

Json = Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write JSON; - is stdout.")]
Seed = Annotated[int, typer.Option(help="Seed of the walks that propose rules, where there are too many to take all.")]


def links(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with train, valid or dev, test (.txt, .tsv).")],
    json_file: Json = None,
    seed: Seed = 0,
) -> None:
    """Predict the links of a knowledge graph by rules: filtered ranks, both directions, ties at their mean rank.

    Example: hybridattn evaluate links umls --json -
    """
    import torch

    from hybridattn.knowledge.datasets.triples import read_splits
    from hybridattn.knowledge.evaluation.links import evaluate_links
    from hybridattn.knowledge.links import LinkPredictor, TripleGraph

    check_targets(json_file)
    splits, began = read_splits(folder), perf_counter()
    with waiting("Counting rules"):
        graph = TripleGraph.of(splits.train, more=splits.valid + splits.test)
        predictor = LinkPredictor.learn(graph, generator=torch.Generator().manual_seed(seed))
    learned = perf_counter()
    with progressing("Asking", 2 * len(splits.test)) as show:
        found = evaluate_links(predictor, splits.test, known=splits.valid, progress=lambda done, _: show(done))
    seconds = {"seconds": perf_counter() - began, "learning_seconds": learned - began}
    report = {**found.to_json(), "rules": predictor.rules, "seed": seed, **seconds}
    if not wrote_json(json_file, report):
        print_out(_table(found), f"{predictor.rules} rules, {found.unseen} test triples with something unseen.")


def countries(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of Countries, in the ntp or conve layout.")],
    json_file: Json = None,
    seed: Seed = 0,
) -> None:
    """Find the region of each country (S1, S2, S3) by rules: area under the precision-recall curve.

    Example: hybridattn evaluate countries countries-ntp --json -
    """
    import torch

    from hybridattn.knowledge.datasets.countries import read_countries
    from hybridattn.knowledge.evaluation.countries import evaluate_countries

    check_targets(json_file)
    tasks = read_countries(folder)
    with waiting("Counting rules"):
        found = [evaluate_countries(task, generator=torch.Generator().manual_seed(seed)) for task in tasks]
    if not wrote_json(json_file, {"split": tasks[0].split, "tasks": [one.to_json() for one in found], "seed": seed}):
        rows = {one.name: (one.valid, one.test) for one in found}
        print_out(_numbers(f"AUC-PR, {tasks[0].split} split", ("valid", "test"), rows))


def _table(found: "LinkResult") -> Table:
    rankings = {"all": found.all, "tails": found.tails, "heads": found.heads, **found.relations}
    rows: dict[str, Sequence[Any]] = {
        name: (one.questions, one.mrr, *one.hits.values()) for name, one in rankings.items()
    }
    return _numbers("Filtered ranks", ("questions", "MRR", *(f"hits@{most}" for most in found.all.hits)), rows)


def _numbers(title: str, columns: Sequence[str], rows: Mapping[str, Sequence[Any]]) -> Table:
    made = table(title, *columns)
    for name, numbers in rows.items():
        texts = (f"{number:.4f}" if isinstance(number, float) else str(number) for number in numbers)
        made.add_row(Text(name), *texts)
    return made
