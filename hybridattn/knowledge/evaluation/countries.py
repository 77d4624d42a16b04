"""Countries S1, S2 and S3, measured by the area under the precision-recall curve."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.datasets.countries import CountriesTask
from hybridattn.knowledge.links.aggregation import Aggregation
from hybridattn.knowledge.links.graph import TripleGraph
from hybridattn.knowledge.links.mining import Mining
from hybridattn.knowledge.links.predictor import LinkPredictor

__all__ = ["CountriesResult", "area_under_precision_recall", "evaluate_countries"]


@dataclass(frozen=True)
class CountriesResult:
    """The areas of one task."""

    name: str
    split: str
    valid: float
    test: float

    def to_json(self) -> dict[str, Any]:
        """Give the numbers as plain data."""
        return {"task": self.name, "split": self.split, "valid_auc_pr": self.valid, "auc_pr": self.test}


def area_under_precision_recall(scores: ArrayLike, right: ArrayLike) -> float:
    """Average precision: the sum over thresholds of precision times the gain in recall; equal scores are one threshold.

    >>> area_under_precision_recall([0.9, 0.8, 0.7], [True, False, True])  # (1/1 + 2/3)/2
    0.833...

    Raises:
        ArgumentError: nothing is right, or the two differ in length.
    """
    score, truth = np.asarray(scores, float), np.asarray(right, bool)
    if score.shape != truth.shape or score.ndim != 1 or not truth.any():
        raise ArgumentError(
            f"scores and right must be as long, and something right; got {score.shape} and {truth.shape}"
        )
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.diff(score[order], append=-np.inf))
    hits = np.cumsum(truth[order])[last]
    return float(np.sum(hits / (last + 1) * np.diff(hits, prepend=0)) / truth.sum())


def evaluate_countries(
    task: CountriesTask,
    *,
    generator: torch.Generator,
    mining: Mining | None = None,
    aggregation: Aggregation | None = None,
) -> CountriesResult:
    """Learn the rules of a task's triples, and score every held-out country with every region.

    As each country is in one region, the score of a region is its share: what the rules give it over what they give all
    regions, 0 where they give nothing. (Shares of different countries compare; sums over more or fewer rules do not.)

    Args:
        task: see `read_countries`.
        generator: as in `LinkPredictor.learn`.
        mining: which rules are kept.
        aggregation: how rules are put together.
    """
    regions = [(region, task.relation, region) for region in task.regions]
    graph = TripleGraph.of(task.train, more=(*regions, *task.valid, *task.test))
    predictor = LinkPredictor.learn(graph, generator=generator, mining=mining, aggregation=aggregation)
    return CountriesResult(task.name, task.split, *(_area(predictor, task, part) for part in (task.valid, task.test)))


def _area(predictor: LinkPredictor, task: CountriesTask, held: tuple[tuple[str, str, str], ...]) -> float:
    graph = predictor.graph
    countries = np.array([graph.entity(country) for country, _, _ in held])
    answers = np.array([graph.entity(region) for _, _, region in held])
    regions = np.array([graph.entity(region) for region in task.regions])
    scores = np.zeros((len(held), graph.size))
    for scored, part in predictor.scored(graph.relation(task.relation), countries):
        scores[part][scored.question, scored.answer] = scored.score
    of_regions = scores[:, regions]
    total = of_regions.sum(1, keepdims=True)
    shares = of_regions / np.where(total > 0, total, 1)
    return area_under_precision_recall(shares.ravel(), (regions == answers[:, None]).ravel())
