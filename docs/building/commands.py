"""The directive `commands`: the help of every command, asked of the command itself."""

import os
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from typer.main import get_command
from typer.testing import CliRunner

from hybridattn.cli.app import app as command_line

__all__ = ["setup"]

_WIDTH = "90"


class Commands(SphinxDirective):
    """Give a section a command, with what `--help` prints."""

    def run(self) -> list[nodes.Node]:
        """Walk through groups of commands, and ask each for help."""
        found: list[nodes.Node] = []
        for words in _paths(get_command(command_line), ()):
            name = " ".join(("hybridattn", *words))
            section = nodes.section(ids=[nodes.make_id(name)])
            section += nodes.title(name, name)
            section += nodes.literal_block(_help(words), _help(words), language="text", classes=["command"])
            self.state.document.note_implicit_target(section)
            found.append(section)
        return found


def _paths(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield words
    for name, inner in getattr(command, "commands", {}).items():
        yield from _paths(inner, (*words, name))


def _help(words: tuple[str, ...]) -> str:
    plain = {"COLUMNS": _WIDTH, "NO_COLOR": "1", "TERM": "dumb"}
    done = CliRunner(env={**os.environ, **plain}).invoke(command_line, [*words, "--help"], prog_name="hybridattn")
    assert done.exit_code == 0, done.output
    return done.output.strip()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
