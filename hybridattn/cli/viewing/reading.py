"""Which kind of file it is, by what stands in it, and the report that a page shows of it."""

import json
from pathlib import Path
from typing import Any, NoReturn

from hybridattn.cli.viewing.asked import with_explanations
from hybridattn.cli.viewing.linked import from_node_link
from hybridattn.cli.viewing.told import from_lines, from_narsese
from hybridattn.errors import ArgumentError

__all__ = ["KINDS", "read"]

KINDS = "JSON that `ask --json` or `reason --json` wrote, node-link JSON, or a .nal file"
MOST_SHOWN = 60  # letters of a wrong file that a message repeats


def read(file: Path, *, ask: str | None) -> dict[str, Any]:
    """Read a file and give the report of its page.

    Raises:
        ArgumentError: it cannot be read, or is none of the kinds; the message has the file and the line.
        NarseseError: a .nal file holds what is no Narsese.
    """
    if file.suffix == ".nal":
        return from_narsese(file, ask=ask)
    text = _text(file)
    if not text.strip():
        raise ArgumentError(f"FILE must be {KINDS}; {file} is empty")
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if len(lines) == 1 or not _is_object(lines[0][1]):
        return _of_one(file, _parsed(text, file, 1), ask)
    return from_lines([(number, _parsed(line, file, number)) for number, line in lines], file, ask=ask)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ArgumentError(f"FILE must be {KINDS}; {file} is no UTF-8 text") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ArgumentError(f"FILE must be a file that can be read; got {str(file)!r}: {reason}") from None


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _parsed(text: str, file: Path, line: int) -> Any:
    try:
        return json.loads(text, parse_constant=_refused)
    except json.JSONDecodeError as error:
        where = f"{file}:{line + error.lineno - 1}"
        raise ArgumentError(f"{where}: expected {KINDS}; column {error.colno}: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        reason = "it lies too deep" if isinstance(error, RecursionError) else str(error)
        raise ArgumentError(f"{file}:{line}: expected strict JSON; {reason}") from None


def _refused(name: str) -> NoReturn:
    raise ValueError(f"got the number {name}")


def _of_one(file: Path, data: Any, ask: str | None) -> dict[str, Any]:
    if isinstance(data, dict):
        if "narsese" in data and "premises" in data:
            return from_lines([(1, data)], file, ask=ask)
        if ask is not None:
            raise ArgumentError(f"--ask goes with Narsese and with `reason` JSON; {file} is neither")
        if "answers" in data and "question" in data:
            return with_explanations(data)
        if "nodes" in data and ("edges" in data or "links" in data):
            return from_node_link(data, file)
    raise ArgumentError(f"FILE must be {KINDS}; {file} holds {_described(data)}")


def _described(data: Any) -> str:
    if isinstance(data, dict):
        keys = ", ".join(map(repr, list(data)[:6]))
        return f"an object with the keys {keys[:MOST_SHOWN]}" if data else "an empty object"
    return "a list" if isinstance(data, list) else f"only {json.dumps(data)[:MOST_SHOWN]}"
