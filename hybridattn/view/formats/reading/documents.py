"""Files of ours, whichever they are: what they hold, as a graph."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hybridattn.errors import ArgumentError
from hybridattn.running.files import read_text
from hybridattn.view.formats.narsese import from_narsese
from hybridattn.view.formats.node_link import from_node_link
from hybridattn.view.formats.plain import AnyGraph, finite
from hybridattn.view.formats.reading.reasoned import from_reason
from hybridattn.view.formats.table import FORMATS

__all__ = ["Document", "document", "read_document"]

WANTED = "what `ask --json` or `reason --json` prints, node-link JSON, or a .nal, .graphml, .gexf or .csv file"


class Document(NamedTuple):
    """What a file holds."""

    kind: str
    """`ask`, `reason`, `node-link`, `narsese`, `graphml`, `gexf` or `csv`."""
    graph: AnyGraph
    """The hop graph of an answer, all inferences of a derivation, or the graph itself."""
    report: Mapping[str, Any] | None = None
    """The whole JSON object of `ask`; None for the others."""


def read_document(path: str | Path) -> Document:
    """Read a file and find out what it is, as `document` does.

    Raises `ArgumentError`, or `NarseseError`, that names the file, where it cannot be read or is none of ours.
    """
    return document(read_text(path), name=str(path))


def document(text: str, *, name: str) -> Document:
    """Tell what a text is, by the ending of its name and by how it begins, and read it.

    By the ending: Narsese (`.nal`), GraphML, GEXF and the CSV of hops. What begins as JSON is the object that
    `ask --json` prints, node-link data, or the lines of `reason --json`.

    Raises:
        ArgumentError: it is none of these, or a part is missing or wrong; the message begins with `name`.
        NarseseError: a line of Narsese is no sentence.

    >>> document('{"nodes": [{"id": "cat"}], "edges": []}', name="cat.json").kind
    'node-link'
    """
    ending = Path(name).suffix.lower()
    if ending == FORMATS["narsese"].ending:
        return Document("narsese", from_narsese(text, source=name))
    for kind in ("graphml", "gexf", "csv"):
        if ending == FORMATS[kind].ending:
            return _of_format(kind, text, name)
    if not text.lstrip().startswith("{"):
        raise ArgumentError(f"{name} must be {WANTED}; it begins with {text.lstrip()[:20]!r}")
    if _is_reason(text):
        return Document("reason", from_reason(text.split("\n"), source=name))
    try:
        whole = json.loads(text, parse_constant=finite)
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"{name} must be {WANTED}; as JSON: {error}") from None
    return _of_object(whole, name)


def _of_format(kind: str, text: str, name: str) -> Document:
    read = FORMATS[kind].read
    assert read is not None
    try:
        return Document(kind, read(text))
    except ArgumentError as error:
        raise ArgumentError(f"{name}: {error}") from None


def _is_reason(text: str) -> bool:
    """Tell whether the first line that is not blank is an object with a sentence."""
    try:
        return "narsese" in json.loads(text.lstrip().split("\n", 1)[0])
    except (ValueError, RecursionError):
        return False


def _of_object(whole: Mapping[str, Any], name: str) -> Document:
    asked = "answers" in whole and isinstance(whole.get("graph"), Mapping)
    if not asked and "nodes" not in whole:
        raise ArgumentError(f"{name} must be {WANTED}; it is an object with {', '.join(whole)[:80] or 'nothing'}")
    try:
        graph = from_node_link(whole["graph"] if asked else whole)
    except ArgumentError as error:
        raise ArgumentError(f"{name}: {error}") from None
    return Document("ask", graph, whole) if asked else Document("node-link", graph)
