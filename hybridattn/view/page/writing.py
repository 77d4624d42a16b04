"""One HTML file that shows an answer and its reasoning graph, and asks nothing of any network."""

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Any

from hybridattn.errors import ArgumentError
from hybridattn.view.page import cards
from hybridattn.view.page.layout import layout
from hybridattn.view.page.matters import legend
from hybridattn.view.text import escaped

__all__ = ["page"]


def page(report: Mapping[str, Any]) -> str:
    """Give a self-contained HTML page for `report`, the JSON object that `hybridattn ask --json` prints.

    The page holds the answers with their truth values, the derivation of each as a table (which reads without
    JavaScript) and the hop graph drawn by Cytoscape.js, which is inlined with its licence. It works from a disk and in
    an iframe with `sandbox="allow-scripts"`. Its Content-Security-Policy allows the inlined scripts and style, by
    SHA-256, and nothing else. Terms are shown as text whatever they hold. In the page, the element "report" holds the
    report as JSON, and `hybridattn.cy` is the drawing, whose elements carry the attributes of the graph in
    `data("attributes")`. An answer with an "explanation" (made by `hybridattn.view.explained`) also shows its formula
    and what it hangs on.

    Raises `ArgumentError` if the report lacks a part, or holds what strict JSON cannot, such as a NaN.

    >>> report = {"question": "<cat --> ?x>", "cut": "", "answers": [], "graph": {"nodes": [], "edges": []}}
    >>> "No evidence" in page(report)
    True
    """
    try:
        parts = _parts(report)
    except KeyError as error:
        raise ArgumentError(f"report must be an answer as `ask --json` prints it; it lacks {error}") from error
    css, cytoscape, script = (_resource(name) for name in ("page.css", "cytoscape.min.js", "page.js"))
    return Template(_resource("page.html")).substitute(
        parts, policy=_policy(scripts=(cytoscape, script), style=css), css=css, cytoscape=cytoscape, script=script
    )


def _parts(report: Mapping[str, Any]) -> dict[str, str]:
    """Make all that differs from page to page."""
    graph, found = report["graph"], len(report["answers"])
    question = escaped(report["question"])
    return {
        "title": f"{question} – hybridattn",
        "question": question,
        "note": cards.note(report),
        "count": _counted(found, "answer"),
        "answers": cards.answers(report),
        "legend": legend(report),
        "size": f"{_counted(len(graph['nodes']), 'term')}, {_counted(len(graph['edges']), 'link')}",
        "evidence": cards.evidence(report),
        "report": _json(report),
        "layout": _json(layout(graph)._asdict()),
    }


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _resource(name: str) -> str:
    return files("hybridattn.view.page").joinpath("web", name).read_text(encoding="utf-8")


def _json(data: object) -> str:
    """Write strict JSON that no HTML parser can take for markup, in ASCII."""
    try:
        plain = json.dumps(data, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"report must hold what strict JSON can hold; got {error}") from error
    return plain.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _policy(*, scripts: tuple[str, ...], style: str) -> str:
    allowed = " ".join(map(_digest, scripts))
    own = f"script-src {allowed}; style-src {_digest(style)}; img-src data:"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def _digest(source: str) -> str:
    """Name an inlined source as Content-Security-Policy does (CSP level 3, hash-source)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
