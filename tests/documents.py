"""Run the examples of a Markdown file: what a reader would type into a terminal or into Python, with what it prints.

CONTRIBUTING.md says how examples are written.
"""

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<language>[^\s`]*)[^`]*$")
SECONDS = re.compile(r"\b\d+(?:\.\d+)? (?:ms|s|min)\b")
SET_UP = ("make", "pip", "git", "python -m pip", "python3 -m venv", "source", ". ")
"""What starts a line of a README's set-up: it needs a fresh clone and a network, so CI runs it and the tests do not."""
TIMEOUT = 120.0
WIDTH = 100
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
ENTRY = "import sys\nfrom hybridattn.cli import main\nsys.exit(main())\n"


class Block(NamedTuple):
    """A fenced block; `line` is that of its first line of text, counted from 1."""

    language: str
    line: int
    text: str


class Command(NamedTuple):
    """What is typed after `$ `, and what has to be printed."""

    line: int
    typed: str
    expected: str


def blocks(markdown: str) -> Iterator[Block]:
    """Find the fenced blocks; the indentation of a fence is taken off its text."""
    opening: re.Match[str] | None = None
    start, body = 0, list[str]()
    for number, line in enumerate(markdown.splitlines(), 1):
        found = FENCE.match(line)
        if opening is None:
            if found:
                opening, start, body = found, number + 1, []
        elif found and not found["language"] and found["fence"].startswith(opening["fence"]):
            yield Block(opening["language"], start, "\n".join(body))
            opening = None
        else:
            body.append(line.removeprefix(opening["indent"]))
    if opening is not None:
        raise ValueError(f"the fence before line {start} is never closed")


def commands(block: Block) -> Iterator[Command]:
    """Read a console block: `$ ` starts a command, a backslash at its end continues it, the rest is its output."""
    line, typed, output = 0, "", list[str]()
    for number, text in enumerate(block.text.split("\n"), block.line):
        if text.startswith("$ "):
            if line:
                yield Command(line, typed, "\n".join(output))
            line, typed, output = number, text[2:], []
        elif not line:
            raise ValueError(f"line {number}: a console block starts with a command: '$ ...'; got {text!r}")
        elif typed.endswith("\\") and not output:
            typed = f"{typed}\n{text}"
        else:
            output.append(text)
    yield Command(line, typed, "\n".join(output))


def neglected(block: Block) -> str:
    """Say why no test would run this block, though it looks like an example; the empty text if all is well."""
    lines = [line.strip() for line in block.text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    shell = block.language in ("sh", "bash", "shell")
    if shell and not all(line.startswith(SET_UP) for line in lines):
        return "write what is not set-up as ```console, with its output"
    if block.language == "console" and any(line.startswith(SET_UP) for line in _typed(lines)):
        return "write set-up as ```sh: the tests do not run it"
    if block.language in ("python", "pycon", "py") and not any(line.startswith(">>> ") for line in lines):
        return "write Python as a session with >>>"
    if block.language not in ("console", "sh", "bash", "shell") and any(_typed(lines)):
        return "write commands as ```console"
    if block.language not in ("python", "pycon", "py") and any(line.startswith(">>> ") for line in lines):
        return "write a Python session as ```python"
    return ""


def _typed(lines: list[str]) -> list[str]:
    return [line[2:] for line in lines if line.startswith("$ ")]


def difference(expected: str, got: str) -> str:
    """Compare what was printed with what was promised: `...` is anything; times and spaces at line ends are free."""
    wanted, printed = _comparable(expected), _comparable(got)
    if doctest.OutputChecker().check_output(wanted, printed, doctest.ELLIPSIS):
        return ""
    return f"expected\n{wanted}\ngot\n{printed}"


def _comparable(text: str) -> str:
    lines = SECONDS.sub("<time>", text).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


def run_console(markdown: str, folder: Path) -> list[str]:
    """Type every command of every console block in `folder`, in order; report those that print something else."""
    environment = _environment(folder.parent / "bin")
    failures, status = [], 0
    for block in blocks(markdown):
        for command in commands(block) if block.language == "console" else ():
            done = subprocess.run(
                ["bash", "-c", f"(exit {status})\n{command.typed}"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                timeout=TIMEOUT,
                check=False,
            )
            status = done.returncode
            if why := difference(command.expected, done.stdout):
                failures.append(f"line {command.line}: $ {command.typed}\n{why}")
    return failures


def _environment(binaries: Path) -> dict[str, str]:
    """Give a plain terminal whose `hybridattn` and `python` are this checkout and this interpreter."""
    binaries.mkdir()
    command = binaries / "hybridattn"
    command.write_text(f"#!{sys.executable}\n{ENTRY}", encoding="utf-8")
    command.chmod(0o755)
    here = {
        "PATH": os.pathsep.join([str(binaries), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": str(WIDTH),
        "TERM": "dumb",
        "NO_COLOR": "1",
    }
    return {**{name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}, **here}


def run_python(markdown: str, name: str) -> list[str]:
    """Run the Python sessions of a file as one session; report the examples that print something else."""
    lines = [""] * (markdown.count("\n") + 1)
    for block in blocks(markdown):
        if block.language in ("python", "pycon", "py"):
            lines[block.line - 1 : block.line - 1 + block.text.count("\n") + 1] = block.text.split("\n")
    test = doctest.DocTestParser().get_doctest("\n".join(lines), {"__name__": "__main__"}, name, name, 0)
    report: list[str] = []
    doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(test, out=report.append)
    return report
