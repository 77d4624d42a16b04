"""Diagrams: read again by the rules of their languages, every label is what it was, whatever it holds."""

import html
import re
import shutil
import subprocess

import networkx as nx
import pytest
from hypothesis import given

from hybridattn.view.formats import dot, mermaid
from hybridattn.view.formats.diagrams.labels import LONGEST
from hybridattn.view.text import printable

from ...samples import cheetah
from ..test_export import ANY_TEXT, graphs
from ..test_round_trips import ODD, odd

STRING = r'"(?:[^"\\]|\\["\\n])*"'
PAIR = rf"(?:label={STRING}|tooltip={STRING}|shape=\w+|style=\w+)"
DOT_LINE = re.compile(rf"  n\d+(?: (?:->|--) n\d+)?(?: \[{PAIR}(?:, {PAIR})*\])?;")
TEXT = r'"(?:[^"#&<>;`%|{}\[\]\\]|#\d+;|<br/>)*"'
MERMAID_LINE = re.compile(rf"  n\d+(?:\[{TEXT}\]|\{{\{{{TEXT}\}}\}}| (?:-->|==>|---|===)(?:\|{TEXT}\|)? n\d+)")


def of_dot(quoted: str) -> str:
    """Undo the escapes of a string that Graphviz draws: its own, then those of HTML, which it knows too."""
    plain = re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), quoted[1:-1])
    return html.unescape(plain)


def of_mermaid(quoted: str) -> str:
    text = quoted[1:-1].replace("<br/>", "\n")
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)


def shown(label: object) -> str:
    text = printable(str(label))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


@pytest.mark.parametrize("name", ODD)
def test_dot_draws_every_label_as_it_is(name: str) -> None:
    graph = odd(ODD[name])
    lines = dot(graph).splitlines()
    assert (lines[0], lines[1], lines[-1]) == ("digraph {", "  rankdir=LR;", "}")
    assert all(DOT_LINE.fullmatch(line) for line in lines[2:-1]), lines
    labels = [of_dot(found[1]) for line in lines[2:-1] if (found := re.search(rf"label=({STRING})", line))]
    wanted = [data["label"] for _, data in graph.nodes(data=True)] + [
        data["label"] for *_, data in graph.edges(data=True)
    ]
    assert labels == [shown(label).replace("\t", " ") for label in wanted]


@pytest.mark.parametrize("name", ODD)
def test_mermaid_draws_every_label_as_it_is(name: str) -> None:
    graph = odd(ODD[name])
    first, *lines = mermaid(graph).splitlines()
    assert first == "flowchart LR"
    assert all(MERMAID_LINE.fullmatch(line) for line in lines), lines
    labels = [of_mermaid(re.search(TEXT, line)[0]) for line in lines]
    wanted = [data["label"] for _, data in graph.nodes(data=True)] + [
        data["label"] for *_, data in graph.edges(data=True)
    ]
    assert labels == [shown(label) for label in wanted]


@given(graphs(ANY_TEXT))
def test_any_text_keeps_to_the_rules(graph: nx.MultiDiGraph) -> None:
    assert all(DOT_LINE.fullmatch(line) for line in dot(graph).split("\n")[2:-2])
    assert all(MERMAID_LINE.fullmatch(line) for line in mermaid(graph).split("\n")[1:-1])


@pytest.mark.parametrize(("label", "written"), [("1. cat", '"1#46; cat"'), ("- cat", '"#45; cat"'), ("1.5", '"1.5"')])
def test_no_label_of_mermaid_begins_a_list(label: str, written: str) -> None:
    graph = nx.DiGraph()
    graph.add_node(label)
    assert f"n0[{written}]" in mermaid(graph)


@pytest.mark.parametrize(("length", "drawn"), [(199, 199), (200, 200), (201, 200)])
def test_a_label_is_drawn_whole_up_to_200_letters(length: int, drawn: int) -> None:
    graph = nx.DiGraph()
    graph.add_node("x" * length)
    [label] = re.findall(r'label="([^"]*)"', dot(graph))
    assert len(label) == drawn
    assert ("…" in label) == ("tooltip" in dot(graph)) == (length > 200)
    assert ("…" in mermaid(graph)) == (length > 200)


def test_shapes_arrows_and_tooltips() -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("q", kind="query")
    graph.add_node("r", kind="rule", label="l" * 300)
    graph.add_edge("q", "r", cited=True, label="m" * 300)
    graph.add_edge("r", "q")
    text = dot(graph)
    assert '  n0 [label="q", shape=diamond];' in text
    assert f'shape=box, tooltip="{"l" * 300}"];' in text
    assert f'  n0 -> n1 [label="{"m" * 199}…", style=bold, tooltip="{"m" * 300}"];' in text
    assert "  n1 -> n0;" in text
    assert f'  n0 ==>|"{"m" * 199}…"| n1' in mermaid(graph)
    assert '  n1{{"' in mermaid(graph)
    assert "  n1 --> n0" in mermaid(graph)
    plain = nx.Graph([("a", "b")])
    assert dot(plain).startswith("graph {")
    assert "  n0 -- n1;" in dot(plain)
    assert "  n0 --- n1" in mermaid(plain)


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz: the command dot")
def test_graphviz_draws_it() -> None:
    for graph in (nx.node_link_graph(cheetah()["graph"], edges="edges"), *map(odd, ODD.values())):
        done = subprocess.run(["dot", "-Tsvg"], input=dot(graph), capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count('class="node"') == len(graph)
