"""In which column of the picture each node stands: its hop, its level of inference, or its distance from the start."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import networkx as nx

__all__ = ["Columns", "columns", "heading"]

RULE = "rule"
FIRST = {"hop": "source", "level": "given", "distance": "start"}


class Columns(NamedTuple):
    """What the columns count, and the number of each node, in the order of the graph."""

    word: str
    """ "hop", "level" or "distance"."""
    keys: list[float | None]
    """An inference stands half a level before its conclusion; None for a node that says nothing while others do."""


def columns(graph: Mapping[str, Any]) -> Columns:
    """Read the columns from the attributes `hop` or `level` of the nodes, or else count edges from the first nodes.

    Where nodes are inferences (kind "rule"), the columns are levels: a `hop` of such a node counts half levels.
    """
    nodes = graph["nodes"]
    rules = any(node.get("kind") == RULE for node in nodes)
    for word in ("level", "hop"):
        keys = [_number(node.get(word)) for node in nodes]
        if any(key is not None for key in keys):
            return Columns("level", _halved(keys)) if rules and word == "hop" else Columns(word, keys)
    distances: list[float | None] = _distances(graph)  # type: ignore[assignment]
    return Columns("level", _halved(distances)) if rules else Columns("distance", distances)


def heading(word: str, key: float | None) -> str:
    """Name a column: "source", "hop 1"; nothing where only inferences stand."""
    if key is None:
        return f"no {word}"
    if key == 0:
        return FIRST[word]
    return f"{word} {int(key)}" if key == int(key) else ""


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _halved(keys: Iterable[float | None]) -> list[float | None]:
    return [None if key is None else key / 2 for key in keys]


def _distances(graph: Mapping[str, Any]) -> list[int]:
    """Count edges on the longest way from the first nodes, or where there are cycles on the shortest."""
    drawn: nx.DiGraph[Any] = nx.DiGraph()
    drawn.add_nodes_from(node["id"] for node in graph["nodes"])
    drawn.add_edges_from((edge["source"], edge["target"]) for edge in graph["edges"])
    if nx.is_directed_acyclic_graph(drawn):
        found = {node: at for at, layer in enumerate(nx.topological_generations(drawn)) for node in layer}
    else:
        found = _shortest(drawn, [node["id"] for node in graph["nodes"] if node.get("role") == "source"])
    return [found[node["id"]] for node in graph["nodes"]]


def _shortest(drawn: "nx.DiGraph[Any]", sources: Sequence[Any]) -> dict[Any, int]:
    """Search in breadth from the sources and from nodes without a premise, then from what these do not reach."""
    roots = [*sources, *(node for node in drawn if not drawn.in_degree(node))]
    found: dict[Any, int] = {}
    for start in [roots, *([node] for node in drawn)]:
        layer = [node for node in start if node not in found]
        distance = 0
        while layer:
            found |= dict.fromkeys(layer, distance)
            layer = list(dict.fromkeys(after for node in layer for after in drawn.successors(node)))
            layer = [node for node in layer if node not in found]
            distance += 1
    return found
