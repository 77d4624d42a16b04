"""Whatever a graph holds comes back from every format that can hold it, or a clear error says why not."""

import csv
import io
import re
from xml.etree import ElementTree

import networkx as nx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hybridattn import ArgumentError, FactMemory, HybridAttnError
from hybridattn.reasoning import graph as drawing
from hybridattn.reasoning import parse_sentence
from hybridattn.reasoning.inspection import derivation_from_graph, derivation_to_graph
from hybridattn.view.formats import (
    FORMATS,
    from_gexf,
    from_graphml,
    from_hops_csv,
    from_narsese,
    from_node_link,
    gexf,
    graphml,
    hops_csv,
    narsese,
    node_link,
)

from ..samples import cheetah, poodle
from .test_export import ANY_TEXT, NAMES, SCALARS, XML_TEXT, graphs, parse, same

ODD = {
    "quotes": "the \"big\" 'cat'",
    "html": "<script>alert(1)</script>&amp;<!--",
    "emoji": "🐆👩‍👩‍👧",
    "right to left": "قطة \u202eabc",
    "long": "x" * 10_000,
    "backslash": "a\\",
    "lines": "a\nb\tc",
    "percent": "%%{init: {}}%% a%b",
    "formula": "=1+1",
    "comma": "a,b;c",
    "cdata": "]]>",
    "narsese": "(*, a, <b --> c>)",
    "blank": " ",
    "carriage return": "a\rb",
}


def odd(text: str) -> nx.MultiDiGraph:
    """A cycle, a loop, parallel edges with keys and a lonely node, all called by one text."""
    graph = nx.MultiDiGraph()
    graph.add_node(text, label=text, kind="term")
    graph.add_node(f"{text}2", label=f"{text}2", kind="term")
    graph.add_node("lonely", label="lonely", kind="term")
    for key, (tail, head) in enumerate([(text, f"{text}2"), (f"{text}2", text), (text, text), (text, f"{text}2")]):
        graph.add_edge(
            tail, head, f"fact:{key}@1", kind="fact", label=text, f=1.0, c=0.9, fact=key, cited=key == 0, hop=1
        )
    return graph


# What each format leaves out, as its docstring says.
def without_returns(graph: nx.MultiDiGraph) -> nx.MultiDiGraph:
    def tame(value):
        return value.replace("\r", "\\u000d") if isinstance(value, str) else value

    new = nx.MultiDiGraph()
    new.add_nodes_from((tame(n), {k: tame(v) for k, v in d.items()}) for n, d in graph.nodes(data=True))
    for a, b, key, data in graph.edges(keys=True, data=True):
        new.add_edge(tame(a), tame(b), key, **{k: tame(v) for k, v in data.items()})
    return new


@pytest.mark.parametrize("name", ODD)
def test_odd_texts_come_back_from_json_and_xml(name: str) -> None:
    graph = odd(ODD[name])
    assert same(graph, from_node_link(node_link(graph)))
    assert same(without_returns(graph), from_graphml(graphml(graph)))
    assert same(without_returns(graph), from_gexf(gexf(graph)))


@pytest.mark.parametrize("name", ODD)
def test_odd_texts_come_back_from_the_csv_of_hops(name: str) -> None:
    graph = odd(ODD[name])
    back = from_hops_csv(hops_csv(graph))
    edges = {(a, b, k): d for a, b, k, d in graph.edges(keys=True, data=True)}
    assert {(a, b, k): d for a, b, k, d in back.edges(keys=True, data=True)} == edges
    assert "lonely" not in back


@pytest.mark.parametrize("name", ODD)
def test_odd_texts_come_back_from_narsese(name: str) -> None:
    text = ODD[name]
    written = narsese(odd(text))
    assert len(written.splitlines()) == 3  # the parallel edge says the same again
    assert narsese(from_narsese(written)) == written
    again = from_narsese(written)
    if text != ODD["narsese"]:
        assert sorted(data["label"] for _, data in again.nodes(data=True)) == sorted([text, f"{text}2"])
        assert {label for *_, label in again.edges(data="label")} == {text}


@given(graphs(XML_TEXT))
def test_gexf_reads_back_as_the_same_graph(graph: nx.MultiDiGraph) -> None:
    for node, data in graph.nodes(data=True):
        data["label"] = str(data.get("label", node))
    for *_, data in graph.edges(data=True):
        if "label" in data:
            data["label"] = str(data["label"])
    assert same(graph, from_gexf(gexf(graph)))
    for *_, data in graph.edges(data=True):
        data.pop("label", None)  # networkx does not read the label of an edge
    theirs = nx.read_gexf(io.BytesIO(gexf(graph).encode()))
    for *_, data in theirs.edges(data=True):
        data.pop("id"), data.pop("networkx_key", None)
    assert dict(theirs.nodes(data=True)) == dict(graph.nodes(data=True))
    assert sorted(map(repr, theirs.edges(data=True))) == sorted(map(repr, graph.edges(data=True)))


@given(graphs(ANY_TEXT))
def test_any_text_is_written_in_every_format_and_read_again(graph: nx.MultiDiGraph) -> None:
    refused = set()
    for name, known in FORMATS.items():
        try:
            text = known.write(graph)
        except HybridAttnError:
            refused.add(name)
            continue
        if known.read is not None:
            back = known.read(text)
            assert back.number_of_edges() <= graph.number_of_edges()
            if name != "narsese":
                assert back.number_of_edges() == graph.number_of_edges()
    assert refused <= {"graphml", "gexf", "narsese", "csv"}


@given(graphs(ANY_TEXT))
def test_the_csv_holds_every_link(graph: nx.MultiDiGraph) -> None:
    for *_, data in graph.edges(data=True):
        for name in ("hop", "f", "c", "w", "cited"):
            data.pop(name, None)
    rows = list(csv.reader(io.StringIO(hops_csv(graph), newline="")))
    assert len(rows) == graph.number_of_edges() + 1
    assert all(len(row) == len(rows[0]) for row in rows)


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
@pytest.mark.parametrize("name", FORMATS)
def test_every_class_and_the_empty_graph(kind: type[nx.Graph], name: str) -> None:
    known = FORMATS[name]
    for graph in (kind(), kind([(1, 2), (2, 3), (3, 1)])):
        text = known.write(graph)
        if known.read is None:
            continue
        back = known.read(text)
        assert back.number_of_edges() == len(graph.edges)
        if name in ("json", "graphml", "gexf") and (graph or name != "graphml"):
            assert back.is_directed() == graph.is_directed()
            assert sorted(map(str, back)) == sorted(map(str, graph))
        if name == "json":
            assert type(back) is kind


@pytest.mark.parametrize("write", [known.write for known in FORMATS.values()], ids=FORMATS)
def test_a_nan_is_named_in_every_format(write) -> None:
    graph = odd("a")
    graph.edges["a", "a", "fact:2@1"]["share"] = float("nan")
    with pytest.raises(ArgumentError, match=r"^edge 'a' to 'a': share must be finite, or left out .*; got nan$"):
        write(graph)


@pytest.mark.parametrize(("place", "name"), [("node", "id"), ("edge", "source"), ("edge", "target"), ("edge", "key")])
def test_an_attribute_that_would_hide_an_id_is_refused(place: str, name: str) -> None:
    graph = odd("a")
    (graph.nodes["a"] if place == "node" else graph.edges["a", "a", "fact:2@1"])[name] = "x"
    with pytest.raises(ArgumentError, match=f"^{place} .* must have no attribute called {name}"):
        node_link(graph)


def test_keys_that_are_shared_or_look_like_numbers_come_back() -> None:
    graph = nx.MultiDiGraph()
    for key in (0, "0", "x", " 7", "7"):
        graph.add_edge("a", "b", key, label=str(key))
    graph.add_edge("b", "a", 0)
    for back in (from_graphml(graphml(graph)), from_gexf(gexf(graph)), from_node_link(node_link(graph))):
        assert list(back.edges(keys=True, data=True)) == list(graph.edges(keys=True, data=True))


@pytest.mark.parametrize("key", ["7", " 7", "٣", 7])
def test_a_lonely_key_that_looks_like_a_number_comes_back_as_it_was(key: object) -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge("a", "b", key)
    assert list(from_graphml(graphml(graph)).edges(keys=True)) == [("a", "b", key)]


def test_ids_of_edges_in_xml_are_all_different_or_absent() -> None:
    """Programs such as Gephi drop an edge whose id they have seen."""
    answers = FactMemory.from_triples([("a", "is_a", "b"), ("b", "is_a", "c")]).ask("<a --> c>?")
    for graph in (answers.graph, drawing.from_derivation(answers[0].derivation), odd("x")):
        for text in (graphml(graph), gexf(graph)):
            ids = [edge.get("id") for edge in ElementTree.fromstring(text).iter() if edge.tag.endswith("}edge")]
            assert len(ids) == graph.number_of_edges() > 0
            assert set(ids) == {None} or len(set(ids)) == len(ids)


def test_graphml_keeps_what_the_schema_asks_for() -> None:
    """Facts of the GraphML 1.0 schema, which yEd reads by: keys are declared once, and data are of a declared key."""
    space = "{http://graphml.graphdrawing.org/xmlns}"
    for graph in (odd("a&b"), nx.node_link_graph(poodle()["graph"], edges="edges")):
        root = ElementTree.fromstring(graphml(graph))
        keys = {key.get("id"): key for key in root.iter(f"{space}key")}
        assert len(keys) == len(list(root.iter(f"{space}key")))
        assert {key.get("attr.type") for key in keys.values()} <= {
            "boolean",
            "int",
            "long",
            "float",
            "double",
            "string",
        }
        assert {("node", "label"), ("edge", "label")} <= {(k.get("for"), k.get("attr.name")) for k in keys.values()}
        nodes = [node.get("id") for node in root.iter(f"{space}node")]
        assert len(nodes) == len(set(nodes)) == len(graph)
        for item in (*root.iter(f"{space}node"), *root.iter(f"{space}edge")):
            kind = item.tag.removeprefix(space)
            assert all(keys[data.get("key")].get("for") == kind for data in item)
        assert all({edge.get("source"), edge.get("target")} <= set(nodes) for edge in root.iter(f"{space}edge"))
        (drawn,) = root.iter(f"{space}graph")
        assert drawn.get("edgedefault") == "directed"


def test_a_derivation_survives_xml_and_json() -> None:
    answers = FactMemory.from_triples([("a", "is_a", "b"), ("b", "is_a", "c"), ("a", "is_a", "c")]).ask("<a --> c>?")
    proof = answers[0].derivation
    for name in ("graphml", "gexf", "json"):
        known = FORMATS[name]
        assert known.read is not None
        assert derivation_from_graph(known.read(known.write(derivation_to_graph(proof)))) == proof


def test_narsese_of_an_answer_is_what_it_cites() -> None:
    rows = [("cat", "is_a", "mammal", 0.9, 0.8), ("cat", "has part", "paw"), ("cat", "similar_to", "lynx")]
    memory = FactMemory.from_triples(rows)
    written = set(narsese(memory.ask("<cat --> ?x>?").graph).splitlines())
    assert written <= {str(parse_sentence(line)) for line in memory.to_narsese()}
    assert "<cat --> mammal>. %0.90;0.80%" in written
    pairs = narsese(memory.ask('<(*, cat, ?x) --> "has part">?').graph)
    assert pairs == '<(*, cat, paw) --> "has part">. %1.00;0.90%\n'


def test_narsese_of_a_proof_is_its_sentences_each_once() -> None:
    answers = FactMemory.from_triples([("a", "is_a", "b"), ("b", "is_a", "c")]).ask("<a --> c>?")
    lines = narsese(drawing.from_derivation(answers[0].derivation)).splitlines()
    assert lines == ["<a --> b>. %1.00;0.90%", "<b --> c>. %1.00;0.90%", "<a --> c>. %1.00;0.81%"]


NAL = """<robin --> bird>. %0.9;0.8%
<(*, cat, fish) --> eats>.
<(*, a, b) --> is_a>.
<(*, a, b) --> "-->">.
<(*, a, b) --> "(&, x, y)">.
<(*, a, b) --> (&, x, y)>.
<(*, a, b, c) --> r>.
<<$x --> bird> ==> <$x --> flyer>>. %1.0;0.5%
<a <-> b>.
(--, <a --> b>). %0.2;0.9%
<robin --> ?x>?
<robin --> [red]>! %1.0;0.9%
<robin --> ?y>@
"""


def test_narsese_reads_back_as_the_same_sentences() -> None:
    graph = from_narsese(NAL)
    said = sorted(str(parse_sentence(line)) for line in NAL.splitlines())
    with_default = [line if re.search(r"%|[?@]$", line) else f"{line} %1.00;0.90%" for line in said]
    assert sorted(narsese(graph).splitlines()) == sorted(with_default)
    assert same(from_narsese(narsese(graph)), graph) or set(graph) == set(from_narsese(narsese(graph)))
    assert graph.edges["cat", "fish", "line:2"]["label"] == "eats"
    assert graph.edges["robin", "bird", "line:1"]["w"] == pytest.approx(4.0)
    assert graph.edges["robin", "bird", "line:1"]["w_plus"] == pytest.approx(3.6)
    assert graph.nodes["<robin --> ?x>?"] == {"kind": "question", "label": "<robin --> ?x>"}
    kinds = [kind for _, kind in graph.nodes(data="kind") if kind != "term"]
    assert sorted(kinds) == ["goal", "judgement", "quest", "question"]


def test_narsese_says_nothing_of_attention_alone_and_refuses_a_senseless_truth() -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge("query", "skull", kind="read", share=0.9)
    assert narsese(graph) == ""
    graph.add_edge("a", "b", f=2.0, c=0.9)
    with pytest.raises(
        ArgumentError, match=r"^edge 'a' to 'b': f and c must be a truth; frequency must be in \[0, 1\]"
    ):
        narsese(graph)
    graph.edges["a", "b", 0].update(f=0.5, c=1.0)
    with pytest.raises(ArgumentError, match=r"confidence must be in \[0, 1\)"):
        narsese(graph)


def test_a_truth_beyond_the_cap_is_read_back_as_the_cap() -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge("a", "b", f=1.0, c=0.999)
    assert narsese(graph) == "<a --> b>. %1.00;0.99%\n"
    back = from_narsese(narsese(graph))
    assert back.edges["a", "b", "line:1"]["c"] == 0.99


def test_narsese_of_an_undirected_graph_is_similarity() -> None:
    assert narsese(nx.Graph([("a", "b")])) == "<a <-> b>.\n"
    assert narsese(nx.DiGraph([("a", "b")])) == "<a --> b>.\n"


def test_hops_are_in_order_and_terms_stand_at_their_first_hop() -> None:
    graph = nx.node_link_graph(cheetah()["graph"], edges="edges")
    shuffled = nx.MultiDiGraph()
    shuffled.add_edges_from(reversed(list(graph.edges(keys=True, data=True))))
    text = hops_csv(shuffled)
    hops = [int(row["hop"]) for row in csv.DictReader(io.StringIO(text))]
    assert hops == sorted(hops)
    back = from_hops_csv(text)
    assert {node: data["hop"] for node, data in back.nodes(data=True)} == dict(graph.nodes(data="hop"))
    assert text.startswith("hop,source,relation,target,kind,fact,rule,share,similarity,f,c,w_plus,w,cited,key\n")


BAD_CSV = {
    "empty": ("", "CSV, line 1: expected a header with source, target; source is missing"),
    "no target": ("source,relation\n", "CSV, line 1: expected a header with source, target; target is missing"),
    "twice": ("source,target,target\n", "CSV, line 1: expected each column once"),
    "short": ("source,target,hop\na,b\n", "CSV, line 2: expected as many cells as the header has"),
    "wide": ("source,target\na,b,c\n", "CSV, line 2: expected as many cells as the header has"),
    "hop": ("source,target,hop\na,b,1.5\n", "CSV, line 2: hop must be a whole number; got '1.5'"),
    "share": ("source,target,share\na,b,much\n", "CSV, line 2: share must be a number; got 'much'"),
    "nan": ("source,target,share\na,b,nan\n", "CSV, line 2: share must be finite; got 'nan'"),
    "cited": ("source,target,cited\na,b,maybe\n", "CSV, line 2: cited must be True or False; got 'maybe'"),
    "key": ("source,target,key\na,b,k\na,b,k\n", "CSV, line 3: expected a key of its own .* got 'k' again"),
    "quote": ('source,target\n"a,b\n', "CSV, line 1: unexpected end of data"),
}


@pytest.mark.parametrize("name", BAD_CSV)
def test_a_bad_csv_is_named_by_line(name: str) -> None:
    text, why = BAD_CSV[name]
    with pytest.raises(ArgumentError, match=f"^{why}"):
        from_hops_csv(text)


def test_facts_as_csv_are_hops_too() -> None:
    graph = from_hops_csv("source,relation,target,frequency,confidence\ncat,is_a,pet,0.9,0.8\n")
    assert narsese(graph) == "<cat --> pet>. %0.90;0.80%\n"


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
GEXF = '<gexf xmlns="http://gexf.net/1.3" version="1.3"><graph {0}>{1}</graph></gexf>'
NODES = '<nodes><node id="a" label="A"/><node id="b"/></nodes>'
BAD_GEXF = {
    "no xml": ("hello", "expected an XML document with the root gexf; syntax error"),
    "another": ("<a/>", "expected an XML document with the root gexf; got a"),
    "entities": (f"{BOMB}<gexf/>", "an XML document with a document type declaration is not read"),
    "no graph": ("<gexf/>", "the GEXF must hold a graph"),
    "no id": (GEXF.format("", "<nodes><node/></nodes>"), "every node of the GEXF must have id"),
    "nowhere": (GEXF.format("", NODES + '<edges><edge source="a" target="c"/></edges>'), "edge 0 .* join two .*'c'"),
    "mixed": (GEXF.format("", NODES + '<edges><edge source="a" target="b" type="directed"/></edges>'), "undirected"),
    "undeclared": (
        GEXF.format("", '<nodes><node id="a"><attvalues><attvalue for="9" value="1"/></attvalues></node></nodes>'),
        "the GEXF has a value for the attribute '9', which it does not declare",
    ),
    "type": (GEXF.format("", NODES + '<edges><edge source="a" target="b" weight="x"/></edges>'), "weight .* double"),
    "nan": (GEXF.format("", NODES + '<edges><edge source="a" target="b" weight="NaN"/></edges>'), "must be finite"),
    "twice": (GEXF.format("", NODES + '<edges><edge id="1" source="a" target="b"/>' * 1 + '<edge id="1" source="a" '
              'target="b"/></edges>'), "edge 1 of the GEXF must have a key of its own"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_GEXF)
def test_a_bad_gexf_is_refused(name: str) -> None:
    text, why = BAD_GEXF[name]
    with pytest.raises(ArgumentError, match=why):
        from_gexf(text)


def test_gexf_of_gephi_is_read() -> None:
    text = GEXF.format(
        'defaultedgetype="directed"',
        '<attributes class="edge"><attribute id="0" title="seen" type="boolean"/></attributes>'
        + NODES
        + '<edges><edge id="7" source="a" target="b" label="is" weight="2.5"><attvalues>'
        '<attvalue for="0" value="true"/></attvalues></edge></edges>',
    )
    graph = from_gexf(text)
    assert dict(graph.nodes(data="label")) == {"a": "A", "b": "b"}
    assert graph.edges["a", "b", "7"] == {"label": "is", "weight": 2.5, "seen": True}


BAD_GRAPHML = {
    "no xml": ("hello", "expected an XML document with the root graphml"),
    "entities": (f"{BOMB}<graphml/>", "document type declaration is not read"),
    "no graph": ('<graphml xmlns="http://graphml.graphdrawing.org/xmlns"/>', "the GraphML cannot be read"),
    "hyper": (
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed"><hyperedge/></graph>'
        "</graphml>",
        "hyper",
    ),
    "nan": (
        graphml(nx.Graph([("a", "b", {"share": 0.5})])).replace(">0.5<", ">NaN<"),
        "edge 'a' to 'b': share must be finite",
    ),
}


@pytest.mark.parametrize("name", BAD_GRAPHML)
def test_a_bad_graphml_is_refused(name: str) -> None:
    text, why = BAD_GRAPHML[name]
    with pytest.raises(ArgumentError, match=why):
        from_graphml(text)


def test_graphml_of_yed_is_read_with_its_labels() -> None:
    text = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
    <key for="node" id="d6" yfiles.type="nodegraphics"/><graph edgedefault="directed"><node id="n0"><data key="d6">
    <y:ShapeNode><y:NodeLabel>cat &amp; dog</y:NodeLabel><y:Shape type="ellipse"/></y:ShapeNode></data></node></graph>
    </graphml>"""
    assert from_graphml(text).nodes["n0"]["label"] == "cat & dog"


@given(st.dictionaries(NAMES, SCALARS, max_size=3), st.lists(st.sampled_from(["a", "b"]), min_size=2, max_size=2))
def test_plain_graphml_is_read_by_networkx_as_it_is_here(attributes, ends) -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge(*ends, "key", **attributes)
    assume("key" not in attributes)
    assert same(parse(graphml(graph)), from_graphml(graphml(graph)))
