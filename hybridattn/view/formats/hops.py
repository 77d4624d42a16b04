"""The links of a hop graph as CSV, a row a link, there and back."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import networkx as nx

from hybridattn.errors import ArgumentError
from hybridattn.reasoning.graph import Graph
from hybridattn.view.formats.plain import AnyGraph, Scalar, links, plain

__all__ = ["from_hops_csv", "hops_csv"]


def _yes(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


COLUMNS: Mapping[str, Callable[[str], Scalar]] = {
    "hop": int,
    "source": str,
    "relation": str,
    "target": str,
    "kind": str,
    "fact": int,
    "rule": str,
    "share": float,
    "similarity": float,
    "f": float,
    "c": float,
    "w_plus": float,
    "w": float,
    "cited": _yes,
    "key": str,
}
"""The columns and how their texts are read; `relation` is the label of the link."""
NEEDED = ("source", "target")
ALSO: Mapping[str, str] = {"frequency": "f", "confidence": "c"}
"""What files of facts call two of the columns."""


def hops_csv(graph: AnyGraph) -> str:
    """Write the links of a graph as CSV: hop, source, relation, target, then what is known of the link.

    Rows are in the order of hops; a link that lacks a value has an empty cell. Other attributes of links are columns
    behind these, by name; they come back as texts. Nodes without a link have no row. Raises `ArgumentError` as
    `node_link` does, and where a value is not what its column holds, or a link has both a label and a relation.

    >>> graph = nx.MultiDiGraph()
    >>> key = graph.add_edge("cat", "mammal", label="is_a", hop=1, share=0.5)
    >>> print(hops_csv(graph).splitlines()[1])
    1,cat,is_a,mammal,,,,0.5,,,,,,,0
    """
    rows = [_row(*link) for link in links(plain(graph))]
    more = sorted({name for row in rows for name in row} - set(COLUMNS))
    out = io.StringIO()
    writer = csv.DictWriter(out, [*COLUMNS, *more], restval="", lineterminator="\n", quoting=_quoting(rows))
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: row.get("hop", 0)))
    return out.getvalue()


def _quoting(rows: Sequence[Mapping[str, Any]]) -> Literal[0, 1]:
    """Quote every cell where one holds a carriage return, which Python's writer before 3.13 leaves bare."""
    bare = any("\r" in str(part) for row in rows for cell in row.items() for part in cell)
    return csv.QUOTE_ALL if bare else csv.QUOTE_MINIMAL


def _row(tail: object, head: object, key: object, data: dict[str, Any]) -> dict[str, Any]:
    if "relation" in data and "label" in data:
        raise ArgumentError(f"edge {tail!r} to {head!r} must have a label or a relation; it has both")
    named = {"relation" if name == "label" else name: value for name, value in data.items()}
    for name, value in named.items():
        if (read := COLUMNS.get(name, str)) is not str and (type(value) is bool) is not (read is _yes):
            raise ArgumentError(f"edge {tail!r} to {head!r}: {name} must be {_WANTED[read]}; got {value!r}")
        _cell(name, str(value))
    return {**named, "source": tail, "target": head, "key": "" if key is None else key}


def from_hops_csv(text: str) -> Graph:
    """Read the CSV of the hops as a hop graph; a term stands at the hop at which a link first reached or left it.

    The columns `source` and `target` are needed. Columns that `hops_csv` does not know are attributes that are texts.
    Raises `ArgumentError` with the line, where a header or a cell is missing, or a cell is not what its column holds.

    >>> graph = from_hops_csv("hop,source,relation,target,share\\n1,cat,is_a,mammal,0.5\\n")
    >>> list(graph.edges(data=True))
    [('cat', 'mammal', {'hop': 1, 'share': 0.5, 'label': 'is_a'})]
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    graph: Graph = nx.MultiDiGraph()
    try:
        header = reader.fieldnames or []
        if missing := [name for name in NEEDED if name not in header]:
            raise ArgumentError(f"expected a header with {', '.join(NEEDED)}; {missing[0]} is missing")
        if len(set(header)) < len(header):
            raise ArgumentError(f"expected each column once; got {', '.join(header)}")
        for row in reader:
            _add(graph, row)
    except (ArgumentError, csv.Error) as error:
        raise ArgumentError(f"CSV, line {max(1, reader.line_num)}: {error}") from None
    return graph


def _add(graph: Graph, row: Mapping[str, Any]) -> None:
    if None in row or None in row.values():
        raise ArgumentError("expected as many cells as the header has")
    named = {ALSO.get(name, name): text for name, text in row.items() if text != "" and name not in (*NEEDED, "key")}
    data = {name: _cell(name, text) for name, text in named.items()}
    if "relation" in data:
        data["label"] = data.pop("relation")
    key = row.get("key") or str(graph.number_of_edges())
    tail, head = row["source"], row["target"]
    if graph.has_edge(tail, head, key):
        raise ArgumentError(f"expected a key of its own for each link of two terms; got {key!r} again")
    for end, hop in ((tail, data.get("hop", 1) - 1), (head, data.get("hop", 1))):
        if end not in graph or hop < graph.nodes[end]["hop"]:
            graph.add_node(end, kind="term", label=end, hop=hop)
    graph.add_edge(tail, head, key)
    graph.edges[tail, head, key].update(data)


def _cell(name: str, text: str) -> Any:
    try:
        value = COLUMNS.get(name, str)(text)
    except (ValueError, KeyError):
        raise ArgumentError(f"{name} must be {_WANTED[COLUMNS[name]]}; got {text[:60]!r}") from None
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise ArgumentError(f"{name} must be finite; got {text[:60]!r}")
    return value


_WANTED: Mapping[Callable[[str], Scalar], str] = {int: "a whole number", float: "a number", _yes: "True or False"}
