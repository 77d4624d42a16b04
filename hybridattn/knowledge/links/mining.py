"""Path rules of a graph: bodies are proposed by walks, then judged by all pairs that they connect."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.links.counting import Counts, distinct
from hybridattn.knowledge.links.graph import Ints, TripleGraph
from hybridattn.knowledge.links.rules import PathRule
from hybridattn.knowledge.links.walks import LENGTHS, Body, Codes, Trie, walks

__all__ = ["Mining", "path_rules"]

TRIVIAL = 0.0  # the strength of a rule that a relation implies itself
PORTION = 4_000_000  # walks at once: about half a gigabyte


@dataclass(frozen=True)
class Mining:
    """How rules are looked for.

    Raises:
        ArgumentError: a number is not positive.
    """

    least: int = 2
    """The least w+ of a rule."""
    kept: int = 300
    """How many rules of each length a relation keeps: those of the highest w+/(w + `doubt`)."""
    drawn: int = 2**24
    """Walks of three edges that propose bodies: all of them where there are not more, else a sample."""
    doubt: float = 2.0
    """The k of the strength w+/(w + k): evidence against every rule before there is any."""
    weakest: float = 0.01
    """The least strength of a rule with constants: weaker ones say little, of very many entities."""

    def __post_init__(self) -> None:
        for name in ("least", "kept", "drawn", "doubt", "weakest"):
            if not getattr(self, name) > 0:
                raise ArgumentError(f"{name} must be positive; got {getattr(self, name)!r}")

    def strength(self, w_plus: NDArray[np.float64], w: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give w+/(w + k), the frequency times the confidence of a rule at horizon k."""
        return w_plus / (w + self.doubt)


def path_rules(graph: TripleGraph, mining: Mining, *, generator: torch.Generator) -> tuple[PathRule, ...]:
    """Find rules r(X, Y) <- r1(X, A), r2(A, B), r3(B, Y) of up to three steps, inverse ones included.

    A pair (x, y) that a body connects is one piece of evidence, positive if r(x, y) is a triple. The entities of a
    path differ, so no triple is evidence for a rule by way of itself. Bodies are proposed by the walks of a graph, or
    by a sample of those of three edges, which is enough to tell which look good; then each is judged by all pairs.
    """
    bodies = _proposed(graph, mining, generator)
    counts = Counts(graph, len(bodies))
    trie = Trie(bodies, graph.directed)
    for sources in _portions(graph, 4 * PORTION):
        for walked in walks(graph, sources, trie):
            start, body, end = distinct(walked, sources, bodies=len(bodies), size=graph.size)
            counts.add(sources[start], body, end)
    relation, body, w_plus, w = counts.positive(mining.least)
    length = np.array([len(one) for one in bodies], np.int64)[body]
    first = np.array([one[0] for one in bodies], np.int64)[body]
    strength = np.where((length == 1) & (first == relation), TRIVIAL, mining.strength(w_plus, w))
    return tuple(
        PathRule(int(relation[i]), bodies[body[i]], float(w_plus[i]), float(w[i]))
        for i in _best(relation, length, strength, mining.kept)
    )


def _proposed(graph: TripleGraph, mining: Mining, generator: torch.Generator) -> tuple[Body, ...]:
    """Choose the bodies that look best for some relation, by the walks that were drawn."""
    codes = Codes(graph.directed)
    size = codes.base ** LENGTHS[-1]
    counts = [Counts(graph, size) for _ in LENGTHS]
    ahead = _walks_ahead(graph)
    share = min(1.0, mining.drawn / max(ahead.sum(), 1))
    for sources in _portions(graph, PORTION / share):
        most = None if share == 1 else int(ahead[sources].sum() * share) + 1
        for walked in walks(graph, sources, codes, most=most, generator=generator):
            start, body, end = distinct(walked, sources, bodies=size, size=graph.size)
            counts[walked.length - 1].add(sources[start], body, end)
    found: set[Body] = set()
    for length, counted in zip(LENGTHS, counts, strict=True):
        relation, body, w_plus, w = counted.positive(mining.least)
        strength = np.where(body == codes.after(np.zeros_like(body), relation), TRIVIAL, mining.strength(w_plus, w))
        best = _best(relation, np.full(len(body), length), strength, mining.kept)
        found.update(codes.body(body[i]) for i in best)
    return tuple(sorted(found, key=lambda body: (len(body), body)))


def _best(relation: Ints, length: Ints, strength: NDArray[np.float64], kept: int) -> Ints:
    """Give the places of the strongest of each relation and length, strongest first; of equals the first come first."""
    order = np.lexsort((np.arange(len(relation)), -strength, length, relation))
    group = relation[order] * (LENGTHS[-1] + 1) + length[order]
    rank = np.arange(len(order)) - np.searchsorted(group, group)
    return order[(rank < kept) & (strength[order] > TRIVIAL)]


def _walks_ahead(graph: TripleGraph) -> NDArray[np.float64]:
    """Count the walks of three edges from each entity, those that come back included."""
    ahead: NDArray[np.float64] = np.ones(graph.size)
    for _ in LENGTHS:
        ahead = np.bincount(graph.tails, weights=ahead[graph.heads], minlength=graph.size).astype(float)
    return ahead


def _portions(graph: TripleGraph, most: float) -> Iterator[Ints]:
    """Yield all entities, in portions of about `most` walks."""
    portion = np.cumsum(_walks_ahead(graph)) // most
    yield from np.split(np.arange(graph.size), np.flatnonzero(np.diff(portion)) + 1)
