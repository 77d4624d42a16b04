import io
import json
import math
from collections import Counter
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hybridattn.errors import ArgumentError
from hybridattn.view.formats import from_graphml, graphml, node_link
from hybridattn.view.text import printable

from ..samples import cheetah, poodle

XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\t\n"),
    min_size=1,
)
ANY_TEXT = st.text(st.characters(), min_size=1)
SCALARS = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
NAMES = st.sampled_from(["kind", "label", "hop", "f", "c", "w", "cited"])


def graphs(texts: st.SearchStrategy[str]) -> st.SearchStrategy[nx.MultiDiGraph]:
    attributes = st.dictionaries(NAMES, SCALARS | texts, max_size=4)

    @st.composite
    def build(draw: st.DrawFn) -> nx.MultiDiGraph:
        nodes = draw(st.lists(texts, min_size=1, max_size=5, unique=True))
        graph = nx.MultiDiGraph(**draw(st.dictionaries(st.sampled_from(["title", "question"]), texts)))
        graph.add_nodes_from((node, draw(attributes)) for node in nodes)
        for source, target in draw(st.lists(st.tuples(st.sampled_from(nodes), st.sampled_from(nodes)), max_size=6)):
            graph.add_edge(source, target, **draw(attributes))
        return graph

    return build()


def parse(xml: str) -> nx.MultiDiGraph:
    return nx.read_graphml(io.BytesIO(xml.encode()), force_multigraph=True)


def same(one: nx.MultiDiGraph, other: nx.MultiDiGraph) -> bool:
    ours = [dict(one.nodes(data=True)), {(a, b, k): d for a, b, k, d in one.edges(keys=True, data=True)}]
    theirs = [dict(other.nodes(data=True)), {(a, b, k): d for a, b, k, d in other.edges(keys=True, data=True)}]
    return repr(ours) == repr(theirs) or ours == theirs


@given(graphs(XML_TEXT))
def test_graphml_reads_back_as_the_same_graph(graph: nx.MultiDiGraph) -> None:
    text = graphml(graph)
    back = from_graphml(text)
    assert same(graph, back)
    assert back.graph == graph.graph
    networkx_says = parse(text)
    for *_, data in networkx_says.edges(data=True):
        data.pop("key", None)
    assert same(graph, networkx_says)


@given(graphs(ANY_TEXT))
def test_graphml_of_any_text_is_xml_with_all_nodes_and_edges(graph: nx.MultiDiGraph) -> None:
    assume(len({printable(node) for node in graph}) == len(graph))
    back = parse(graphml(graph))
    assert (back.number_of_nodes(), back.number_of_edges()) == (graph.number_of_nodes(), graph.number_of_edges())


@given(graphs(ANY_TEXT))
def test_node_link_is_strict_json_that_networkx_reads_back(graph: nx.MultiDiGraph) -> None:
    back = nx.node_link_graph(json.loads(json.dumps(node_link(graph), allow_nan=False)), edges="edges")
    assert type(back) is nx.MultiDiGraph
    assert same(graph, back)
    assert back.graph == graph.graph


@pytest.mark.parametrize("sample", [cheetah, poodle])
def test_the_hop_graph_of_an_answer_survives_both(sample) -> None:
    graph = nx.node_link_graph(sample()["graph"], edges="edges")
    assert node_link(graph)["edges"] == nx.node_link_data(graph, edges="edges")["edges"]
    assert same(graph, parse(graphml(graph)))


@pytest.mark.parametrize(
    "term",
    ["cheetah.n.01", '"\'hood.n.01"', "(*, a, b)", "<a --> b>", "a&b;", " two  blanks ", "a\tb\nc", "\u2028\x85", "𝕏"],
)
def test_graphml_keeps_narsese_ids(term: str) -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge(term, "x", label=term)
    assert same(graph, parse(graphml(graph)))


def test_graphml_writes_forbidden_characters_as_escapes() -> None:
    graph = nx.MultiDiGraph(title="a\x00b")
    graph.add_node("bell\x07\r", label="\ud800\uffff", empty="")
    back = parse(graphml(graph))
    assert dict(back.nodes(data=True)) == {"bell\\u0007\\u000d": {"label": "\\ud800\\uffff"}}
    assert back.graph["title"] == "a\\u0000b"


def test_graphml_refuses_to_merge_two_nodes() -> None:
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(["\x07", "\\u0007"])
    with pytest.raises(ArgumentError, match="same id"):
        graphml(graph)


def test_scalars_of_numpy_become_pythons_and_missing_values_are_left_out() -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge("a", "b", f=np.float32(0.5), fact=np.int64(3), cited=np.bool_(True), rule=None)
    (edge,) = node_link(graph)["edges"]
    assert edge == {"f": 0.5, "fact": 3, "cited": True, "source": "a", "target": "b", "key": 0}
    assert Counter(map(type, edge.values())) == Counter([float, int, bool, str, str, int])
    assert graph.edges["a", "b", 0]["rule"] is None


@pytest.mark.parametrize("write", [node_link, graphml])
@pytest.mark.parametrize("value", [math.nan, math.inf, np.float32("nan"), [1], np.zeros(2), {"a": 1}, 1j])
def test_what_json_cannot_hold_is_refused_and_named(write, value: object) -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge("a", "b", share=value)
    with pytest.raises(ArgumentError, match="edge 'a' to 'b': share must be"):
        write(graph)


@pytest.mark.parametrize("write", [node_link, graphml])
def test_a_node_id_that_is_no_text_or_integer_is_refused(write) -> None:
    graph = nx.MultiDiGraph()
    graph.add_node(("a", "b"))
    with pytest.raises(ArgumentError, match="node ids"):
        write(graph)


def test_the_graph_that_was_given_is_left_alone() -> None:
    graph = nx.MultiDiGraph(title="x\x07")
    graph.add_edge("a\x07", "b", label="", f=np.float64(1))
    before = repr((graph.graph, list(graph.nodes(data=True)), list(graph.edges(data=True))))
    graphml(graph)
    node_link(graph)
    assert repr((graph.graph, list(graph.nodes(data=True)), list(graph.edges(data=True)))) == before


def test_graphml_is_one_utf8_document() -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("ä")
    assert ElementTree.fromstring(graphml(graph).encode()).tag.endswith("graphml")
    assert 'id="ä"' in graphml(graph)
