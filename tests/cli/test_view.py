"""`hybridattn view`: a page of each kind of file, and of a file that is none a message and nothing written."""

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import networkx as nx
import pytest

from hybridattn.cli.console import ANSWERED, WRONG_INPUT
from hybridattn.knowledge import FactMemory

ZOO = [
    ("cheetah", "is_a", "big_cat"),
    ("big_cat", "is_a", "animal"),
    ("cheetah", "has", "spots"),
    ("lion", "similar_to", "cheetah"),
]
BIRDS = "<robin --> bird>.\n<bird --> animal>. %0.9;0.9%\n<robin --> animal>?\n"


@pytest.fixture
def here(monkeypatch, capsys, tmp_path):
    """Run the command in this process: exit code, output, errors."""
    from hybridattn import cli

    def here(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["hybridattn", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=None))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return here


def shown(path: Path) -> dict[str, Any]:
    """Give the report that a page holds."""
    found = re.search(r'<script[^>]*id="report"[^>]*>(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)
    return json.loads(found[1])


@pytest.mark.parametrize(
    "question", ["<cheetah --> animal>?", "<(*, cheetah, ?x) --> has>?", "<lion --> ?x>?", "<animal --> cheetah>?"]
)
def test_what_ask_wrote_gives_the_page_that_ask_makes(here, tmp_path, question):
    (tmp_path / "zoo.tsv").write_text("".join("\t".join(row) + "\n" for row in ZOO))
    here("ask", "zoo.tsv", question, "--json", "a.json", "--html", "ask.html")
    code, out, err = here("view", "a.json")
    assert (code, out, err) == (ANSWERED, "Wrote a.html\n", "")
    assert (tmp_path / "a.html").read_text() == (tmp_path / "ask.html").read_text()
    assert all("explanation" in answer for answer in shown(tmp_path / "a.html")["answers"])


def test_the_lines_that_reason_wrote_give_the_page_that_reason_makes(here, tmp_path):
    (tmp_path / "birds.nal").write_text(BIRDS)
    here("reason", "birds.nal", "--levels", 2, "--json", "birds.jsonl", "--html", "reason.html")
    assert here("view", "birds.jsonl", "--html", "lines.html")[0] == ANSWERED
    assert shown(tmp_path / "lines.html") == shown(tmp_path / "reason.html")
    assert "Formula and what matters" in (tmp_path / "lines.html").read_text()


def test_narsese_is_derived_from_and_another_question_may_be_asked(here, tmp_path):
    (tmp_path / "birds.nal").write_text(BIRDS)
    assert here("view", "birds.nal") == (ANSWERED, "Wrote birds.html\n", "")
    assert shown(tmp_path / "birds.html")["question"] == "<robin --> animal>?"
    here("view", "birds.nal", "--ask", "<?x --> bird>", "--html", "who.html")
    who = shown(tmp_path / "who.html")
    assert [answer["term"] for answer in who["answers"]] == ["<robin --> bird>"]
    here("reason", "birds.nal", "--levels", 1, "--json", "b.jsonl")
    here("view", "b.jsonl", "--ask", "<?x --> bird>?", "--html", "lines.html")
    lines = shown(tmp_path / "lines.html")
    assert (lines["answers"], lines["graph"]) == (who["answers"], who["graph"])


def test_node_link_of_this_program_and_of_networkx(here, tmp_path):
    graph = FactMemory.from_triples(ZOO).ask("<cheetah --> animal>?").graph
    graph.graph["question"] = "What is a cheetah?"
    (tmp_path / "hops.json").write_text(json.dumps(nx.node_link_data(graph, edges="edges")))
    assert here("view", "hops.json")[:2] == (ANSWERED, "Wrote hops.html\n")
    report = shown(tmp_path / "hops.html")
    assert report["question"] == "What is a cheetah?"
    assert {node["id"] for node in report["graph"]["nodes"]} == set(graph)
    assert len(report["graph"]["edges"]) == graph.number_of_edges()
    old = nx.node_link_data(nx.path_graph(3), edges="links")
    (tmp_path / "old.json").write_text("\ufeff" + json.dumps(old, indent=1))
    assert here("view", "old.json")[0] == ANSWERED
    assert shown(tmp_path / "old.html")["question"] == "old.json"
    assert "No evidence" not in (tmp_path / "old.html").read_text()


LINE = {
    "narsese": "<a --> b>",
    "punctuation": ".",
    "frequency": 1.0,
    "confidence": 0.9,
    "rule": "input",
    "premises": [],
    "stamp": [1],
    "level": 0,
}
GRAPH = {"nodes": [{"id": 1}], "edges": []}
WRONG = [
    ("x.json", "", "x.json is empty"),
    ("x.json", "{", "x.json:1: expected JSON that"),
    ("x.json", '{"a": 1,\n "b" 2}', "x.json:2: expected JSON that `ask --json` or `reason --json` wrote"),
    ("x.json", '{"a": 1}', "x.json holds an object with the keys 'a'"),
    ("x.json", "{}", "x.json holds an empty object"),
    ("x.json", "[1, 2]", "x.json holds a list"),
    ("x.json", "17", "x.json holds only 17"),
    ("x.json", "[" * 100_000, "lies too deep"),
    ("x.json", "hello", "column 1"),
    ("x.json", b"\x89PNG\xff\xfe", "x.json is no UTF-8 text"),
    ("x.json", '{"question": "q", "cut": "", "answers": [], "graph": 3}', "x.json: report.graph must be an object"),
    ("x.json", '{"question": "q", "answers": 3}', "it lacks 'cut'"),
    ("x.json", '{"nodes": 3, "edges": []}', "x.json: 'nodes' must be a list of objects"),
    ("x.json", '{"nodes": [], "edges": [{"source": 1, "target": 2}]}', "1 is none of them"),
    ("x.json", '{"nodes": [{"id": 1, "share": NaN}], "edges": []}', "expected strict JSON; got the number NaN"),
    ("x.json", '{"nodes": [{"id": 1, "share": 1e999}], "edges": []}', "nodes[0].share must be a finite number"),
    ("x.json", json.dumps({**LINE, "premises": ["line:0"], "rule": "deduction"}), "x.json:1: expected a line that"),
    ("x.json", json.dumps({**LINE, "rule": "magic"}), "no rule 'magic' takes 0 premises"),
    ("x.json", json.dumps({**LINE, "narsese": "<a -> b>"}), "x.json:1: expected a line that"),
    ("x.json", json.dumps({**LINE, "confidence": 1.0}), "confidence in [0, 1)"),
    ("x.json", json.dumps({**LINE, "stamp": ["1"]}), "expected an integer; got '1'"),
    ("x.json", json.dumps(LINE) + "\n" + json.dumps({"narsese": "<a --> c>"}), "x.json:2: expected a line that"),
    ("x.json", json.dumps(LINE) + "\n{", "x.json:2:"),
    ("x.nal", "<a -> b>.", "x.nal:1"),
]


@pytest.mark.parametrize(("name", "content", "said"), WRONG)
def test_a_file_that_is_none_of_these_is_refused_in_a_line_and_nothing_is_written(here, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    code, out, err = here("view", name)
    assert (code, out) == (WRONG_INPUT, "")
    assert err.startswith("error: ")
    assert said in err
    if name.endswith(".json"):
        assert err.count("\n") <= (3 if "expected a line" in said else 1)  # Narsese is pointed at
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing.json",), "FILE must be a file that can be read; got 'nothing.json': No such file"),
        ((".",), "--html must be a file other than FILE"),
        (("g.json", "--html", "g.json"), "--html must be a file other than FILE; got g.json"),
        (("g.json", "--html", "no/g.html"), "its folder does not exist"),
        (("g.json", "--ask", "<a --> b>"), "--ask goes with Narsese and with `reason` JSON"),
    ],
)
def test_wrong_arguments(here, tmp_path, arguments, said):
    (tmp_path / "g.json").write_text(json.dumps(GRAPH))
    code, out, err = here("view", *arguments)
    assert (code, out) == (WRONG_INPUT, "")
    assert said in err
    assert (tmp_path / "g.json").read_text() == json.dumps(GRAPH)


def test_an_answer_that_was_altered_has_no_formula_but_a_page(here, tmp_path):
    report = FactMemory.from_triples(ZOO).ask("<cheetah --> animal>?").to_json()
    report["answers"][0]["derivation"][0]["confidence"] = 0.5
    (tmp_path / "a.json").write_text(json.dumps(report))
    assert here("view", "a.json")[0] == ANSWERED
    assert "Formula and what matters" not in (tmp_path / "a.html").read_text()
