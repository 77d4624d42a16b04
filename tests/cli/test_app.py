"""The command as a user runs it: what it prints, what it writes, and its exit codes."""

import gzip
import itertools
import json
import os
import re
import subprocess
import sys

import networkx as nx
import pytest
from knowledge.oracle import check_answer, strict

from hybridattn import FactMemory, __version__
from hybridattn.view import node_link

ANSWERED, NO_ANSWER, WRONG_INPUT = 0, 1, 2
ROWS = [
    ("cheetah", "is_a", "cat"),
    ("cat", "is_a", "mammal"),
    ("mammal", "is_a", "animal"),
    ("cat", "is_a", "pet"),
    ("pet", "is_a", "animal"),
    ("cat", "has_part", "paw"),
    ("24/7", "is_a", "shop [red]"),
    ("кот", "similar_to", "cat"),
]


@pytest.fixture
def zoo(tmp_path):
    path = tmp_path / "zoo.tsv"
    path.write_text("".join("\t".join(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


@pytest.fixture
def run(tmp_path):
    def run(*arguments, **environment):
        return subprocess.run(
            [sys.executable, "-m", "hybridattn", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=120,
            check=False,
        )

    return run


def test_an_answer_with_its_chain(run, zoo):
    done = run("ask", zoo, "<cheetah --> animal>?")
    assert (done.returncode, done.stderr) == (ANSWERED, "")
    text = done.stdout
    assert "<cheetah --> animal>" in text
    assert "frequency 1.00, confidence 0.73, expectation 0.86" in text
    tree = ["cheetah", "└── is_a cat  fact 0, 1.00 0.90", "    └── is_a mammal  fact 1, 1.00 0.90"]
    lines = text.splitlines()
    start = lines.index("cheetah")
    assert lines[start : start + 3] == tree
    assert lines[start + 3] == "        └── is_a animal  fact 2, 1.00 0.90"
    assert "3 cited facts" in text
    assert "Not counted: 3 facts with confidence 0.73 (choice" in text
    assert re.search(r"\d\.\d\d s", lines[-1])
    assert "\x1b" not in text


def test_wordnet_ends_as_the_readme_says(run):
    done = run("ask", "wordnet", "<cheetah.n.01 --> animal.n.01>?", "--html", "cheetah.html", "--json", "cheetah.json")
    assert (done.returncode, done.stderr) == (ANSWERED, "")
    assert "frequency 1.00, confidence 0.43" in done.stdout
    assert "8 cited facts" in done.stdout
    names = ["big_cat", "feline", "carnivore", "placental", "mammal", "vertebrate", "chordate", "animal"]
    assert re.findall(r"is_a (\w+)\.n\.01  fact \d+, 1\.00 0\.90", done.stdout) == names


def test_a_long_chain_is_printed_whole_where_no_terminal_is(run, tmp_path):
    names = [f"a_long_name_of_a_term_{number}" for number in range(15)]
    path = tmp_path / "long.tsv"
    path.write_text("".join(f"{a}\tis_a\t{b}\n" for a, b in itertools.pairwise(names)))
    text = run("ask", path, f"<{names[0]} --> ?x>?", "--top", "20").stdout
    for number in range(14):
        assert f"is_a {names[number + 1]}  fact {number}, 1.00 0.90" in text
        assert f"<{names[0]} --> {names[number + 1]}>" in text


def test_no_evidence(here, zoo):
    code, out, err = here("ask", zoo, "<animal --> cheetah>?")
    assert (code, err) == (NO_ANSWER, "")
    assert "No evidence." in out


def test_a_cut_search_says_so(here, zoo):
    code, out, _ = here("ask", zoo, "<cheetah --> animal>?", "--hops", 2)
    assert code == NO_ANSWER
    assert "No answer so far: the search was cut (hops)." in out
    assert "No evidence" not in out
    code, out, _ = here("ask", zoo, "<cat --> ?x>?", "--beam", 1)
    assert code == ANSWERED
    assert "The search was cut (beam): there may be more." in out


def test_top_says_what_it_left_out(here, zoo):
    code, out, _ = here("ask", zoo, "<cheetah --> ?x>?", "--top", 2)
    assert code == ANSWERED
    assert "2 of 4 answers shown." in out
    assert "<cheetah --> cat>" in out
    assert "<cheetah --> animal>" not in out


def test_a_path(here, zoo):
    code, out, _ = here("ask", zoo, "<cheetah --> ?x>?", "--path", "is_a, has_part")
    assert code == ANSWERED
    assert "(&&, <cheetah --> #1>, <(*, #1, paw) --> has_part>)" in out


@pytest.mark.parametrize(
    "question", ["<cheetah --> ?x>?", "<?x --> animal>?", "<кот <-> ?x>?", "<animal --> cheetah>?"]
)
def test_python_and_the_command_agree(here, zoo, question):
    code, out, err = here("ask", zoo, question, "--json", "-")
    report = strict(out)
    expected = FactMemory.load(zoo).ask(question, top=10)
    assert report == json.loads(json.dumps(expected.to_json()))
    assert report["graph"] == json.loads(json.dumps(node_link(expected.graph)))
    assert (code, err) == (ANSWERED if expected else NO_ANSWER, "")
    for answer in report["answers"]:
        check_answer(answer)


def test_json_alone_on_stdout_as_a_user_sees_it(run, zoo):
    for question, code in (("<кот <-> ?x>?", ANSWERED), ("<animal --> cheetah>?", NO_ANSWER)):
        done = run("ask", zoo, question, "--json", "-")
        assert (done.returncode, done.stderr) == (code, "")
        report = strict(done.stdout)
        assert list(report) == ["question", "cut", "found", "answers", "graph"]
        assert bool(report["answers"]) == (code == ANSWERED)
        assert report["question"] == question


def test_everything_that_can_be_written(here, zoo, tmp_path):
    code, out, _ = here(
        *("ask", zoo, '<"24/7" --> ?x>?', "--json", "a.json", "--html", "a.html"),
        *("--graphml", "a.graphml", "--narsese", "a.nal"),
    )
    assert code == ANSWERED
    report = strict((tmp_path / "a.json").read_text(encoding="utf-8"))
    (answer,) = report["answers"]
    assert answer["term"] == '<"24/7" --> "shop [red]">'
    assert '<"24/7" --> "shop [red]">' in out
    assert "24/7" in (tmp_path / "a.html").read_text(encoding="utf-8")
    graph = nx.read_graphml(tmp_path / "a.graphml", force_multigraph=True)
    assert [data["label"] for _, data in graph.nodes(data=True)] == ["24/7", "shop [red]"]
    ((*_, edge),) = graph.edges(data=True)
    assert (edge["fact"], edge["f"], edge["c"], edge["cited"]) == (6, 1.0, 0.9, True)
    (fact,) = FactMemory.load(tmp_path / "a.nal")
    assert (str(fact.judgement.term), fact.judgement.truth.confidence) == (answer["term"], 0.9)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.graphml", "a.html", "a.json", "a.nal", "zoo.tsv"]


def test_the_cited_facts_in_narsese_answer_again(here, zoo, tmp_path):
    here("ask", zoo, "<cheetah --> animal>?", "--narsese", "cited.nal")
    assert "<cheetah --> animal>. %1.00;0.73%" in (tmp_path / "cited.nal").read_text()
    code, out, _ = here("ask", "cited.nal", "<cheetah --> animal>?", "--json", "-")
    assert code == ANSWERED
    assert strict(out)["answers"][0]["confidence"] == pytest.approx(0.729)


WRONG = [
    (("ask", "none.tsv", "<a --> b>?"), "none.tsv does not exist"),
    (("ask", ".", "<a --> b>?"), "is a directory"),
    (("ask", "x" * 5000 + ".tsv", "<a --> b>?"), "error: "),
    (("ask", "zoo.tsv", "<cheeta --> animal>?"), "no fact has the term 'cheeta'; nearest: cheetah"),
    (("ask", "zoo.tsv", f"<{'x' * 10_000} --> animal>?"), "no fact has the term 'xxx"),
    (("ask", "zoo.tsv", "<cheetah --> animal>"), "expected"),
    (("ask", "zoo.tsv", "<cheetah --> animal>."), "a question must end in ?"),
    (("ask", "zoo.tsv", "<cheetah -> animal>?"), "at column 10\n  <cheetah -> animal>?\n           ^"),
    (("ask", "zoo.tsv", ""), "at column 1"),
    (("ask", "zoo.tsv", "(" * 5000), "error: "),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--hops", "0"), "hops must be at least 1; got 0"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--beam", "0"), "beam must be at least 1; got 0"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--top", "-1"), "top must be at least 1; got -1"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--min-match", "2"), "min_match is a cosine"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--min-match", "nan"), "min_match is a cosine"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--beta", "0"), "beta must be positive and finite"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--beta", "inf"), "beta must be positive and finite"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--hops", "many"), "--hops"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--path", ","), "error: "),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--path", "eats"), "no fact has the relation 'eats'"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--json", "no/a.json"), "'no/a.json': its folder does not exist"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--json", "."), "it is a folder"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--html", "no/a.html"), "its folder does not exist"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--graphml", "."), "it is a folder"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--narsese", "no/a.nal"), "its folder does not exist"),
    (("ask", "zoo.tsv"), "QUESTION"),
    (("ask", "zoo.tsv", "<cat --> ?x>?", "--colour"), "--colour"),
    (("answer",), "answer"),
    (("facts", "show", "none.tsv"), "does not exist"),
    (("facts", "show", "zoo.tsv", "--json", "no/a.json"), "its folder does not exist"),
    (("facts", "export", "zoo.tsv", "zoo.txt"), "FILE must end in .nal"),
    (("facts", "export", "zoo.tsv", "no/zoo.nal"), "its folder does not exist"),
]


@pytest.mark.parametrize(("arguments", "wanted"), WRONG, ids=[" ".join(a)[:60] for a, _ in WRONG])
def test_wrong_input(here, zoo, tmp_path, arguments, wanted):
    code, out, err = here(*arguments)
    assert (code, out) == (WRONG_INPUT, "")
    assert wanted in err
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["zoo.tsv"]


def test_wrong_input_as_a_user_sees_it(run, zoo, tmp_path):
    (tmp_path / "cut.tsv.gz").write_bytes(gzip.compress(zoo.read_bytes())[:-9])
    done = run("ask", "cut.tsv.gz", "<cheetah --> animal>?", "--json", "-")
    assert (done.returncode, done.stdout) == (WRONG_INPUT, "")
    assert done.stderr.startswith("error: cut.tsv.gz, line ")
    assert "damaged or cut off" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_wrong_input_leaves_the_old_files_as_they_were(here, zoo, tmp_path):
    (tmp_path / "old.html").write_text("old")
    code, _, _ = here("ask", zoo, "<cheetah --> nothing>?", "--html", "old.html")
    assert code == WRONG_INPUT
    assert (tmp_path / "old.html").read_text() == "old"


def test_one_output_that_cannot_be_written_stops_the_others(here, zoo, tmp_path):
    code, out, _ = here("ask", zoo, "<cheetah --> animal>?", "--html", "a.html", "--json", "no/a.json")
    assert (code, out) == (WRONG_INPUT, "")
    assert [path.name for path in tmp_path.iterdir()] == ["zoo.tsv"]


def test_a_name_that_utf_8_cannot_hold(run, tmp_path):
    (tmp_path / "half.jsonl").write_text('{"source": "\\ud800", "relation": "is_a", "target": "b"}\n')
    for more in ((), ("--json", "-")):
        done = run("ask", "half.jsonl", "<?x --> b>?", *more)
        assert "Traceback" not in done.stderr
        assert done.returncode in (ANSWERED, WRONG_INPUT)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_that_is_not_utf_8(run, zoo, encoding):
    done = run("ask", zoo, "<кот <-> ?x>?", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (ANSWERED, "")
    done = run("ask", zoo, "<кот <-> ?x>?", "--json", "-", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (ANSWERED, "")
    assert strict(done.stdout)["question"] == "<кот <-> ?x>?"


def test_facts_show(here, zoo):
    code, out, err = here("facts", "show", zoo)
    assert (code, err) == (0, "")
    assert "8 facts, 8 observations, 9 symbols, 0 words" in out
    assert re.search(r"^is_a +6$", out, re.MULTILINE)
    assert re.search(r"^similar_to +1$", out, re.MULTILINE)
    assert "<cheetah --> cat>. %1.00;0.90%" in out
    code, out, _ = here("facts", "show", zoo, "--json", "-")
    assert strict(out) == FactMemory.load(zoo).describe()
    code, out, _ = here("facts", "show", zoo, "--json", "about.json")
    assert code == 0


def test_facts_export(here, zoo, tmp_path):
    code, out, _ = here("facts", "export", zoo, "zoo.nal")
    assert (code, out) == (0, "8 facts written to zoo.nal\n")
    again = FactMemory.load(tmp_path / "zoo.nal")
    assert [fact.judgement for fact in again] == [fact.judgement for fact in FactMemory.load(zoo)]


def test_version_and_help(run, here):
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"hybridattn {__version__}\n", "")
    for arguments, wanted in (
        ((), "ask"),
        (("ask",), "--min-match"),
        (("facts",), "export"),
        (("facts", "show"), "FACTS"),
    ):
        code, out, _ = here(*arguments, "--help")
        assert code == 0
        assert wanted in out
        assert "\x1b" not in out


def test_the_console_script_is_the_same_command():
    from importlib.metadata import PackageNotFoundError, entry_points

    try:
        (script,) = entry_points(group="console_scripts", name="hybridattn")
    except (ValueError, PackageNotFoundError):
        pytest.skip("the package is not installed")
    assert script.value == "hybridattn.cli:main"
