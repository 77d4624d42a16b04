"""One HTML file that shows an answer and its reasoning graph, and asks nothing of any network."""

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Any, TypeAlias

import networkx as nx

from hybridattn.view.formats.node_link import node_link
from hybridattn.view.formats.plain import AnyGraph
from hybridattn.view.page.checked import check_report
from hybridattn.view.page.kept import cited_facts, kept, left_out, size
from hybridattn.view.page.layout import layout
from hybridattn.view.page.sections import cards
from hybridattn.view.page.sections.legend import legend
from hybridattn.view.text import escaped

__all__ = ["page"]

Shown: TypeAlias = "Mapping[str, Any] | nx.Graph[Any]"
SCRIPTS = ("data", "words", "looks", "picture", "tracing", "panel", "filters", "saving", "state", "start")
"""The parts of the script of the page, in the order in which each needs those before it."""


def page(report: Shown, *, title: str | None = None) -> str:
    """Give a self-contained HTML page for `report`: the JSON object that `hybridattn ask --json` prints, or a graph.

    A graph of networkx, such as `graph.from_trace` or `graph.from_derivation` give, is drawn without answers beside it.

    The page holds the answers with their truth values, the derivation of each as a table (which reads without
    JavaScript) and the graph drawn by Cytoscape.js, which is inlined with its licence. Its columns are hops, or levels
    of inference where the nodes are inferences; sliders, search, tracing and keys act on it, its state stands in the
    fragment of the address, and it can be saved as SVG and PNG. It works from a disk and in an iframe with
    `sandbox="allow-scripts"`. Its Content-Security-Policy allows the inlined scripts and style, by SHA-256, and nothing
    else. Terms are shown as text whatever they hold. Of a graph with more than 2,000 nodes or 6,000 edges the page
    keeps what belongs to the answers and what is nearest to it, and says so.

    In the page, the element "report" holds the report as JSON, and `hybridattn.cy` is the drawing, whose elements carry
    the attributes of the graph in `data("attributes")`. An answer with an "explanation" (made by
    `hybridattn.view.explained`) also shows its formula and what it hangs on.

    Args:
        report: what is shown.
        title: what stands above it; None is the question of the report or the graph.

    Raises:
        ArgumentError: the report lacks a part, has one of a wrong type, or it or the graph holds what strict JSON
            cannot, such as a NaN; the message has the place.

    >>> report = {"question": "<cat --> ?x>", "cut": "", "answers": [], "graph": {"nodes": [], "edges": []}}
    >>> "No evidence" in page(report)
    True
    >>> "Three in a row" in page(nx.path_graph(3), title="Three in a row")
    True
    """
    if isinstance(report, nx.Graph):
        report = _of_graph(report)
    if title is not None and isinstance(report, Mapping):
        report = {**report, "question": title}
    check_report(report)
    css, cytoscape = _resource("page.css"), _resource("cytoscape.min.js")
    script = f'"use strict";\n(() => {{\n{"".join(_resource(f"script/{name}.js") for name in SCRIPTS)}}})();\n'
    return Template(_resource("page.html")).substitute(
        _parts(report),
        policy=_policy(scripts=(cytoscape, script), style=css),
        css=css,
        cytoscape=cytoscape,
        script=script,
    )


def _of_graph(graph: AnyGraph) -> dict[str, Any]:
    question = graph.graph.get("question") or f"{len(graph)} nodes, {graph.number_of_edges()} edges"
    return {"question": question, "cut": "", "answers": [], "asked": False, "graph": node_link(graph)}


def _parts(report: Mapping[str, Any]) -> dict[str, str]:
    """Make all that differs from page to page."""
    graph = kept(report)
    drawn = layout(graph, used=cited_facts(report))
    question = escaped(report["question"])
    return {
        "title": f"{escaped(str(report['question'])[:200])} – hybridattn",
        "question": question,
        "note": cards.note(report),
        "left": cards.remark(left_out(report, graph)),
        "rail": cards.rail(report),
        "proofs": cards.proofs(report),
        "legend": legend(report, graph),
        "word": {"hop": "Hops", "level": "Levels"}.get(drawn.word, "Distance"),
        "size": ", ".join(size(graph)),
        "evidence": cards.evidence(report),
        "report": _json({**report, "graph": graph}),
        "layout": _json(drawn._asdict()),
    }


def _resource(name: str) -> str:
    return files("hybridattn.view.page").joinpath("web", name).read_text(encoding="utf-8")


def _json(data: object) -> str:
    """Write strict JSON that no HTML parser can take for markup, in ASCII."""
    plain = json.dumps(data, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return plain.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _policy(*, scripts: tuple[str, ...], style: str) -> str:
    allowed = " ".join(map(_digest, scripts))
    own = f"script-src {allowed}; style-src {_digest(style)}; img-src data:"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def _digest(source: str) -> str:
    """Name an inlined source as Content-Security-Policy does (CSP level 3, hash-source)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
