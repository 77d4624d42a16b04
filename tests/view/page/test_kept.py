"""What of a large graph the page keeps."""

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hybridattn.view import page
from hybridattn.view.page import kept as module
from hybridattn.view.page.kept import kept, left_out

from ..samples import cheetah, link, node, report, wide


def test_what_is_small_is_kept_whole() -> None:
    assert kept(cheetah()) == cheetah()["graph"]
    assert left_out(cheetah(), cheetah()["graph"]) == ""


def test_all_that_belongs_to_the_answers_is_kept_and_the_rest_is_told() -> None:
    sample = wide(20_000)
    random.Random(1).shuffle(sample["graph"]["nodes"])
    graph = kept(sample)
    assert len(graph["nodes"]) == 2_000
    names = {one["id"] for one in graph["nodes"]}
    assert names >= {one["id"] for one in sample["graph"]["nodes"] if one["id"].startswith("term_")}
    assert sum(bool(edge["cited"]) for edge in graph["edges"]) == 8
    assert all(edge["source"] in names and edge["target"] in names for edge in graph["edges"])
    assert [one for one in sample["graph"]["nodes"] if one["id"] in names] == graph["nodes"]  # in their old order
    said = left_out(sample, graph)
    assert "2,000 terms of 20,000 terms" in said
    assert said in page(sample)


def test_the_nearest_are_kept_first_and_of_equals_the_larger_share(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "MOST_NODES", 4)
    nodes = [node("far", 2), node("low", 1), node("high", 1), node("a", 0, role="source"), node("b", 1)]
    edges = [
        link("low", "far", 1, 2, cited=False, share=0.9),
        link("a", "low", 2, 1, cited=False, share=0.2),
        link("a", "high", 3, 1, cited=False, share=0.3),
        link("a", "b", 4, 1, cited=True),
    ]
    small = kept(report("q", [], nodes, edges))
    assert [one["id"] for one in small["nodes"]] == ["low", "high", "a", "b"]  # far is two links away
    monkeypatch.setattr(module, "MOST_NODES", 3)
    del edges[0]
    assert [one["id"] for one in kept(report("q", [], nodes, edges))["nodes"]] == ["high", "a", "b"]


def test_edges_that_are_cited_are_kept_before_those_with_a_large_share(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "MOST_EDGES", 2)
    nodes = [node("a", 0, role="source"), node("b", 1)]
    edges = [link("a", "b", at, 1, cited=at == 3, share=share) for at, share in enumerate((0.5, 0.9, 0.7, 0.0))]
    assert [edge["fact"] for edge in kept(report("q", [], nodes, edges))["edges"]] == [1, 3]


@given(seed=st.integers(0, 1_000), count=st.integers(1, 40), most=st.integers(1, 20))
def test_never_more_than_the_most_and_never_a_loose_end(seed: int, count: int, most: int) -> None:
    chance = random.Random(seed)
    nodes = [node(str(at), 0) for at in range(count)]
    edges = [
        link(str(chance.randrange(count)), str(chance.randrange(count)), at, 1, cited=chance.random() < 0.1)
        for at in range(2 * count)
    ]
    before = module.MOST_NODES
    module.MOST_NODES = most
    try:
        graph = kept(report("q", [], nodes, edges))
    finally:
        module.MOST_NODES = before
    names = {one["id"] for one in graph["nodes"]}
    assert len(names) == min(most, count)
    assert {edge[end] for edge in graph["edges"] for end in ("source", "target")} <= names
