"""What a file is found to be, and what is said of one that is none of ours."""

import json

import pytest

from hybridattn import ArgumentError, FactMemory, NarseseError
from hybridattn.reasoning import parse_sentence
from hybridattn.reasoning.inspection import to_graph
from hybridattn.reasoning.nal import derive
from hybridattn.view.formats import document, node_link, read_document

from ..samples import cheetah

ROWS = [("tweety", "is_a", "canary"), ("canary", "is_a", "bird")]


def reason_lines(*texts: str, levels: int = 1) -> tuple[str, object]:
    """Give what `reason --json` prints for some judgements, and the conclusions themselves."""
    from hybridattn.cli.logic.command import _json_lines

    said = [parse_sentence(text) for text in texts]
    asked = [sentence for sentence in said if sentence.punctuation == "?"]
    found = derive([sentence for sentence in said if sentence not in asked], asked, levels=levels)
    return "".join(_json_lines(found)), found


def test_an_answer_of_ask() -> None:
    answers = FactMemory.from_triples(ROWS).ask("<tweety --> ?x>?")
    report = answers.to_json()
    found = document(json.dumps(report), name="a.json")
    assert (found.kind, found.report) == ("ask", report)
    assert node_link(found.graph) == node_link(answers.graph)


def test_lines_of_reason_are_the_graph_that_the_engine_draws() -> None:
    text, found = reason_lines("<a --> b>.", "<b --> c>.", "<c --> d>. %0.8;0.5%", "(--, <a --> d>).", "<a --> ?x>?")
    read = document(text, name="out.jsonl")
    assert read.kind == "reason"
    mine, theirs = read.graph, to_graph([*found, *found.questions])
    ours = sorted((data["label"], data["kind"], data.get("f"), data.get("c")) for _, data in mine.nodes(data=True))
    engine = sorted((data["label"], data["kind"], data.get("f"), data.get("c")) for _, data in theirs.nodes(data=True))
    assert ours == engine
    steps = [sorted((d["kind"], d["label"]) for *_, d in one.edges(data=True)) for one in (mine, theirs)]
    assert steps[0] == steps[1]
    assert len(mine) > 10


def test_one_line_of_reason() -> None:
    text, _ = reason_lines("<a --> b>.")
    assert text.count("\n") == 1
    assert list(document(text, name="-").graph) == ["sentence:0"]


def test_node_link_and_narsese(tmp_path) -> None:
    graph = document(json.dumps(cheetah()["graph"]), name="x").graph
    assert document(json.dumps(node_link(graph)), name="graph.json").kind == "node-link"
    path = tmp_path / "birds.NAL"
    path.write_text("\ufeff// birds\n<robin --> bird>. %1.00;0.90%\n<robin --> ?x>?\n")
    found = read_document(path)
    assert found.kind == "narsese"
    assert list(found.graph.edges(data="label")) == [("robin", "bird", "-->")]


FOREIGN = {
    "a text": ("hello", "x.json must be what `ask --json` or `reason --json` prints, .* it begins with 'hello'"),
    "nothing": ("", "it begins with ''"),
    "a list": ("[1]", r"it begins with '\[1\]'"),
    "an object": ('{"a": 1}', "it is an object with a$"),
    "an empty object": ("{}", "it is an object with nothing"),
    "cut off": ('{"nodes": [', "as JSON: Expecting value"),
    "NaN": ('{"nodes": [{"id": 1, "share": NaN}], "edges": []}', "as JSON: numbers must be finite; got NaN"),
    "huge": ('{"nodes": [{"id": 1, "share": 1e999}], "edges": []}', r"x.json: node 1: share must be finite"),
    "deep": ('{"a":' * 10**5, "as JSON: maximum recursion"),
    "a lonely edge": ('{"nodes": [], "edges": [{"source": 1, "target": 1}]}', r"edges\[0\] must join two of the nodes"),
    "no edges": ('{"nodes": []}', "x.json: a node-link graph must have a list of links; got NoneType"),
    "answers without graph": ('{"answers": [], "graph": 1}', "it is an object with answers, graph"),
    "an id twice": ('{"nodes": [{"id": 1}, {"id": 1}], "edges": []}', r"nodes\[1\] must have an id of its own; got 1"),
    "a key twice": (
        '{"nodes": [{"id": 1}], "edges": [{"source": 1, "target": 1, "key": 0}, {"source": 1, "target": 1, "key": 0}]}',
        r"edges\[1\] must have a key of its own; got 0 again",
    ),
    "an edge twice": (
        '{"multigraph": false, "nodes": [{"id": 1}], "edges": ['
        + '{"source": 1, "target": 1}'
        + ', {"source": 1, "target": 1}]}',
        r"edges\[1\] comes twice, and the graph has no parallel edges",
    ),
    "no id": ('{"nodes": [{"label": 1}], "edges": []}', r"nodes\[0\] must be an object with id"),
    "an odd id": ('{"nodes": [{"id": [1]}], "edges": []}', r"id of nodes\[0\] must be a text or an integer; got \[1\]"),
    "odd flags": ('{"directed": 1, "nodes": [], "edges": []}', "directed of a node-link graph must be true or false"),
    "an odd graph": (
        '{"graph": [], "nodes": [], "edges": []}',
        "graph of a node-link graph must be an object",
    ),
    "another line": ('{"narsese": "<a --> b>"}', "x.json:1: expected a line of `reason --json`, with punctuation"),
}
LINE = {"narsese": "<a --> b>", "punctuation": ".", "frequency": 1.0, "confidence": 0.9, "rule": "input"}
LINE |= {"premises": [], "stamp": [1], "level": 0}
BAD_LINES = {
    "a text": ("oops", "x:2: expected a JSON object a line; Expecting value"),
    "a list": ([1], "x:2: expected a JSON object a line; got list"),
    "a later premise": ({**LINE, "rule": "deduction", "premises": ["line:7"]}, "x:2: premises must be line:K before"),
    "itself": ({**LINE, "rule": "deduction", "premises": ["line:1"]}, "x:2: premises must be line:K before"),
    "a number": ({**LINE, "rule": "deduction", "premises": [3]}, "x:2: premises must be line:K before"),
    "a goal": ({**LINE, "punctuation": "!"}, "x:2: punctuation must be one of"),
    "no truth": ({**LINE, "frequency": "much"}, "x:2: frequency and confidence must be numbers"),
    "half a truth": ({**LINE, "frequency": None}, "x:2: frequency and confidence must be numbers"),
    "too true": ({**LINE, "frequency": 2}, r"x:2: frequency must be in \[0, 1\]"),
    "a NaN": (json.dumps(LINE).replace("0.9", "NaN"), "x:2: .*numbers must be finite"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_is_none_of_ours(name: str) -> None:
    text, why = FOREIGN[name]
    with pytest.raises(ArgumentError, match=why) as caught:
        document(text, name="x.json")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("x.json")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_is_named(name: str) -> None:
    line, why = BAD_LINES[name]
    with pytest.raises(ArgumentError, match=why):
        document(json.dumps(LINE) + "\n" + (line if isinstance(line, str) else json.dumps(line)), name="x")


def test_files_that_cannot_be_read(tmp_path) -> None:
    for path, why in ((tmp_path, "Is a directory"), (tmp_path / "none", "No such file"), ("a\0b", "null byte")):
        with pytest.raises(ArgumentError, match=f"FILE must be a file that can be read; .*{why}"):
            read_document(path)
    (tmp_path / "a.json").write_bytes(b'{"nodes":\n"\xff"')
    with pytest.raises(ArgumentError, match=r"a\.json:2: expected UTF-8 text"):
        read_document(tmp_path / "a.json")
    (tmp_path / "a.nal").write_text("<a --> b>.\n<a -> b>.\n")
    with pytest.raises(NarseseError, match=r"a\.nal:2: "):
        read_document(tmp_path / "a.nal")
