"""Graphs in the formats that other programs read: node-link JSON and GraphML."""

import math
from collections.abc import Hashable, Mapping
from io import BytesIO
from typing import Any, TypeAlias

import networkx as nx

from hybridattn.errors import ArgumentError
from hybridattn.view.text import printable

__all__ = ["graphml", "node_link"]

Scalar: TypeAlias = bool | int | float | str


def node_link(graph: "nx.Graph[Any]") -> dict[str, Any]:
    """Give the graph as node-link data with the keys "nodes" and "edges", made of what strict JSON can hold.

    Attributes that are None are missing, and are left out. NumPy scalars and one-element tensors become Python numbers.
    Raises `ArgumentError`, with the node or edge and the attribute, for a NaN, an infinity and what is no scalar.
    `networkx.node_link_graph(data, edges="edges")` reads it back.

    >>> graph = nx.MultiDiGraph()
    >>> _ = graph.add_edge("cat", "mammal", label="is_a", f=1.0)
    >>> node_link(graph)["edges"]
    [{'label': 'is_a', 'f': 1.0, 'source': 'cat', 'target': 'mammal', 'key': 0}]
    """
    data: dict[str, Any] = nx.node_link_data(_plain(graph), edges="edges")
    return data


def graphml(graph: "nx.Graph[Any]") -> str:
    r"""Give the graph as a GraphML document, UTF-8, that `networkx.read_graphml` reads back (`force_multigraph=True`).

    Nodes, edges, edge keys and attributes are the same afterwards, with three exceptions that XML asks for: a character
    that it forbids becomes its escape (`\u0007`), an attribute that is an empty text is left out, as are those that are
    None, and a node id that is a number comes back as text. Raises `ArgumentError` as `node_link` does, and if two
    nodes would get one id.

    >>> graph = nx.MultiDiGraph()
    >>> _ = graph.add_edge("cat", "mammal", label="is_a")
    >>> "<node id=\"cat\"" in graphml(graph)
    True
    """
    plain = _plain(graph)
    ids = {node: printable(str(node)) for node in plain}
    if len(set(ids.values())) < len(ids):
        raise ArgumentError("two nodes of the graph have the same id once characters that XML forbids are escaped")
    written = nx.relabel_nodes(plain, ids)
    for _, attributes in _places(written):
        texts = {name: printable(value) for name, value in attributes.items() if isinstance(value, str)}
        attributes.update(texts)
        for name in [name for name, value in texts.items() if not value]:
            del attributes[name]
    buffer = BytesIO()
    nx.write_graphml_xml(written, buffer)
    return buffer.getvalue().decode()


def _plain(graph: "nx.Graph[Any]") -> "nx.Graph[Any]":
    """Copy the graph with attributes that are Python scalars."""
    copy = graph.copy()
    for place, attributes in _places(copy):
        scalars = {
            str(name): _scalar(value, f"{place}: {name}") for name, value in attributes.items() if value is not None
        }
        attributes.clear()
        attributes.update(scalars)
    wrong = next((node for node in copy if not isinstance(node, str | int) or isinstance(node, bool)), None)
    if wrong is not None:
        raise ArgumentError(f"node ids of the graph must be text or integers; got {wrong!r}")
    return copy


def _places(graph: "nx.Graph[Any]") -> list[tuple[str, dict[Any, Any]]]:
    """List every dictionary of attributes of the graph, with words for where it is."""
    nodes = [(f"node {node!r}", attributes) for node, attributes in graph.nodes(data=True)]
    edges = [(f"edge {source!r} to {target!r}", attributes) for source, target, attributes in graph.edges(data=True)]
    return [("graph", graph.graph), *nodes, *edges]


def _scalar(value: Hashable | Mapping[Any, Any], place: str) -> Scalar:
    item = getattr(value, "item", None)
    try:
        plain = value if item is None else item()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentError(f"{place} must be one number; got {value!r}") from error
    if isinstance(plain, float) and not math.isfinite(plain):
        raise ArgumentError(f"{place} must be finite, or left out where it is missing; got {plain}")
    if isinstance(plain, bool | int | float | str):
        return plain
    raise ArgumentError(f"{place} must be a bool, a number or a text; got {type(plain).__name__}")
