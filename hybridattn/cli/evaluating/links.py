"""The commands `evaluate links` and `evaluate countries`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from hybridattn.cli.console import check_targets, print_out, progressing, table, waiting, wrote_json

if TYPE_CHECKING:
    from hybridattn.knowledge.datasets.triples import TripleSplits

__all__ = ["countries", "links"]

Json = Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write JSON; - is stdout.")]
Seed = Annotated[
    int, typer.Option(help="Seed of the first run: of the walks that propose rules, where there are too many.")
]
Runs = Annotated[int, typer.Option(min=1, help="How many runs, each with a seed of its own.")]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Keep finished runs here; the same command goes on from there.")
]


def links(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with train, valid or dev, test (.txt, .tsv).")],
    json_file: Json = None,
    seed: Seed = 0,
    runs: Runs = 1,
    out: Out = None,
) -> None:
    """Predict the links of a knowledge graph by rules: filtered ranks, both directions, ties at their mean rank.

    Example: hybridattn evaluate links umls --json -
    """
    from hybridattn.knowledge.datasets.triples import read_splits
    from hybridattn.knowledge.evaluation.kept import digest, kept_report

    check_targets(json_file)
    splits = read_splits(folder)
    settings = {"data": digest(splits)}
    found = [
        kept_report(out, f"links-{one}", {**settings, "seed": one}, partial(_links, splits, one))
        for one in range(seed, seed + runs)
    ]
    if not wrote_json(json_file, {**found[0], **_spread(found, ("mrr", "hits@1", "hits@3", "hits@10"))}):
        said = f"{found[0]['rules']} rules, {found[0]['unseen']} test triples with something unseen."
        print_out(_table(found[0]), said, *_several(found, ("mrr", "hits@1", "hits@10")))


def _links(splits: "TripleSplits", seed: int) -> dict[str, Any]:
    import torch

    from hybridattn.knowledge.evaluation.links import evaluate_links
    from hybridattn.knowledge.links import LinkPredictor, TripleGraph

    began = perf_counter()
    with waiting(f"Counting rules, seed {seed}"):
        graph = TripleGraph.of(splits.train, more=splits.valid + splits.test)
        predictor = LinkPredictor.learn(graph, generator=torch.Generator().manual_seed(seed))
    learned = perf_counter()
    with progressing("Asking", 2 * len(splits.test)) as show:
        found = evaluate_links(predictor, splits.test, known=splits.valid, progress=lambda done, _: show(done))
    seconds = {"seconds": perf_counter() - began, "learning_seconds": learned - began}
    return {**found.to_json(), "rules": predictor.rules, "seed": seed, **seconds}


def countries(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of Countries, in the ntp or conve layout.")],
    json_file: Json = None,
    seed: Seed = 0,
    runs: Runs = 1,
) -> None:
    """Find the region of each country (S1, S2, S3) by rules: area under the precision-recall curve.

    Example: hybridattn evaluate countries countries-ntp --json -
    """
    import torch

    from hybridattn.knowledge.datasets.countries import read_countries
    from hybridattn.knowledge.evaluation.countries import evaluate_countries

    check_targets(json_file)
    tasks = read_countries(folder)
    found: list[dict[str, Any]] = []
    with waiting("Counting rules"):
        for one in range(seed, seed + runs):
            results = [evaluate_countries(task, generator=torch.Generator().manual_seed(one)) for task in tasks]
            found.append({"seed": one, **{result.name: result.test for result in results}, "tasks": results})
    first = [one.to_json() for one in found[0]["tasks"]]
    names = tuple(task.name for task in tasks)
    data = {"split": tasks[0].split, "tasks": first, "seed": seed, **_spread(found, names)}
    if not wrote_json(json_file, data):
        rows = {one.name: (one.valid, one.test) for one in found[0]["tasks"]}
        table = _numbers(f"AUC-PR, {tasks[0].split} split", ("valid", "test"), rows)
        print_out(table, *_several(found, names))


def _spread(found: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> dict[str, Any]:
    """Give the seeds of several runs, and mean, spread, least and most of their figures; nothing of one run."""
    from hybridattn.knowledge import Spread

    if len(found) == 1:
        return {}
    spread = {key: asdict(Spread.of(one[key] for one in found)) for key in keys}
    return {"seeds": [one["seed"] for one in found], "spread": spread}


def _several(found: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> Iterator[Table]:
    if len(found) > 1:
        spread = _spread(found, keys)["spread"]
        rows = {key: [spread[key][part] for part in ("mean", "spread", "least", "most")] for key in keys}
        yield _numbers(f"{len(found)} runs", ("mean", "spread", "least", "most"), rows)


def _table(found: Mapping[str, Any]) -> Table:
    rankings = {"all": found, "tails": found["tails"], "heads": found["heads"], **found["relations"]}
    columns = ("questions", "mrr", "hits@1", "hits@3", "hits@10")
    rows = {name: [one[column] for column in columns] for name, one in rankings.items()}
    return _numbers("Filtered ranks", ("questions", "MRR", *columns[2:]), rows)


def _numbers(title: str, columns: Sequence[str], rows: Mapping[str, Sequence[Any]]) -> Table:
    made = table(title, *columns)
    for name, numbers in rows.items():
        texts = (f"{number:.4f}" if isinstance(number, float) else str(number) for number in numbers)
        made.add_row(Text(name), *texts)
    return made
