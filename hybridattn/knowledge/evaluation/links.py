"""Link prediction, measured: filtered ranks of both directions, ties at their mean rank."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.links.graph import Ints, Triple, TripleGraph, among
from hybridattn.knowledge.links.predictor import LinkPredictor, Scored

__all__ = ["LinkResult", "Ranking", "evaluate_links", "filtered_ranks"]

HITS = (1, 3, 10)

Ranks = NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """Mean reciprocal rank, and shares of ranks up to 1, 3 and 10, of some questions."""

    questions: int
    mrr: float
    hits: Mapping[int, float]

    @classmethod
    def of(cls, ranks: Ranks) -> "Ranking":
        """Summarise ranks.

        >>> Ranking.of(np.array([1.0, 2.0, 4.0, 20.0])).mrr
        0.45
        """
        hits = {most: float(np.mean(ranks <= most)) for most in HITS}
        return cls(len(ranks), float(np.mean(1 / ranks)), hits)

    def to_json(self) -> dict[str, Any]:
        """Give the numbers as plain data."""
        return {"questions": self.questions, "mrr": self.mrr, **{f"hits@{k}": v for k, v in self.hits.items()}}


@dataclass(frozen=True)
class LinkResult:
    """What `evaluate_links` found."""

    all: Ranking
    tails: Ranking
    """Of the questions (head, relation, ?)."""
    heads: Ranking
    relations: Mapping[str, Ranking]
    unseen: int
    """Test triples with an entity or a relation that no training triple has; they are kept."""

    def to_json(self) -> dict[str, Any]:
        """Give the numbers as `hybridattn evaluate links --json` prints them."""
        return {
            **self.all.to_json(),
            "tails": self.tails.to_json(),
            "heads": self.heads.to_json(),
            "relations": {name: ranking.to_json() for name, ranking in self.relations.items()},
            "unseen": self.unseen,
        }


def filtered_ranks(scored: Scored, answers: Ints, known: Ints, *, size: int, sources: Ints) -> Ranks:
    """Rank the true answer of each question among all entities that are not known to answer it too.

    An entity without a score has 0. Equals share the mean of their ranks, so that a predictor that tells nothing apart
    gains nothing: rank = 1 + #better + #equal/2 (Bordes et al. 2013 for the filter; Sun et al. 2020 for the ties).

    Args:
        scored: scores of (question, answer), each pair once.
        answers: (q,) the true answer of each question.
        known: sorted numbers source * size + answer of all triples, of every split, that are true for this relation.
        size: the number of entities.
        sources: (q,) the entity each question asks about.
    """
    asked = len(answers)
    right = scored.answer == answers[scored.question]
    own = np.zeros(asked)
    own[scored.question[right]] = scored.score[right]
    taken = among(sources[scored.question] * size + scored.answer, known)
    rival = ~taken & ~right
    question, score = scored.question[rival], scored.score[rival]
    better = np.bincount(question[score > own[question]], minlength=asked)
    equal = np.bincount(question[score == own[question]], minlength=asked)
    low, high = np.searchsorted(known, sources * size), np.searchsorted(known, (sources + 1) * size)
    others = size - 1 - (high - low - among(sources * size + answers, known))
    silent = others - np.bincount(question, minlength=asked)
    return np.asarray(1 + better + (equal + np.where(own == 0, silent, 0)) / 2)


def evaluate_links(
    predictor: LinkPredictor,
    test: Sequence[Triple],
    *,
    known: Sequence[Triple] = (),
    progress: Callable[[int, int], None] | None = None,
) -> LinkResult:
    """Ask for the tail and for the head of every test triple, and rank the answers among all entities.

    The predictor's graph must know all entities of the test triples (`TripleGraph.of(train, more=test)`): one that has
    no training triple is ranked among those that nothing speaks for.

    Args:
        predictor: answers the questions.
        test: the triples that are held out.
        known: what else is true, such as the validation triples, and is filtered.
        progress: is called with how many of how many questions are done.

    Raises:
        ArgumentError: there is no test triple.
        UnknownTermError: a test triple has a name that the predictor's graph lacks.
    """
    if not test:
        raise ArgumentError("test must hold at least one triple; got none")
    graph = predictor.graph
    held = graph.numbers(test)
    true = np.unique(np.concatenate((graph.triples, held, graph.numbers(known))), axis=0)
    ranks, done = np.zeros((2, len(held))), 0
    for relation in range(graph.directed):
        rows = np.flatnonzero(held[:, 1] == relation % len(graph.relations))
        side, source, answer = (0, 0, 2) if relation < len(graph.relations) else (1, 2, 0)
        of = true[true[:, 1] == relation % len(graph.relations)]
        pairs = np.sort(of[:, source] * graph.size + of[:, answer])
        asked, wanted = held[rows, source], held[rows, answer]
        for scored, part in predictor.scored(relation, asked):
            sources = asked[part]
            ranks[side, rows[part]] = filtered_ranks(scored, wanted[part], pairs, size=graph.size, sources=sources)
            done += part.stop - part.start
            if progress is not None:
                progress(done, ranks.size)
    return _result(graph, held, ranks)


def _result(graph: TripleGraph, held: Ints, ranks: Ranks) -> LinkResult:
    relations = {name: held[:, 1] == number for number, name in enumerate(graph.relations)}
    seen = np.unique(graph.triples[:, [0, 2]])
    old = among(held[:, 0], seen) & among(held[:, 2], seen) & np.isin(held[:, 1], graph.triples[:, 1])
    return LinkResult(
        Ranking.of(ranks.ravel()),
        Ranking.of(ranks[0]),
        Ranking.of(ranks[1]),
        {name: Ranking.of(ranks[:, rows].ravel()) for name, rows in relations.items() if rows.any()},
        int((~old).sum()),
    )
