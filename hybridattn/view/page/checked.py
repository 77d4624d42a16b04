"""Whether a report is one: what a page relies on, checked before anything is made, with the place of what is wrong."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hybridattn.errors import ArgumentError

__all__ = ["check_report"]

DEEPEST = 50  # levels of lists and objects in a report
TRUTH = ("frequency", "confidence")

Check = Callable[[Any, str], None]


def check_report(report: Any) -> None:
    """Raise `ArgumentError`, with the place and what was wanted there, unless a page can be made of `report`."""
    if not isinstance(report, Mapping):
        raise ArgumentError(f"report must be an answer as `ask --json` prints it; got {_kind(report)}")
    for part in ("question", "cut", "answers", "graph"):
        if part not in report:
            raise ArgumentError(f"report must be an answer as `ask --json` prints it; it lacks {part!r}")
    _check_strict(report, "report", DEEPEST)
    _text(report["cut"], "report.cut")
    for place, answer in _rows(report["answers"], "report.answers"):
        _check_answer(answer, place)
    _check_graph(report["graph"])


def _check_strict(value: Any, place: str, left: int) -> None:
    """Hold a value to strict JSON: no NaN, no infinity, no object of Python's, keys that are text."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ArgumentError(f"{place} must be a finite number, as strict JSON can hold it; got {value}")
    if not left:
        raise ArgumentError(f"report must be at most {DEEPEST} levels deep; {place[:80]} lies deeper")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _want(isinstance(key, str), f"every key of {place}", "a text, as strict JSON has it", key)
            _check_strict(item, f"{place}.{key}", left - 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check_strict(item, f"{place}[{index}]", left - 1)
    elif value is not None and not isinstance(value, str | int | float):
        raise ArgumentError(f"{place} must be what strict JSON can hold; got {_kind(value)}")


def _check_answer(answer: Mapping[str, Any], place: str) -> None:
    _check_parts(answer, place, {"term": _given, "expectation": _share, **dict.fromkeys(TRUTH, _share)})
    tables: dict[str, dict[str, Check]] = {
        "derivation": {"rule": _given, "premises": _list, "conclusion": _given, "stamp": _list},
        "facts": {"id": _given, "source": _given, "relation": _given, "target": _given, "observations": _list},
        "matches": {"id": _given, "query": _given, "key": _given},
        "alternatives": {"term": _given, "facts": _list, "why": _given},
    }
    for name, parts in tables.items():
        if name not in answer and name in ("derivation", "facts"):
            raise ArgumentError(f"{place} must have {name!r}; it lacks it")
        for row, values in _rows(answer.get(name, []), f"{place}.{name}"):
            _check_parts(values, row, {**parts, **dict.fromkeys(TRUTH, _share)})


def _check_parts(row: Mapping[str, Any], place: str, parts: Mapping[str, Check]) -> None:
    for name, check in parts.items():
        if name not in row:
            raise ArgumentError(f"{place} must have {name!r}; it lacks it")
        check(row[name], f"{place}.{name}")


def _check_graph(graph: Any) -> None:
    _want(isinstance(graph, Mapping), "report.graph", 'an object with "nodes" and "edges"', graph)
    for part in ("nodes", "edges"):
        _want(part in graph, "report.graph", f"an object with {part!r}", graph)
    names = set()
    for place, node in _rows(graph["nodes"], "report.graph.nodes"):
        _check_parts(node, place, {"id": _name})
        _want(node["id"] not in names, f"{place}.id", "that of no other node", node["id"])
        names.add(node["id"])
    for place, edge in _rows(graph["edges"], "report.graph.edges"):
        _check_parts(edge, place, {"source": _name, "target": _name})
        if not names >= {edge["source"], edge["target"]}:
            lost = edge["source"] if edge["source"] not in names else edge["target"]
            raise ArgumentError(f"every edge of the graph must join two of its nodes; {lost!r} is none of them")


def _rows(value: Any, place: str) -> Iterable[tuple[str, Any]]:
    """Go through a list of objects, each with its place."""
    _list(value, place)
    for index, row in enumerate(value):
        _want(isinstance(row, Mapping), f"{place}[{index}]", "an object", row)
        yield f"{place}[{index}]", row


def _given(value: Any, place: str) -> None:
    _want(isinstance(value, str | int | float), place, "a text or a number", value)


def _name(value: Any, place: str) -> None:
    _want(isinstance(value, str | int) and not isinstance(value, bool), place, "a text or an integer", value)


def _text(value: Any, place: str) -> None:
    _want(isinstance(value, str), place, "a text", value)


def _list(value: Any, place: str) -> None:
    _want(isinstance(value, list | tuple), place, "a list", value)


def _share(value: Any, place: str) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    _want(number and 0 <= value <= 1, place, "a number from 0 to 1", value)


def _want(holds: bool, place: str, wanted: str, got: Any) -> None:
    if not holds:
        raise ArgumentError(f"{place} must be {wanted}; got {_kind(got)}")


def _kind(value: Any) -> str:
    """Name a value shortly: scalars as they are, the rest by their type."""
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else f"{value[:57]}...")
    return {"dict": "an object", "list": "a list"}.get(type(value).__name__, f"a {type(value).__name__}")
