"""How the commands meet people and pipes: examples in every help, 80 columns, colours or none, completion, JSON."""

import fcntl
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
import unicodedata

import pytest
import typer

from hybridattn.cli.app import app
from hybridattn.reasoning import parse_sentence
from hybridattn.view.formats import FORMATS

ROOT = typer.main.get_command(app)
LONG = "a_name_" + "that_goes_on_and_on_" * 5 + "to_its_end"


def commands(command=ROOT, name=("hybridattn",)):
    """Every command and group, with its words."""
    yield " ".join(name), command
    for word, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*name, word))


COMMANDS = dict(commands())
LEAVES = {name: command for name, command in COMMANDS.items() if not hasattr(command, "commands")}


def examples(command) -> list[str]:
    """The example lines of a help text, which may go on over several lines."""
    parts = re.split(r"\n\s*\n", command.help or "")
    return [" ".join(part.split()).removeprefix("Example: ") for part in parts if part.startswith("Example: ")]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}


def at_terminal(*arguments: str, cwd, columns: int = 80, **more: str) -> tuple[int, str]:
    """Run the command at a terminal of so many columns: exit code, and all that it was sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    env = environment(TERM="xterm-256color", **more)
    for name in ("COLUMNS", "LINES", *([] if "NO_COLOR" in more else ["NO_COLOR"])):
        env.pop(name, None)
    program = [sys.executable, "-m", "hybridattn", *arguments]
    with subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=env, cwd=cwd) as running:
        os.close(theirs)
        sent = b""
        while True:
            try:
                more_sent = os.read(ours, 1 << 16)
            except OSError:
                break
            if not more_sent:
                break
            sent += more_sent
        running.wait(60)
    os.close(ours)
    return running.returncode, sent.decode()


def width(line: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line)


def bare(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")


@pytest.fixture
def folder(tmp_path):
    rows = [(LONG, "is_a", "mammal"), ("mammal", "is_a", "animal"), ("mammal", "is_a", "thing")]
    (tmp_path / "zoo.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    (tmp_path / "birds.nal").write_text(f"<robin --> {LONG}>.\n<{LONG} --> animal>.\n<robin --> ?x>?\n")
    (tmp_path / "kin").mkdir()
    for name in ("train", "test"):
        (tmp_path / "kin" / f"{name}.txt").write_text(f"a\t{LONG}\tb\nb\t{LONG}\ta\n")
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_has_an_example_whose_command_and_options_exist(name: str) -> None:
    found = examples(COMMANDS[name])
    assert found
    for example in found:
        words = shlex.split(example.split("|")[-1])
        if words[0] != "hybridattn":
            raise AssertionError(f"{example} does not begin with hybridattn")
        command, words = ROOT, words[1:]
        while hasattr(command, "commands"):
            command, words = command.commands[words[0]], words[1:]
        assert name in (
            "hybridattn",
            *(f"hybridattn {group}" for group in ("facts", "store", "experiment", "evaluate")),
        ) or (command is COMMANDS[name])
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options
        command.make_context("x", list(words), resilient_parsing=False)


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_gives_json(name: str) -> None:
    options = {option for parameter in LEAVES[name].params for option in parameter.opts}
    makes = {"hybridattn graph": "json" in FORMATS, "hybridattn view": "--html" in options}  # these make other files
    assert "--json" in options or makes.get(name, False)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_keeps_within_80_columns(here, monkeypatch, name: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = here(*name.split()[1:], "--help")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80


def test_at_80_columns_nothing_of_an_answer_is_lost(folder) -> None:
    code, sent = at_terminal("ask", "zoo.tsv", f"<{LONG} --> ?x>?", cwd=folder)
    assert code == 0
    lines = bare(sent).split("\n")
    assert max(map(width, lines)) <= 80
    joined = "".join(line.split("  ")[0].strip("├─└│ ") for line in lines)
    assert joined.count(LONG) >= 4, "in each of three answers, and at the root of the tree"
    assert "\x1b[1m" in sent, "headings are bold"


def test_at_80_columns_nothing_of_other_tables_is_lost(folder) -> None:
    for arguments in (
        ["reason", "birds.nal", "--levels", "1"],
        ["facts", "show", "zoo.tsv"],
    ):
        code, sent = at_terminal(*arguments, cwd=folder)
        assert code == 0
        squeezed = re.sub(r"[^\w]", "", "".join(line.strip().split("  ")[0] for line in bare(sent).split("\n")))
        assert LONG in squeezed


def test_a_narrow_table_marks_what_it_cuts(folder) -> None:
    code, sent = at_terminal("evaluate", "links", "kin", cwd=folder, columns=36)
    assert code == 0
    assert "…" in sent
    *rows, _said, _end = bare(sent).split("\n")
    assert max(map(width, rows)) <= 36


def test_colours_at_a_terminal_and_none_where_they_are_not_wanted(folder) -> None:
    colour = re.compile(r"\x1b\[[0-9;]*38;")
    code, sent = at_terminal("recall", cwd=folder)
    assert code == 0
    assert colour.search(sent)
    code, plain = at_terminal("recall", cwd=folder, NO_COLOR="1")
    assert code == 0
    assert not colour.search(plain)
    assert "█" in plain, "ink and paper are told apart without colour"
    assert "▒" in plain or "▄" in plain


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "zoo.tsv", "<mammal --> ?x>?"],
        ["reason", "birds.nal", "--levels", "1"],
        ["narsese", "birds.nal"],
        ["graph", "birds.nal", "--to", "dot"],
        ["facts", "show", "zoo.tsv"],
        ["facts", "export", "zoo.tsv", "out.nal"],
        ["recall", "--steps", "1"],
        ["experiment", "capacity", "--memory", "modern_hopfield", "--sizes", "2", "--dim", "8", "--seeds", "1"],
        ["evaluate", "links", "kin"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_pipe_gets_plain_text_and_stderr_nothing(here, folder, arguments) -> None:
    code, out, err = here(*arguments)
    assert code in (0, 1)
    assert (err, "\x1b" in out, "\r" in out) == ("", False, False)
    assert not re.search("[┃│━┏└]{2}", out.replace("└──", "")), "no frames"
    assert not any(line.endswith("…") for line in out.splitlines())


def test_narsese_as_json(here, folder) -> None:
    (folder / "some.nal").write_text("// a comment\n<a --> b>.\n<a --> ?x>?\n<a --> c>. %0.2;0.5%\n")
    code, out, err = here("narsese", "some.nal", "--json", "-", "--dialect", "ona")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "sentences": [
            {"line": 2, "narsese": "<a --> b>. {1.00 0.90}", "punctuation": ".", "frequency": 1.0, "confidence": 0.9},
            {"line": 3, "narsese": "<a --> ?1>?", "punctuation": "?", "frequency": None, "confidence": None},
            {"line": 4, "narsese": "<a --> c>. {0.20 0.50}", "punctuation": ".", "frequency": 0.2, "confidence": 0.5},
        ]
    }
    assert here("narsese", "some.nal", "--json", "out.json")[1] == "Wrote out.json\n"
    assert [one["line"] for one in json.loads((folder / "out.json").read_text())["sentences"]] == [2, 3, 4]
    (folder / "bad.nal").write_text("<a --> b>.\n<a b>.\n")
    assert here("narsese", "bad.nal", "--json", "never.json")[0] == 2
    assert not (folder / "never.json").exists()


def test_an_export_as_json(here, folder) -> None:
    code, out, _ = here("facts", "export", "zoo.tsv", "zoo.nal", "--json", "-")
    assert (code, json.loads(out)) == (0, {"facts": 3, "file": "zoo.nal"})
    assert all(parse_sentence(line) for line in (folder / "zoo.nal").read_text().splitlines())


OFFERED = {
    "hybridattn gr": ["graph"],
    "hybridattn experiment ca": ["capacity"],
    "hybridattn graph x.json --to g": ["graphml", "gexf"],
    "hybridattn graph x.json --to ": list(FORMATS),
    "hybridattn ask word": ["wordnet"],
    "hybridattn ask zoo": [],
    "hybridattn reason b.nal --dialect o": ["opennars", "ona"],
    "hybridattn reason b.nal --rules ": ["nal", "ona"],
    "hybridattn experiment noise --patterns s": ["signs", "sphere"],
    "hybridattn experiment noise --memory hopfield_p": ["hopfield_pseudo_inverse"],
    "hybridattn experiment sequence --memory exponential": ["exponential_sequence"],
    "hybridattn recall --memory modern": ["modern_hopfield"],
}


@pytest.mark.parametrize("line", OFFERED)
def test_the_shell_is_offered_what_fits(here, monkeypatch, line: str) -> None:
    """As the script of `--show-completion` asks, in bash."""
    asked = {"_HYBRIDATTN_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    code, out, err = here()
    assert (code, err) == (0, "")
    assert out.split() == OFFERED[line]
