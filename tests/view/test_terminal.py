"""What a terminal shows of an answer: the truth, the chain as a tree, what was left out."""

import io

import pytest
from rich.console import Console

from hybridattn.view import described, terminal

TRUTH = {"frequency": 1.0, "confidence": 0.81, "expectation": 0.905}


def shown(part, *, terminal=False, width=200):
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=terminal, highlight=False, soft_wrap=True).print(part)
    return file.getvalue()


def fact(number, source, target, relation="is_a", c=0.9):
    truth = {"frequency": 1.0, "confidence": c, "observations": [number]}
    return {"id": number, "source": source, "relation": relation, "target": target, **truth}


def edge(number, source, target, hop, **more):
    plain = {"kind": "fact", "label": "is_a", "fact": number, "f": 1.0, "c": 0.9, "share": 1.0, "similarity": 1.0}
    return {**plain, "source": source, "target": target, "hop": hop, "key": number, **more}


def node(name, hop, **more):
    return {"id": name, "label": name.strip('"'), "kind": "term", "hop": hop, **more}


def answer(term, facts, **more):
    plain = {"derivation": [], "matches": [], "alternatives": []}
    return {"term": term, **TRUTH, **plain, "facts": facts, **more}


def report(answers=(), nodes=(), edges=(), *, cut="", **more):
    graph = {"directed": True, "multigraph": True, "graph": {}, "nodes": list(nodes), "edges": list(edges)}
    return {"question": "<a --> ?x>?", "cut": cut, "answers": list(answers), "graph": graph, **more}


@pytest.fixture
def chain():
    nodes = [node("a", 0, role="source"), node("b", 1), node('"c d"', 2, role="answer"), node("aside", 1)]
    edges = [edge(7, "a", "b", 1), edge(3, "b", '"c d"', 2), edge(5, "a", "aside", 1)]
    return report([answer('<a --> "c d">', [fact(7, "a", "b"), fact(3, "b", "c d")])], nodes, edges)


def test_an_answer_and_its_chain(chain):
    assert shown(terminal(chain)).splitlines() == [
        '<a --> "c d">',
        "  frequency 1.00, confidence 0.81, expectation 0.91",
        "a",
        "└── is_a b  fact 7, 1.00 0.90",
        "    └── is_a c d  fact 3, 1.00 0.90",
        "2 cited facts",
    ]


def test_no_escape_codes_where_no_terminal_is(chain):
    assert "\x1b" not in shown(terminal(chain))
    assert "\x1b[1m" in shown(terminal(chain), terminal=True)


def test_facts_that_are_not_cited_are_left_to_the_graph(chain):
    assert "aside" not in shown(terminal(chain))


def test_a_walk_against_the_arrows():
    nodes = [node("b", 0, role="source"), node("a", 1, role="answer")]
    data = report([answer("<a --> b>", [fact(0, "a", "b")])], nodes, [edge(0, "a", "b", 1)])
    lines = shown(terminal(data)).splitlines()
    assert lines[2:] == ["b", "└── a is_a …  fact 0, 1.00 0.90", "1 cited fact"]


def test_a_match_is_drawn():
    nodes = [node("kitty", 0, kind="query", role="source"), node("cat", 0), node("pet", 1)]
    match = edge(0, "kitty", "cat", 1, kind="match", label="<->", f=0.9, similarity=0.9)
    del match["fact"]
    data = report([answer("<kitty --> pet>", [fact(4, "cat", "pet")])], nodes, [match, edge(4, "cat", "pet", 1)])
    lines = shown(terminal(data)).splitlines()
    assert lines[2:5] == ["kitty", "└── is like cat  match 0.90 0.90", "    └── is_a pet  fact 4, 1.00 0.90"]


def test_a_cycle_ends():
    nodes = [node("a", 0, role="source"), node("b", 1)]
    edges = [edge(0, "a", "b", 1), edge(1, "b", "a", 2)]
    data = report([answer("<a --> b>", [fact(0, "a", "b"), fact(1, "b", "a")])], nodes, edges)
    assert shown(terminal(data)).count("is_a") == 2


def test_several_answers_are_a_table(chain):
    two = chain["answers"] + [answer("<a --> [x]>", [fact(7, "a", "b")], frequency=0.5, confidence=0.4)]
    lines = shown(terminal({**chain, "answers": two, "found": 9})).splitlines()
    assert lines[0].split() == ["answer", "frequency", "confidence", "expectation", "facts"]
    assert lines[1].startswith('<a --> "c d">')
    assert lines[2].split()[-4:] == ["0.50", "0.40", "0.91", "1"]
    assert lines[2].startswith("<a --> [x]>")
    assert lines[-1] == "2 of 9 answers shown."


def test_no_evidence_is_not_a_cut_search():
    assert shown(terminal(report())) == "No evidence.\n"
    assert shown(terminal(report(cut="beam"))) == "No answer so far: the search was cut (beam).\n"


def test_answers_of_a_cut_search(chain):
    text = shown(terminal({**chain, "cut": "hops", "found": 3}))
    assert text.splitlines()[-1] == "The search was cut (hops): there may be more. 1 of 3 answers shown."


def test_what_choice_left_out(chain):
    other = {"term": "<a --> c>", "frequency": 1.0, "confidence": 0.43, "facts": [7, 8, 9], "why": "choice: because"}
    chain["answers"][0]["alternatives"] = [other]
    assert "Not counted: 3 facts with confidence 0.43 (choice: because)." in shown(terminal(chain))


@pytest.mark.parametrize("name", ["[bold]", "[/]", ":smile:", "[link=x]y"])
def test_names_are_text_and_no_markup(name):
    nodes = [node(name, 0, role="source"), node("b", 1)]
    data = report([answer(f"<{name} --> b>", [fact(0, name, "b")])], nodes, [edge(0, name, "b", 1)])
    assert shown(terminal(data)).count(name) == 2
    about = {"facts": 1, "observations": 1, "symbols": 2, "words": 0, "relations": {name: 1}, "examples": [name]}
    assert shown(described(about)).count(name) == 2


def test_a_knowledge_base():
    about = {
        "facts": 106_614,
        "observations": 106_615,
        "symbols": 82_115,
        "words": 0,
        "relations": {"is_a": 75_850, "r": 1},
        "examples": ["<a --> b>. %1.00;0.90%"],
    }
    assert [line.rstrip() for line in shown(described(about)).splitlines()] == [
        "106,614 facts, 106,615 observations, 82,115 symbols, 0 words",
        "relation   facts",
        "is_a      75,850",
        "r              1",
        "<a --> b>. %1.00;0.90%",
    ]
