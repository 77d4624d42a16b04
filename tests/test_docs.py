"""Every example of README.md and docs/ is run, and prints what is written below it."""

import shutil
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from documents import ROOT, Block, Command, blocks, commands, difference, neglected, run_console, run_python

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(document.relative_to(ROOT)) for document in DOCUMENTS]

SESSION = """\
Say hello:

```console
$ echo hello; \\
  echo world
hello
world
$ (exit 3)
$ echo $?
3
$ echo kept > note.txt
```

1. In a list, after a set-up of its own:

   ```sh
   make demo
   ```

   ```console
   $ cat note.txt
   kept
   $ python -c "print('a' * 5, 'took 0.52 s', '[1, 2, 3]', sep='\\n')"
   aaaaa
   took 17.3 s
   [1, ...]
   ```
"""

PYTHON = """\
```python
>>> from pathlib import PurePosixPath
>>> x = 6
```

and then

```python
>>> for i in range(2):
...     print(i)
0
1
>>> PurePosixPath("a") / str(x * 7)
PurePosixPath('a/42')
```
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "session"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_the_commands_print_what_the_document_says(document: Path, folder: Path) -> None:
    assert run_console(document.read_text(encoding="utf-8"), folder) == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_the_python_prints_what_the_document_says(document: Path) -> None:
    assert run_python(document.read_text(encoding="utf-8"), document.name) == []


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "CONTRIBUTING.md"], ids=[*NAMES, "CONTRIBUTING.md"])
def test_no_example_is_left_out(document: Path) -> None:
    found = [(block.line, why) for block in blocks(document.read_text(encoding="utf-8")) if (why := neglected(block))]
    assert found == []


def test_the_readme_has_a_session() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    typed = [command.typed for block in blocks(readme) if block.language == "console" for command in commands(block)]
    assert any(line.startswith("hybridattn ") for line in typed)


def test_the_pictures_of_the_documents_are_made_by_their_commands(folder: Path) -> None:
    picture = ROOT / "docs" / "pictures" / "recall.png"
    for name in ("README.md", "docs/tour.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        [block] = [
            block for block in blocks(text) if block.language == "console" and "--picture recall.png" in block.text
        ]
        assert run_console(f"```console\n{block.text}\n```", folder) == []
        shutil.rmtree(folder.parent / "bin")
        made, shown = (matplotlib.image.imread(path) for path in (folder / "recall.png", picture))
        assert made.shape == shown.shape, f"copy the recall.png of {name} to {picture}"
        assert (np.abs(made - shown) > 2 / 255).mean() < 1e-3, f"copy the recall.png of {name} to {picture}"
        assert f"({picture.relative_to((ROOT / name).parent)})" in text


def test_the_readme_opens_with_the_idea_two_commands_and_a_session() -> None:
    opening = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:35])
    found = [(block.language, block.text.split()[0]) for block in blocks(opening)]
    assert found[:3] == [("sh", "make"), ("console", "$"), ("python", ">>>")]
    assert [line.split("#")[0].strip() for line in next(blocks(opening)).text.splitlines()] == [
        "make demo",
        "make test",
    ]


def test_a_true_session_passes(folder: Path) -> None:
    assert run_console(SESSION, folder) == []
    assert run_python(PYTHON, "self-test") == []


@pytest.mark.parametrize(
    ("true", "false", "line"),
    [
        ("hello\nworld\n", "hello\nword\n", 4),
        ("hello\nworld\n", "hello\n", 4),
        ("hello\nworld\n", "hello\nworld\nagain\n", 4),
        ("\n3\n", "\n0\n", 9),
        ("   kept\n", "   lost\n", 21),
        ("   [1, ...]", "   [2, ...]", 23),
    ],
)
def test_a_wrong_output_is_found(true: str, false: str, line: int, folder: Path) -> None:
    assert true in SESSION
    [found] = run_console(SESSION.replace(true, false, 1), folder)
    assert found.startswith(f"line {line}: $ ")


def test_a_wrong_python_output_is_found() -> None:
    report = "".join(run_python(PYTHON.replace("a/42", "a/43"), "self-test"))
    assert "line 13" in report
    assert "PurePosixPath('a/42')" in report


def test_the_command_is_the_one_of_this_checkout(folder: Path) -> None:
    wrong = run_console("```console\n$ hybridattn --no-such-option\nsomething else\n```", folder)
    assert len(wrong) == 1
    assert "--no-such-option" in wrong[0].partition("got\n")[2]


def test_blocks_and_commands() -> None:
    [console, shell, listed] = blocks(SESSION)
    assert (console.language, console.line, shell) == ("console", 4, Block("sh", 17, "make demo"))
    assert list(commands(console))[:3] == [
        Command(4, "echo hello; \\\n  echo world", "hello\nworld"),
        Command(8, "(exit 3)", ""),
        Command(9, "echo $?", "3"),
    ]
    assert listed.text.startswith("$ cat note.txt\nkept\n")


def test_a_longer_fence_holds_a_shorter_one() -> None:
    assert list(blocks("````text\n```\n$ x\n```\n````\n~~~ python\n>>> 1\n~~~")) == [
        Block("text", 2, "```\n$ x\n```"),
        Block("python", 7, ">>> 1"),
    ]


def test_what_is_no_session_is_refused() -> None:
    with pytest.raises(ValueError, match="the fence before line 2 is never closed"):
        list(blocks("```console\n$ ls"))
    with pytest.raises(ValueError, match="line 1: a console block starts with a command"):
        list(commands(Block("console", 1, "ls\n$ ls")))


@pytest.mark.parametrize(
    ("language", "text", "why"),
    [
        ("sh", "hybridattn ask wordnet", "write what is not set-up as ```console"),
        ("bash", "make demo\nhybridattn ask wordnet", "write what is not set-up as ```console"),
        ("console", "$ make demo", "write set-up as ```sh"),
        ("python", "import hybridattn", "write Python as a session with >>>"),
        ("", "$ hybridattn ask wordnet", "write commands as ```console"),
        ("text", "$ hybridattn ask wordnet", "write commands as ```console"),
        ("", ">>> 1 + 1\n2", "write a Python session as ```python"),
        ("sh", "# a comment\nmake demo\nmake test", ""),
        ("console", "$ hybridattn ask wordnet\nmake", ""),
        ("python", ">>> 1 + 1\n2", ""),
        ("text", "<bird --> animal>.", ""),
    ],
)
def test_neglected(language: str, text: str, why: str) -> None:
    assert neglected(Block(language, 1, text)).startswith(why)
    assert bool(neglected(Block(language, 1, text))) == bool(why)


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        ("a 0.52 s", "a 1 s", True),
        ("a 12 ms", "a 2.75 min", True),
        ("took 3 steps", "took 4 steps", False),
        ("a  \nb", "a\nb \n\n", True),
        ("a b", "a  b", False),
        ("a\n...\nz", "a\nb\nc\nz", True),
        ("", "anything", False),
    ],
)
def test_difference(expected: str, got: str, same: bool) -> None:
    assert (difference(expected, got) == "") is same
