"""What `evaluate clutrr` prints: a table of its files, and the spread of several runs."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from hybridattn.cli.console import table

if TYPE_CHECKING:
    from hybridattn.knowledge import ClutrrFile, ClutrrReport

__all__ = ["shown", "spread"]

HEADS = ("file", "hops", "stories", "accuracy", "no evidence", "replay", "sufficient", "comprehensive", "random", "F1")


def spread(reports: Sequence["ClutrrReport"]) -> list[dict[str, Any]]:
    """Give for each file mean, spread, least and most of the accuracy over the runs."""
    from hybridattn.knowledge import Spread

    files = zip(*(report.files for report in reports), strict=True)
    return [{"file": some[0].file, "accuracy": asdict(Spread.of(one.accuracy for one in some))} for some in files]


def shown(reports: Sequence["ClutrrReport"]) -> tuple[Any, ...]:
    """Lay out the first run, and after it the spread of all of them where there are several."""
    first, made = reports[0], table(*HEADS)
    for one in first.files:
        made.add_row(*_row(one))
    order = "walk order" if first.ordered else "unordered"
    said = f"{first.trained} stories, {first.rules} rules, {order}, {first.seconds:.1f} s."
    return (made, said) if len(reports) == 1 else (made, said, _spread_table(reports))


def _row(one: "ClutrrFile") -> tuple[str | Text, ...]:
    faith, steps = one.faithfulness, one.steps
    shares = (faith.replay, faith.sufficiency, faith.comprehensiveness, faith.random_deletion)
    told = ("" if share is None else f"{share:.4f}" for share in (*shares, None if steps is None else steps.f1))
    hops = "" if one.hops is None else str(one.hops)
    return Text(Path(one.file).name), hops, str(one.stories), f"{one.accuracy:.4f}", str(one.no_evidence), *told


def _spread_table(reports: Sequence["ClutrrReport"]) -> Table:
    made = table("file", "mean", "spread", "least", "most")
    made.title = f"Accuracy of {len(reports)} runs"
    for row in spread(reports):
        figures = (row["accuracy"][name] for name in ("mean", "spread", "least", "most"))
        made.add_row(Text(Path(row["file"]).name), *(f"{figure:.4f}" for figure in figures))
    return made
