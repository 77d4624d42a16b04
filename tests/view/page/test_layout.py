import random
from itertools import pairwise

import pytest

from hybridattn.errors import ArgumentError
from hybridattn.view.page.layout import layout

from ..samples import cheetah, link, node, poodle, wide


@pytest.mark.parametrize(
    "graph", [cheetah()["graph"], poodle()["graph"], wide(500)["graph"]], ids=["cheetah", "poodle", "wide"]
)
def test_hops_are_columns_from_left_to_right_and_no_two_terms_share_a_place(graph) -> None:
    places = layout(graph).places
    assert len(set(places)) == len(graph["nodes"])
    by_hop = {}
    for each, (x, _) in zip(graph["nodes"], places, strict=True):
        by_hop.setdefault(each["hop"], []).append(x)
    hops = sorted(by_hop)
    assert all(max(by_hop[a]) < min(by_hop[b]) for a, b in pairwise(hops))
    assert [column.key for column in layout(graph).columns] == hops


def test_the_cited_chain_is_one_straight_line_with_nothing_else_on_it() -> None:
    graph = wide(300)["graph"]
    ends = {edge[end] for edge in graph["edges"] if edge["cited"] for end in ("source", "target")}
    heights = {each["id"]: y for each, (_, y) in zip(graph["nodes"], layout(graph).places, strict=True)}
    assert {heights[term] for term in ends} == {0.0}
    assert min(abs(y) for term, y in heights.items() if term not in ends) >= 58


def test_the_order_of_nodes_and_edges_does_not_matter() -> None:
    graph = wide(120)["graph"]
    names = [each["id"] for each in graph["nodes"]]
    shuffled = {
        "nodes": random.Random(1).sample(graph["nodes"], len(names)),
        "edges": random.Random(2).sample(graph["edges"], len(graph["edges"])),
    }
    assert dict(zip(names, layout(graph).places, strict=True)) == dict(
        zip([each["id"] for each in shuffled["nodes"]], layout(shuffled).places, strict=True)
    )


def test_children_stand_in_the_order_of_their_parents() -> None:
    children = dict(zip("abcd", "ZYXW", strict=True))
    nodes = [node("root", 0, role="source"), *(node(name, 1) for name in "abcd"), *(node(name, 2) for name in "WXYZ")]
    edges = [link("root", name, 1, 1, cited=False) for name in "abcd"]
    edges += [link(parent, child, 2, 2, cited=False) for parent, child in children.items()]
    places = layout({"nodes": nodes, "edges": edges}).places
    heights = {each["id"]: y for each, (_, y) in zip(nodes, places, strict=True)}
    assert [children[name] for name in sorted("abcd", key=heights.__getitem__)] == sorted(
        "WXYZ", key=heights.__getitem__
    )


def test_a_large_picture_has_the_proportions_of_a_canvas() -> None:
    places = layout(wide(2000)["graph"]).places
    width, height = (max(axis) - min(axis) for axis in zip(*places, strict=True))
    assert 1.2 < width / height < 4.5


def test_terms_without_a_hop_come_last_and_an_empty_graph_is_fine() -> None:
    nodes = [{"id": "lost"}, node("a", 0)]
    found = layout({"nodes": nodes, "edges": []})
    assert [column.key for column in found.columns] == [0, None]
    assert found.places[0][0] > found.places[1][0]
    assert layout({"nodes": [], "edges": []}) == ([], [], "distance", [])


def test_an_edge_to_nowhere_is_refused() -> None:
    with pytest.raises(ArgumentError, match="'b' is none of them"):
        layout({"nodes": [node("a", 0)], "edges": [link("a", "b", 1, 1, cited=False)]})
