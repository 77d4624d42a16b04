"""`reason` and `narsese` as a user runs them: what they print and write, what they refuse, and their exit codes."""

import json
import os
import re
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hybridattn.reasoning import Truth, parse_sentence, parse_term, truth, variables
from hybridattn.reasoning.nal.forms.canonical import as_written, canonical

ANSWERED, NO_ANSWER, WRONG_INPUT = 0, 1, 2
KEYS = ["narsese", "punctuation", "frequency", "confidence", "rule", "premises", "stamp", "level"]
BIRDS = """// what is known of birds
<bird --> animal>. %1.0;0.9%
<robin --> bird>.
10
''outputMustContain('<robin --> animal>. %1.00;0.81%')
$0.5;0.5$ <{Tweety} --> bird>. %0.8;0.9%
<robin --> animal>?
"""
ALL_LEVELS = """<robin --> bird>. %0.9;0.9%
<bird --> animal>. %0.8;0.9%
<swan <-> bird>. %0.7;0.9%
<robin --> [red]>. %0.6;0.9%
<(&&, <$x --> bird>, <$x --> [red]>) ==> <$x --> pretty>>. %0.9;0.8%
<<robin --> pretty> <=> <robin --> loved>>. %0.9;0.9%
(--, <robin --> fish>). %0.9;0.9%
<(*, robin, worm) --> eat>. %0.9;0.9%
(||, <robin --> loud>, <robin --> shy>).
<robin --> loud>. %0.2;0.9%
<robin --> bird>. %0.7;0.5%
<robin --> ?what>?
<animal --> robin>?
<?x --> (/, eat, _, worm)>?
"""


@pytest.fixture
def birds(tmp_path):
    path = tmp_path / "birds.nal"
    path.write_text(BIRDS)
    return path


def lines_of(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def test_the_answer_and_the_best_conclusions(here, birds):
    code, out, err = here("reason", birds, "--levels", 1)
    assert (code, err) == (ANSWERED, "")
    lines = out.splitlines()
    assert lines[:2] == ["<robin --> animal>?", "  <robin --> animal>. %1.00;0.81%  deduction, level 1"]
    assert re.fullmatch(r"\d+ of \d+ conclusions +rule +level|conclusion +rule +level", lines[2])
    assert re.fullmatch(r"<robin --> animal>\. %1\.00;0\.81% +deduction +1", lines[3])
    assert re.fullmatch(r"3 judgements given, \d+ derived\.", lines[-1])


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ([], ANSWERED),
        (["<robin --> ?x>"], ANSWERED),
        (["<{Tweety} --> animal>?"], ANSWERED),
        (["<stone --> animal>?"], NO_ANSWER),
        (["<robin --> bird>?", "<stone --> animal>"], NO_ANSWER),
    ],
)
def test_exit_codes_of_questions(here, birds, asked, code):
    done, out, _ = here("reason", birds, "--levels", 1, *[word for text in asked for word in ("--ask", text)])
    assert done == code
    assert ("  No answer." in out.splitlines()) == (code == NO_ANSWER)


def test_a_file_without_a_question(here, tmp_path):
    (tmp_path / "one.nal").write_text("<a --> b>.\n")
    assert here("reason", "one.nal") == (ANSWERED, "1 judgement given, 0 derived.\n", "")


def test_json_is_alone_on_stdout(here, birds):
    code, out, err = here("reason", birds, "--levels", 1, "--json", "-")
    assert (code, err) == (ANSWERED, "")
    rows = lines_of(out)
    assert all(list(row) == KEYS for row in rows)
    assert rows[0] == {
        "narsese": "<bird --> animal>",
        "punctuation": ".",
        "frequency": 1.0,
        "confidence": 0.9,
        "rule": "input",
        "premises": [],
        "stamp": [1],
        "level": 0,
    }
    asked = [row for row in rows if row["punctuation"] == "?"]
    assert asked[0]["narsese"] == "<robin --> animal>"
    assert asked[0]["rule"] == "input"
    assert any(row["rule"] != "input" for row in asked), "derived questions are there too"
    assert all(row["frequency"] is row["confidence"] is None and row["stamp"] == [] for row in asked)
    [found] = [row for row in rows if row["narsese"] == "<robin --> animal>" and row["punctuation"] == "."]
    assert (found["rule"], found["premises"], found["stamp"], found["level"]) == (
        "deduction",
        ["line:0", "line:1"],
        [1, 2],
        1,
    )
    assert (found["frequency"], found["confidence"]) == pytest.approx((1, 0.81))


def test_json_in_a_file_leaves_the_text(here, birds, tmp_path):
    code, out, _ = here("reason", birds, "--levels", 1, "--json", "out.jsonl")
    assert code == ANSWERED
    assert out.startswith("<robin --> animal>?\n")
    assert (tmp_path / "out.jsonl").read_text() == here("reason", birds, "--levels", 1, "--json", "-")[1]


def recomputed(name, premises):
    """Apply the truth function that a rule is named after, as the head of `rules.nal` explains the names."""
    outer, inner, reliance = re.fullmatch(r"(?:(\w+):)?(\w+)(?:\(([\d.]+)\))?", name).groups()
    known = {"kept": lambda t: t, "not": truth.negation}
    more = {} if reliance is None else {"reliance": float(reliance)}
    value = (known.get(inner) or getattr(truth, inner))(*premises, **more)
    return value if outer is None else (known.get(outer) or getattr(truth, outer))(value)


def premises_of(row, rows):
    return [rows[int(name[5:])] for name in row["premises"] if name.startswith("line:")]


def judged(rows):
    return [row for row in rows if row["punctuation"] == "."]


def check_links(place, row, rows):
    for name in row["premises"]:
        assert int(name[5:]) < place if name.startswith("line:") else parse_term(name.removeprefix("term:"))
    earlier = premises_of(row, rows)
    same = row["rule"] == "kept" and canonical(parse_term(row["narsese"])) == canonical(
        parse_term(earlier[0]["narsese"])
    )
    assert row["level"] - max(one["level"] for one in earlier) in ((0, 1) if same else (1,))
    rests_on = set().union(*[one["stamp"] for one in judged(earlier)]) if row["punctuation"] == "." else set()
    assert row["stamp"] == sorted(rests_on)


def test_json_can_be_recomputed(here, tmp_path):
    (tmp_path / "all.nal").write_text(ALL_LEVELS)
    code, out, _ = here("reason", "all.nal", "--limit", 3000, "--json", "-")
    rows = lines_of(out)
    assert all(as_written(parse_term(row["narsese"])) == parse_term(row["narsese"]) for row in rows)
    derived = [(place, row) for place, row in enumerate(rows) if row["rule"] != "input"]
    factors = set()
    for place, row in derived:
        check_links(place, row, rows)
        if row["punctuation"] == ".":
            truths = [Truth(one["frequency"], one["confidence"]) for one in judged(premises_of(row, rows))]
            value = recomputed(row["rule"], truths)
            assert row["frequency"] == pytest.approx(value.frequency, abs=1e-9), row
            # each variable that is introduced after the first costs a tenth of the confidence
            factors.add(
                (round(row["confidence"] / value.confidence, 6), len(variables(parse_term(row["narsese"]))) > 1)
            )
    assert code == ANSWERED
    assert factors == {(1.0, False), (1.0, True), (0.9, True)}
    assert len({row["rule"] for _, row in derived}) >= 20


def test_levels_and_rules_bound_the_derivation(here, tmp_path):
    (tmp_path / "all.nal").write_text(ALL_LEVELS)

    def derived(*options):
        return lines_of(here("reason", "all.nal", "--json", "-", "--levels", 1, *options)[1])

    whole = derived()
    assert {row["level"] for row in whole} == {0, 1}
    first = derived("--nal", 1)
    assert len(first) < len(derived("--nal", 3)) < len(whole)
    assert "intersection" in [row["rule"] for row in whole]
    assert "intersection" not in [row["rule"] for row in first]


def test_strict_never_shares_evidence(here, tmp_path):
    (tmp_path / "all.nal").write_text(ALL_LEVELS)

    def sharing(*options):
        rows = lines_of(here("reason", "all.nal", "--json", "-", "--limit", 1000, *options)[1])
        pairs = [judged(premises_of(row, rows)) for row in rows]
        return sum(len(two) == 2 and not set(two[0]["stamp"]).isdisjoint(two[1]["stamp"]) for two in pairs)

    assert sharing() > 0
    assert sharing("--strict") == 0


@pytest.mark.parametrize("options", [(), ("--json", "-")])
def test_a_cut_derivation_says_so(here, tmp_path, options):
    (tmp_path / "all.nal").write_text(ALL_LEVELS + "<stone --> animal>?\n")
    code, out, err = here("reason", "all.nal", "--limit", 20, *options)
    assert code == NO_ANSWER
    assert err == "The derivation was cut: the limit of 20 derived judgements is reached: there may be more.\n"
    if not options:
        assert "  No answer so far." in out.splitlines()
        assert "  No answer." not in out.splitlines()


def test_a_page_with_the_proof(here, birds, tmp_path):
    code, _, err = here("reason", birds, "--levels", 1, "--html", "proof.html")
    assert (code, err) == (ANSWERED, "")
    page = (tmp_path / "proof.html").read_text()
    report = json.loads(re.search(r'<script[^>]*id="report"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
    [answer] = report["answers"]
    assert (report["question"], report["cut"], answer["term"]) == ("<robin --> animal>?", "", "<robin --> animal>")
    assert [(fact["source"], fact["relation"], fact["target"]) for fact in answer["facts"]] == [
        ("bird", "-->", "animal"),
        ("robin", "-->", "bird"),
    ]
    [step] = answer["derivation"]
    assert (step["rule"], step["premises"], step["conclusion"]) == (
        "deduction",
        ["fact:1", "fact:2"],
        "<robin --> animal>",
    )
    nodes = {node["id"]: (node["kind"], node["label"], node["level"]) for node in report["graph"]["nodes"]}
    assert nodes == {
        "fact:1": ("term", "<bird --> animal>", 0),
        "fact:2": ("term", "<robin --> bird>", 0),
        "rule:0": ("rule", "deduction", 0.5),
        "step:0": ("term", "<robin --> animal>", 1),
    }
    edges = [(e["source"], e["target"], e["label"], e["rule"], e.get("fact")) for e in report["graph"]["edges"]]
    assert edges == [
        ("fact:1", "rule:0", "", "deduction", 1),
        ("fact:2", "rule:0", "", "deduction", 2),
        ("rule:0", "step:0", "", "deduction", None),
    ]
    explanation = answer["explanation"]
    assert (explanation["frequency"], explanation["confidence"]) == ("f_1*f_2", "c_1*c_2*f_1*f_2")
    assert "Formula and what matters" in page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<a --> b>.\n<stone --> c>?", "No evidence"),
        ("<a --> b>.", "Nothing was derived"),
        ("<a --> b>.\n<b --> c>.", "a --&gt; c"),
        ("<a --> b>.\n<a --> b>.\n<a --> b>?", "revision"),
        ("(&&, <a --> b>, <c --> d>).\n<a --> b>?", "&amp;&amp;"),
    ],
)
def test_a_page_for_every_outcome(here, tmp_path, text, said):
    (tmp_path / "some.nal").write_text(text)
    assert here("reason", "some.nal", "--levels", 1, "--html", "proof.html")[0] in (ANSWERED, NO_ANSWER)
    assert said in (tmp_path / "proof.html").read_text()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("<a --> b>!", "goals or quests: NAL-8"),
        ("<a --> b>@", "goals or quests: NAL-8"),
        ("<a --> b>. :|:", "without tense: NAL-7"),
        ("<a --> b>? :/:", "without tense: NAL-7"),
        ("<a =/> b>.", "=/> is temporal: NAL-7"),
        ("(&/, a, b).", "&/ is temporal: NAL-7"),
        ("<(*, {SELF}) --> ^go>.", "^go is an operation: NAL-8"),
        ("<a |-> b>.", "|-> is not part of NAL-1 to NAL-6"),
        ("<a --> a>.", "subject and predicate must differ"),
        ("<a --> $x>.", "an independent variable must stand inside ==> or <=>"),
        ("<a --> b>. %1.5;0.9%", "frequency must be in [0, 1]; got 1.5 at column 13"),
        ("<a --> b", "expected the closing bracket > at column 9\n  <a --> b\n          ^"),
    ],
)
def test_a_bad_line_is_named(here, tmp_path, line, said):
    (tmp_path / "bad.nal").write_text(f"<x --> y>.\n// fine\n{line}\n")
    code, out, err = here("reason", "bad.nal")
    assert (code, out) == (WRONG_INPUT, "")
    assert err.startswith("error: bad.nal:3: ")
    assert said in err


@pytest.mark.parametrize("command", ["reason", "narsese"])
def test_files_that_are_no_text(here, tmp_path, command):
    (tmp_path / "binary.nal").write_bytes(b"<a --> b>.\n\xff\xfe\x00\x80")
    reason = "FILE must be a file that can be read; got"
    assert here(command, "missing.nal") == (
        WRONG_INPUT,
        "",
        f"error: {reason} 'missing.nal': No such file or directory\n",
    )
    assert here(command, ".") == (WRONG_INPUT, "", f"error: {reason} '.': Is a directory\n")
    assert here(command, "binary.nal") == (
        WRONG_INPUT,
        "",
        "error: binary.nal:2: expected UTF-8 text; got other bytes\n",
    )
    assert here(command, "a\0b")[0] == WRONG_INPUT
    assert here(command, "x" * 5000)[0] == WRONG_INPUT


@pytest.mark.parametrize("text", ["", "\n\n", "// nothing\n", "10\n", "\ufeff"])
def test_an_empty_file(here, tmp_path, text):
    (tmp_path / "empty.nal").write_text(text)
    said = "error: FILE must hold at least one sentence; empty.nal holds none\n"
    assert here("reason", "empty.nal") == (WRONG_INPUT, "", said)
    assert here("narsese", "empty.nal") == (ANSWERED, "", "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--nal", 0), "nal must be at least 1; got 0"),
        (("--levels", 0), "levels must be at least 1; got 0"),
        (("--limit", -1), "limit must be at least 1; got -1"),
        (("--nal", "x"), "Invalid value for '--nal'"),
        (("--dialect", "latin"), "--dialect must be one of opennars, ona, pynars; got 'latin'"),
        (("--ask", "<a --> "), "expected a term"),
        (("--ask", "<a =/> b>"), "--ask: =/> is temporal"),
        (("--html", "no/such/place.html"), "its folder does not exist"),
        (("--json", "."), "it is a folder"),
    ],
)
def test_bad_options(here, birds, options, said):
    code, out, err = here("reason", birds, *options)
    assert (code, out) == (WRONG_INPUT, "")
    assert said in err


def test_from_stdin(here):
    code, out, _ = here("reason", "-", "--ask", "<a --> c>", "--levels", 1, stdin=b"<a --> b>.\r\n<b --> c>.\r\n")
    assert code == ANSWERED
    assert "  <a --> c>. %1.00;0.81%  deduction, level 1" in out.splitlines()
    assert here("narsese", "-", stdin=b"<a --> ")[2].startswith("error: <stdin>:1: expected a term at column 7")


def test_canonical_forms(here, tmp_path):
    (tmp_path / "forms.nal").write_text(
        "// comment\n"
        "(b <-> a). %0.5%\n"
        "<({Mars} | {Venus, Mars}) --> planet>.\n"
        "$0.8;0.5$ <(&&, <$who --> wise>, (--, (--, <$who --> kind>))) ==> <$who --> good>>. {0.7 0.6}\n"
        "<Tweety {-- ?what>?\n"
        "<a =/> b>! :|: %0.9;0.8%\n"
    )
    code, out, err = here("narsese", "forms.nal")
    assert (code, err) == (ANSWERED, "")
    assert out.splitlines() == [
        "<a <-> b>. %0.50;0.90%",
        "<{Mars, Venus} --> planet>. %1.00;0.90%",
        "$0.80;0.50$ <(&&, <$1 --> kind>, <$1 --> wise>) ==> <$1 --> good>>. %0.70;0.60%",
        "<{Tweety} --> ?1>?",
        "<a =/> b>! :|: %0.90;0.80%",
    ]
    (tmp_path / "again.nal").write_text(out)
    assert here("narsese", "again.nal")[1] == out, "a canonical form is its own"


def test_dialects(here, tmp_path):
    (tmp_path / "some.nal").write_text("<(*, cat.n.01, fish) --> eat>. %0.8;0.9%\n<(*, a, b, c) --> d>.\n")
    assert here("narsese", "some.nal", "--dialect", "pynars") == (
        ANSWERED,
        '<(*, "cat.n.01", fish) --> eat>. %0.80;0.90%\n<(*, a, b, c) --> d>. %1.00;0.90%\n',
        "",
    )
    code, out, err = here("narsese", "some.nal", "--dialect", "ona")
    assert (code, out) == (WRONG_INPUT, "<(cat.n.01 * fish) --> eat>. {0.80 0.90}\n")
    assert err == "error: some.nal:2: ONA holds (*, ...) of two parts, not 3; got (*, a, b, c)\n"
    out = here("reason", "some.nal", "--dialect", "ona", "--ask", "<?x --> eat>", "--ask", "<?x --> d>")[1]
    assert "  <(cat.n.01 * fish) --> eat>. {0.80 0.90}  input, level 0" in out.splitlines()
    assert "// ONA holds (*, ...) of two parts, not 3" in out


def test_a_mistake_stops_the_check_with_a_caret(here, tmp_path):
    (tmp_path / "bad.nal").write_text("<a --> b>.\n  $0.5$ <c --> c>.\n<d --> e\n")
    code, out, err = here("narsese", "bad.nal")
    assert (code, out) == (WRONG_INPUT, "<a --> b>. %1.00;0.90%\n")
    assert err == ("error: bad.nal:2: subject and predicate must differ at column 7\n  $0.5$ <c --> c>.\n        ^\n")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=60), st.text("<>-ab.?%;${}[]()&|*,/_ \n", max_size=30).map(str.encode)))
def test_any_file_is_read_or_refused(here, data):
    code, out, err = here("narsese", "-", stdin=data)
    assert code in (ANSWERED, WRONG_INPUT)
    assert (code == WRONG_INPUT) == err.startswith("error: <stdin>:")
    for line in out.splitlines():
        parse_sentence(line)


def test_as_a_program_without_torch(tmp_path, birds):
    program = (
        "import sys; sys.argv = ['hybridattn', 'reason', 'birds.nal', '--levels', '1', '--html', 'x.html']\n"
        "from hybridattn.cli import main\n"
        "try: main()\nfinally: print('torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (ANSWERED, "")
    assert done.stdout.splitlines()[-1] == "False", "the logic alone should start quickly"
