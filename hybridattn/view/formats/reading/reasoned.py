"""The lines of JSON that `hybridattn reason --json` prints, as the graph of the derivation."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx

from hybridattn.errors import ArgumentError
from hybridattn.reasoning.graph import Graph
from hybridattn.reasoning.truth import Truth
from hybridattn.view.formats.narsese import numbers
from hybridattn.view.formats.plain import finite

__all__ = ["from_reason"]

KINDS: Mapping[str, str] = {".": "conclusion", "?": "question", "": "compound"}
NEEDED: Mapping[str, type] = {
    "narsese": str, "punctuation": str, "rule": str, "premises": list, "stamp": list, "level": int
}  # fmt: skip


def from_reason(lines: Iterable[str], *, source: str = "<text>") -> Graph:
    """Read what `reason --json` prints, a judgement or question a line, as the graph of all inferences.

    Nodes are `sentence:K`, K the line counted from 0 (kind input, conclusion or question; label in Narsese; place,
    level, stamp as text, f, c, w_plus and w), compounds that occur (kind compound) and `rule:K`; edges lead from the
    premises to a rule, with their order as label, and from it to its conclusion, as
    `hybridattn.reasoning.inspection.to_graph` draws them. Raises `ArgumentError` with `source`, line and what is wrong.
    """
    graph: Graph = nx.MultiDiGraph()
    place = 0
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                _add(graph, place, _read(line))
            except ArgumentError as error:
                raise ArgumentError(f"{source}:{number}: {error}") from None
            place += 1
    return graph


def _read(line: str) -> Mapping[str, Any]:
    try:
        item = json.loads(line, parse_constant=finite)
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"expected a JSON object a line; {error}") from None
    if not isinstance(item, dict):
        raise ArgumentError(f"expected a JSON object a line; got {type(item).__name__}")
    for name, kind in NEEDED.items():
        if not isinstance(item.get(name), kind):
            raise ArgumentError(f"expected a line of `reason --json`, with {name}; got {repr(item.get(name))[:60]}")
    if item["punctuation"] not in KINDS:
        raise ArgumentError(f"punctuation must be one of {', '.join(map(repr, KINDS))}; got {item['punctuation']!r}")
    return item


def _add(graph: Graph, place: int, item: Mapping[str, Any]) -> None:
    name, given = f"sentence:{place}", item["rule"] == "input"
    kind = "input" if given and item["punctuation"] == "." else KINDS[item["punctuation"]]
    stamp = " ".join(map(str, item["stamp"]))
    about = {"kind": kind, "label": item["narsese"], "place": place, "level": item["level"], "stamp": stamp}
    graph.add_node(name, **about, **_truth(item))
    if given:
        return
    graph.add_node(f"rule:{place}", kind="rule", label=item["rule"])
    for order, premise in enumerate(item["premises"], 1):
        _add_premise(graph, premise, place)
        graph.add_edge(_named(premise), f"rule:{place}", kind="premise", label=str(order))
    graph.add_edge(f"rule:{place}", name, kind="conclusion", label=item["rule"])


def _truth(item: Mapping[str, Any]) -> dict[str, float]:
    f, c = item.get("frequency"), item.get("confidence")
    if f is None and c is None:
        return {}
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in (f, c)):
        raise ArgumentError(f"frequency and confidence must be numbers; got {f!r} and {c!r}")
    return numbers(Truth(float(f), float(c)))  # type: ignore[arg-type]


def _named(premise: str) -> str:
    kind, _, rest = premise.partition(":")
    return f"sentence:{rest}" if kind == "line" else premise


def _add_premise(graph: Graph, premise: object, place: int) -> None:
    kind, _, rest = premise.partition(":") if isinstance(premise, str) else ("", "", "")
    if kind == "term":
        graph.add_node(str(premise), kind="compound", label=rest)
    elif kind != "line" or f"sentence:{rest}" not in graph or rest == str(place):
        raise ArgumentError(f"premises must be line:K before it or term:T; got {premise!r}")
