"""Walks against the slow and obvious search, on random graphs."""

from collections import Counter

import numpy as np
import torch
from hypothesis import given, settings
from knowledge.links.small import TRIPLES, bodies, paths

from hybridattn.knowledge.links import TripleGraph
from hybridattn.knowledge.links.walks import Codes, Trie, walks


@given(TRIPLES)
@settings(max_examples=40)
def test_walks_are_all_paths_whose_entities_differ(triples: list[tuple[str, str, str]]) -> None:
    graph = TripleGraph.of(triples)
    codes, found = Codes(graph.directed), Counter[tuple[object, ...]]()
    for walked in walks(graph, np.arange(graph.size), codes):
        for row in range(len(walked.start)):
            middle = (int(entity[row]) for entity in walked.middle)
            found[codes.body(walked.body[row]), int(walked.start[row]), *middle, int(walked.end[row])] += 1
    wanted = Counter[tuple[object, ...]](
        (body, *path)
        for length in (1, 2, 3)
        for body in bodies(graph, length)
        for start in range(graph.size)
        for path in paths(graph, start, body)
    )
    assert found == wanted


@given(TRIPLES)
@settings(max_examples=30)
def test_a_trie_keeps_the_walks_of_its_bodies(triples: list[tuple[str, str, str]]) -> None:
    graph = TripleGraph.of(triples)
    some = [body for length in (1, 2, 3) for body in bodies(graph, length) if sum(body) % 3 == 0]
    sources = np.arange(graph.size)
    found = {
        (some[body], int(start), int(end))
        for walked in walks(graph, sources, Trie(some, graph.directed))
        for body, start, end in zip(walked.body, walked.start, walked.end, strict=True)
    }
    assert found == {(body, x, path[-1]) for body in some for x in range(graph.size) for path in paths(graph, x, body)}


def test_walks_that_are_too_many_are_drawn() -> None:
    star = [("hub", "r", f"leaf{i}") for i in range(9)] + [(f"leaf{i}", "s", f"twig{i}") for i in range(9)]
    graph = TripleGraph.of(star)
    counts = []
    for most in (None, 20):
        generator = torch.Generator().manual_seed(1)
        drawn = list(walks(graph, np.arange(graph.size), Codes(graph.directed), most=most, generator=generator))
        counts.append([len(walked.start) for walked in drawn])
    assert counts[0][:2] == counts[1][:2]
    assert 0 < counts[1][2] <= 20 < counts[0][2]
