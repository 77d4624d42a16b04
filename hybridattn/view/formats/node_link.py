"""Node-link JSON, there and back."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx

from hybridattn.errors import ArgumentError
from hybridattn.view.formats.plain import ENDS, AnyGraph, finite, plain

__all__ = ["from_node_link", "from_node_link_text", "node_link", "node_link_text"]


def node_link(graph: AnyGraph) -> dict[str, Any]:
    """Give the graph as node-link data with the keys "nodes" and "edges", made of what strict JSON can hold.

    Attributes that are None are missing, and are left out. NumPy scalars and one-element tensors become Python numbers.
    Raises `ArgumentError`, with the node or edge and the attribute, for a NaN, an infinity and what is no scalar.
    `from_node_link(data)` and `networkx.node_link_graph(data, edges="edges")` read it back.

    >>> graph = nx.MultiDiGraph()
    >>> _ = graph.add_edge("cat", "mammal", label="is_a", f=1.0)
    >>> node_link(graph)["edges"]
    [{'label': 'is_a', 'f': 1.0, 'source': 'cat', 'target': 'mammal', 'key': 0}]
    """
    data: dict[str, Any] = nx.node_link_data(plain(graph), edges="edges")
    return data


def from_node_link(data: Mapping[str, Any]) -> AnyGraph:
    """Read node-link data back as the graph that it was: directed or not, with parallel edges or without.

    The edges may be called "edges" or, as networkx before 3.4 had it, "links". A graph without flags is directed, with
    parallel edges. Raises `ArgumentError`, with the place, where a part is missing or no scalar, an id comes twice, or
    an edge ends in a node that is not listed.

    >>> graph = from_node_link({"nodes": [{"id": "cat"}], "edges": [{"source": "cat", "target": "cat", "f": 1.0}]})
    >>> list(graph.edges(data=True))
    [('cat', 'cat', {'f': 1.0})]
    """
    nodes = _list(data, "nodes")
    edges = _list(data, "edges" if "edges" in data else "links")
    directed, multigraph = (_flag(data, name) for name in ("directed", "multigraph"))
    graph: AnyGraph = _CLASSES[directed, multigraph]()
    about = data.get("graph", {})
    if not isinstance(about, Mapping):
        raise ArgumentError(f"graph of a node-link graph must be an object; got {type(about).__name__}")
    graph.graph.update(about)
    for place, node in enumerate(nodes):
        name = _id(node, "id", f"nodes[{place}]")
        if name in graph:
            raise ArgumentError(f"nodes[{place}] must have an id of its own; got {name!r} again")
        graph.add_nodes_from([(name, _rest(node, ("id",)))])
    for place, edge in enumerate(edges):
        _add_edge(graph, edge, f"edges[{place}]")
    return plain(graph)


def node_link_text(graph: AnyGraph) -> str:
    """Give `node_link(graph)` as strict JSON, in ASCII."""
    return json.dumps(node_link(graph), allow_nan=False) + "\n"


def from_node_link_text(text: str) -> AnyGraph:
    """Read node-link JSON; raises `ArgumentError` as `from_node_link` does, and where it is no JSON object."""
    try:
        data = json.loads(text, parse_constant=finite)
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"expected node-link JSON; {error}") from None
    if not isinstance(data, dict):
        raise ArgumentError(f"expected a JSON object with nodes and edges; got {type(data).__name__}")
    return from_node_link(data)


_CLASSES: Mapping[tuple[bool, bool], type[AnyGraph]] = {
    (False, False): nx.Graph,
    (False, True): nx.MultiGraph,
    (True, False): nx.DiGraph,
    (True, True): nx.MultiDiGraph,
}


def _list(data: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = data.get(name)
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise ArgumentError(f"a node-link graph must have a list of {name}; got {type(found).__name__}")
    return found


def _flag(data: Mapping[str, Any], name: str) -> bool:
    found = data.get(name, True)
    if not isinstance(found, bool):
        raise ArgumentError(f"{name} of a node-link graph must be true or false; got {found!r}")
    return found


def _id(item: Any, name: str, place: str) -> str | int:
    if not isinstance(item, Mapping) or name not in item:
        raise ArgumentError(f"{place} must be an object with {name}; got {repr(item)[:60]}")
    found = item[name]
    if not isinstance(found, str | int) or isinstance(found, bool):
        raise ArgumentError(f"{name} of {place} must be a text or an integer; got {repr(found)[:60]}")
    return found


def _add_edge(graph: AnyGraph, edge: Any, place: str) -> None:
    tail, head = (_id(edge, name, place) for name in ENDS[:2])
    for end in (tail, head):
        if end not in graph:
            raise ArgumentError(f"{place} must join two of the nodes; {end!r} is none of them")
    if not isinstance(graph, nx.MultiGraph):
        if graph.has_edge(tail, head):
            raise ArgumentError(f"{place} comes twice, and the graph has no parallel edges")
        graph.add_edges_from([(tail, head, _rest(edge, ENDS))])
        return
    key = _id(edge, "key", place) if "key" in edge else graph.new_edge_key(tail, head)
    if graph.has_edge(tail, head, key=key):
        raise ArgumentError(f"{place} must have a key of its own; got {key!r} again")
    graph.add_edge(tail, head, key)
    graph.edges[tail, head, key].update(_rest(edge, ENDS))


def _rest(item: Mapping[str, Any], taken: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in taken}
