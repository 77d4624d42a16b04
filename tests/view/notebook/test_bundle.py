"""What a notebook shows: by IPython's own machinery, for everything that displays itself."""

import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from xml.etree import ElementTree

import networkx as nx
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from hybridattn import (
    ArgumentError,
    Derivation,
    FactMemory,
    Inference,
    LinkAnswer,
    RuleAnswer,
    Story,
    derive,
    modern_hopfield,
    parse_sentence,
    parse_term,
)
from hybridattn.trace import Hop, Link, Trace
from hybridattn.view import page
from hybridattn.view.notebook import bundle, picture
from hybridattn.view.notebook.frame import framed
from hybridattn.view.notebook.reports import of_derivation

from ..samples import cheetah, hostile, wide

TEXT = '"([^"]*)"'
KINDS = ["text/plain", "image/svg+xml", "text/html"]
ROWS = [("poodle", "is_a", "dog"), ("dog", "is_a", "animal"), ("poodle", "is_a", "pet"), ("pet", "is_a", "animal")]


def things() -> dict[str, object]:
    answers = FactMemory.from_triples(ROWS).ask("<poodle --> animal>?")
    known = [parse_sentence(text) for text in ("<robin --> bird>.", "<bird --> animal>. %0.9;0.8%")]
    found = derive(known, [parse_term("<robin --> animal>")], levels=1)
    proof = answers[0].derivation
    return {
        "Answers": answers,
        "Answer": answers[0],
        "Derivation": proof,
        "Trace": answers.trace,
        "Conclusion": found.best(parse_term("<robin --> animal>")),
        "Conclusions": found,
        "RuleAnswer": RuleAnswer(Story.of([("a", "son", "b")], "a", "b"), proof, "son"),
        "LinkAnswer": LinkAnswer("b", 0.5, proof, (), ()),
    }


THINGS = things()


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    """A shell as a notebook's kernel has it: every type is active. It keeps no history, and its files in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
        shell.display_formatter.active_types = shell.display_formatter.format_types
        yield shell


@pytest.mark.parametrize("name", THINGS)
def test_ipython_displays_it(name: str, shell: InteractiveShell) -> None:
    data, _ = shell.display_formatter.format(THINGS[name])
    assert sorted(data) == sorted(KINDS)
    root = ElementTree.fromstring(data["image/svg+xml"])
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(circles) >= 3
    assert "└── " in data["text/plain"]
    frame = rf'<iframe sandbox="allow-scripts" title={TEXT} style={TEXT} srcdoc={TEXT}></iframe>'
    inside = html.unescape(re.fullmatch(frame, data["text/html"])[3])
    assert inside.startswith("<!doctype html>")
    assert "Content-Security-Policy" in inside
    report = json.loads(re.search(r'<script type="application/json" id="report">(.*?)</script>', inside)[1])
    assert len(report["graph"]["nodes"]) == len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) + len(
        list(root.iter("{http://www.w3.org/2000/svg}rect"))
    )


def test_a_cell_that_ends_in_an_answer_shows_its_tree(shell: InteractiveShell, capsys) -> None:
    shell.user_ns["answer"] = THINGS["Answer"]
    assert shell.run_cell("answer").success
    assert "<poodle --> animal>. %1.00;0.895027624%  revision\n├── " in capsys.readouterr().out


def test_the_text_stays_a_text_in_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """There rich displays what it is told to print, unless it is told not to."""
    wanted = bundle(THINGS["Answers"], include=["text/plain"])
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert bundle(THINGS["Answers"], include=["text/plain"]) == wanted
    assert "poodle\n├── is_a dog" in wanted["text/plain"]


def test_what_is_included_and_excluded() -> None:
    thing = THINGS["Answer"]
    assert list(bundle(thing)) == KINDS
    assert list(bundle(thing, include={"text/plain"})) == ["text/plain"]
    assert list(thing._repr_mimebundle_(exclude=["text/html"])) == KINDS[:2]
    assert bundle(thing, include=["image/png"]) == {}


def test_the_tree_of_a_proof() -> None:
    assert bundle(THINGS["Derivation"])["text/plain"].splitlines() == [
        "<poodle --> animal>. %1.00;0.895027624%  revision",
        "├── <poodle --> animal>. %1.00;0.81%  deduction",
        "│   ├── <dog --> animal>. %1.00;0.90%  fact 1",
        "│   └── <poodle --> dog>. %1.00;0.90%  fact 0",
        "└── <poodle --> animal>. %1.00;0.81%  deduction",
        "    ├── <pet --> animal>. %1.00;0.90%  fact 3",
        "    └── <poodle --> pet>. %1.00;0.90%  fact 2",
    ]
    assert bundle(THINGS["Conclusion"])["text/plain"].startswith("<robin --> animal>. %0.90;0.648%  deduction\n├── ")
    both = bundle(THINGS["Conclusions"])["text/plain"]
    assert both.startswith(bundle(THINGS["Conclusion"])["text/plain"])
    assert re.search(r"\n2 judgements given, \d+ derived\.$", both)


def test_the_tree_of_a_trace_follows_its_links() -> None:
    first = Hop(0, (Link(0, -1, 7, 0.75, 1.0), Link(1, -1, 8, 1.0, 0.5)))
    trace = Trace((first, Hop(0, (Link(0, 0, 9, 0.5, 0.25), Link(0, 0, 7, 0.5, 0.25)))), ("", "beam"))
    assert bundle(trace)["text/plain"].splitlines() == [
        "query 0",
        "└── hop 1: slot 7  share 0.750, cosine 1.000",
        "    ├── hop 2: slot 9  share 0.500, cosine 0.250",
        "    └── hop 2: slot 7  share 0.500, cosine 0.250",
        "query 1, cut (beam)",
        "└── hop 1: slot 8  share 1.000, cosine 0.500",
    ]
    svg = ElementTree.fromstring(bundle(trace)["image/svg+xml"])
    texts = ["".join(item.itertext()) for item in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"query 0", "query 1", "slot 7 of query 0", "slot 8 of query 1", "share 0.75"} <= set(texts)
    assert bundle(Trace((), ("",)))["text/plain"] == "query"
    assert list(bundle(Trace((), ()))) == ["text/plain"]


def test_a_long_trace_says_what_it_leaves_out() -> None:
    hop = Hop(0, tuple(Link(0, -1, slot, 0.01, 1.0) for slot in range(100)))
    lines = bundle(Trace((hop,), ("",)), include=["text/plain"])["text/plain"].splitlines()
    assert len(lines) == 60
    assert lines[-1] == "... and 42 more lines"


def test_a_deep_proof_is_drawn_without_recursion() -> None:
    rows = [(f"t{number}", "is_a", f"t{number + 1}") for number in range(400)]
    answer = FactMemory.from_triples(rows).ask("<t0 --> t400>?", hops=400)[0]
    shown = bundle(answer, include=["text/plain", "image/svg+xml"])
    assert shown["text/plain"].endswith("more lines")
    assert "150 of 1,198 terms are drawn" in shown["image/svg+xml"]


def test_what_has_no_answer_is_text_alone() -> None:
    empty = FactMemory.from_triples(ROWS).ask("<animal --> poodle>?")
    assert "No evidence" in bundle(empty)["text/plain"]
    lost = RuleAnswer(Story.of([("a", "son", "b")], "a", "b"), None, None, reason="no rule")
    assert bundle(lost) == {"text/plain": "no evidence: no rule"}
    question = derive([parse_sentence("<a --> b>.")], [parse_term("<a --> ?x>")], levels=1).questions[0]
    assert list(bundle(question)) == ["text/plain"]
    nothing = derive([], levels=1)
    assert bundle(nothing) == {"text/plain": "0 judgements given, 0 derived."}


def test_other_things_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"^a trace, a derivation or an answer can be displayed; got int$"):
        bundle(3)


ODD = ["<script>alert(1)</script>", "]]>&amp;", "a\"b' </svg>", "a\x00\x07", "קט 🐆", "x" * 10_000]
TAGS = {"svg", "title", "defs", "marker", "path", "circle", "text"}


@pytest.mark.parametrize("text", ODD)
def test_svg_and_frame_hold_any_text(text: str) -> None:
    report = hostile(text)
    svg = ElementTree.fromstring(picture(report["graph"], title=text))
    assert {item.tag.rpartition("}")[2] for item in svg.iter()} <= TAGS
    assert all(len(item.text or "") <= 99 for item in svg.iter("{http://www.w3.org/2000/svg}text"))
    framed_page = framed(report)
    assert framed_page.count("<") == 2
    inside = html.unescape(re.search('srcdoc="([^"]*)"', framed_page)[1])
    assert inside == page(report)


def test_a_large_graph_is_drawn_in_part_with_all_that_is_cited() -> None:
    graph = wide(2_000)["graph"]
    text = picture(graph)
    assert "150 of 2,000 terms are drawn" in text
    titles = "".join(ElementTree.fromstring(text).itertext())
    assert all(f"term_{hop}" in titles for hop in range(9))


def test_a_picture_shows_roles_and_what_is_cited() -> None:
    svg = ElementTree.fromstring(picture(cheetah()["graph"]))
    space = "{http://www.w3.org/2000/svg}"
    paths = [path for path in svg.iter(f"{space}path") if path.get("marker-end")]
    cited = [path for path in paths if path.get("stroke-width") == "2"]
    assert len(cited) == 8
    assert {path.get("marker-end") for path in cited} == {"url(#hybridattn-cited)"}
    fills = [circle.get("fill") for circle in svg.iter(f"{space}circle")]
    assert (fills.count("#009e73"), fills.count("#d55e00")) == (1, 1)
    left, top, width, height = map(float, svg.get("viewBox").split())
    for circle in svg.iter(f"{space}circle"):
        assert left < float(circle.get("cx")) < left + width
        assert top < float(circle.get("cy")) < top + height


def test_parallel_edges_and_loops_are_apart() -> None:
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(["a", "b"])
    for _ in range(3):
        graph.add_edge("a", "b")
    graph.add_edge("a", "a")
    svg = ElementTree.fromstring(picture(nx.node_link_data(graph, edges="edges")))
    paths = [path.get("d") for path in svg.iter("{http://www.w3.org/2000/svg}path") if path.get("marker-end")]
    assert len(set(paths)) == 4


def test_nothing_is_loaded_before_something_is_displayed() -> None:
    code = (
        "import hybridattn.trace, hybridattn.reasoning, sys\n"
        "t = hybridattn.trace.Trace((), ())\n"
        "print('hybridattn.view' in sys.modules, t._repr_mimebundle_()['text/plain'], 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False a trace without a query False\n"


def test_memories_are_shown_by_their_description(shell: InteractiveShell) -> None:
    data, _ = shell.display_formatter.format(modern_hopfield(4, beta=2.0))
    assert data == {"text/plain": repr(modern_hopfield(4, beta=2.0))}
    memory = modern_hopfield(4)
    memory.write(torch.eye(4))
    assert "slots=4" in shell.display_formatter.format(memory)[0]["text/plain"]


def test_what_is_used_again_is_not_told_again() -> None:
    proof = THINGS["Derivation"]
    twice = Derivation(
        proof.facts[:2], (), (proof.steps[0], Inference("revision", ("step:0", "step:0"), proof.conclusion))
    )
    lines = bundle(twice, include=["text/plain"])["text/plain"].splitlines()
    assert len(lines) == 5
    assert lines[1].endswith("  deduction")
    assert lines[4].endswith("  deduction, as above")


def test_facts_stand_just_left_of_where_they_are_used_first() -> None:
    rows = [("a", "is_a", "b"), ("b", "is_a", "c"), ("c", "is_a", "d")]
    proof = FactMemory.from_triples(rows).ask("<a --> d>?")[0].derivation
    columns = {node["id"]: node["hop"] for node in of_derivation(proof)["graph"]["nodes"]}
    assert columns == {
        "fact:0": 0, "fact:1": 0, "rule:0": 1, "step:0": 2, "fact:2": 2, "rule:1": 3, "step:1": 4
    }  # fmt: skip
    alone = FactMemory.from_triples(rows).ask("<a --> b>?")[0].derivation
    assert [node["hop"] for node in of_derivation(alone)["graph"]["nodes"]] == [0]
