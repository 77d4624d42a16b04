"""What commands read: a whole text, from a file or from stdin."""

import sys

from hybridattn.running.files import decoded, read_text

__all__ = ["STDIN", "lines_of", "named", "text_of"]

STDIN = "-"


def named(file: str) -> str:
    """Name a file in messages."""
    return "<stdin>" if file == STDIN else file


def text_of(file: str) -> str:
    """Read a whole text; raises ArgumentError, with the line, where there is none."""
    return decoded(sys.stdin.buffer.read(), named(file)) if file == STDIN else read_text(file)


def lines_of(file: str) -> list[str]:
    """Read the lines of a text; their numbers are those of an editor."""
    return text_of(file).split("\n")
