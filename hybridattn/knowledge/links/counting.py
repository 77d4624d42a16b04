"""Evidence of bodies: how many pairs they connect, and how many of those a relation holds of."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hybridattn.knowledge.links.graph import Ints, TripleGraph, joined
from hybridattn.knowledge.links.walks import Walked

__all__ = ["Counts", "Tally", "distinct", "supported"]


@dataclass
class Tally:
    """How often each number came, where the numbers come in portions."""

    numbers: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    counts: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def add(self, numbers: Ints) -> None:
        """Count each of `numbers` once more."""
        new, counts = np.unique(numbers, return_counts=True)
        both, places = np.unique(np.r_[self.numbers, new], return_inverse=True)
        total = np.zeros(len(both), np.int64)
        np.add.at(total, places, np.r_[self.counts, counts])
        self.numbers, self.counts = both, total

    def of(self, numbers: Ints) -> Ints:
        """Give how often each of `numbers` came."""
        if not len(self.numbers):
            return np.zeros(len(numbers), np.int64)
        places = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        return np.where(self.numbers[places] == numbers, self.counts[places], 0)


class Counts:
    """Evidence of bodies for every relation: w fired pairs, w+ of them in the relation."""

    def __init__(self, graph: TripleGraph, bodies: int) -> None:
        self._bodies, self._graph = bodies, graph
        self._fired, self._supported = Tally(), Tally()

    def add(self, start: Ints, body: Ints, end: Ints) -> None:
        """Count pairs (start, end) that bodies connect; to count each once is the caller's part."""
        self._fired.add(body)
        rows, relation = supported(self._graph, start, end)
        self._supported.add(relation * self._bodies + body[rows])

    def positive(self, least: int) -> tuple[Ints, Ints, NDArray[np.float64], NDArray[np.float64]]:
        """List relations and bodies with w+ >= `least`, and their w+ and w."""
        enough = self._supported.counts >= least
        relation, body = np.divmod(self._supported.numbers[enough], self._bodies)
        w_plus = self._supported.counts[enough]
        return relation, body, w_plus.astype(float), self._fired.of(body).astype(float)


def supported(graph: TripleGraph, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """List which pairs are in which relation: rows of the pairs, and relations."""
    pairs = graph.triples[:, 0] * graph.size + graph.triples[:, 2]
    order = np.argsort(pairs, kind="stable")
    asked = start * graph.size + end
    low, high = (np.searchsorted(pairs[order], asked, side=side) for side in ("left", "right"))
    rows, places = joined(low, high)
    return rows, graph.triples[order[places], 1]


def distinct(walked: Walked, sources: Ints, *, bodies: int, size: int) -> tuple[Ints, Ints, Ints]:
    """Give each place in `sources`, body and end once, however many walks there are; sorted."""
    if len(sources) * bodies * size < 2**62:
        numbers = np.unique((walked.start * bodies + walked.body) * size + walked.end)
        (rest, end) = np.divmod(numbers, size)
        return rest // bodies, rest % bodies, end
    triples = np.unique(np.stack((walked.start, walked.body, walked.end), 1), axis=0)
    return triples[:, 0], triples[:, 1], triples[:, 2]
