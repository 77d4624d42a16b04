"""What of a large graph the page keeps: all that belongs to the answers, then what is nearest to it."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from hybridattn.view.page.columns import RULE

__all__ = ["cited_facts", "counted", "is_used", "kept", "left_out", "size"]

MOST_NODES = 2_000
MOST_EDGES = 6_000

Row = Mapping[str, Any]


def kept(report: Row) -> dict[str, Any]:
    """Give the graph of a report with at most `MOST_NODES` nodes and `MOST_EDGES` edges, in their old order.

    First come the ends of the links that answers rest on and the nodes that have a role, then the others by their
    distance from these, of equals those with the larger share of attention.
    """
    graph = report["graph"]
    if len(graph["nodes"]) <= MOST_NODES and len(graph["edges"]) <= MOST_EDGES:
        return dict(graph)
    facts = cited_facts(report)
    used = [edge for edge in graph["edges"] if is_used(edge, facts)]
    ends = {edge[end]: 0 for edge in used for end in ("source", "target")}
    named = {node["id"]: 0 for node in graph["nodes"] if node.get("role")}
    ranks = _ranks(graph, ends or named)
    chosen = sorted(range(len(graph["nodes"])), key=lambda at: (ranks[graph["nodes"][at]["id"]], at))
    nodes = [graph["nodes"][at] for at in sorted(chosen[:MOST_NODES])]
    names, first = {node["id"] for node in nodes}, {id(edge) for edge in used}
    inside = [edge for edge in graph["edges"] if edge["source"] in names and edge["target"] in names]
    best = sorted(range(len(inside)), key=lambda at: (id(inside[at]) not in first, -_share(inside[at]), at))
    return {**graph, "nodes": nodes, "edges": [inside[at] for at in sorted(best[:MOST_EDGES])]}


def cited_facts(report: Row) -> set[Any]:
    """Give the ids of the facts that any answer rests on."""
    return {fact["id"] for answer in report["answers"] for fact in answer["facts"]}


def is_used(edge: Row, facts: Collection[Any]) -> bool:
    """Tell whether an answer rests on the link: it is marked as cited, or it is one of these facts."""
    fact = edge.get("fact")
    return bool(edge.get("cited")) or (isinstance(fact, str | int) and fact in facts)


def left_out(report: Row, graph: Row) -> str:
    """Say how much of the graph of the report the page does not draw; nothing if it draws all."""
    if len(graph["nodes"]) == len(report["graph"]["nodes"]) and len(graph["edges"]) == len(report["graph"]["edges"]):
        return ""
    (nodes, edges), (all_nodes, all_edges) = size(graph), size(report["graph"])
    return (
        f"The picture shows {nodes} of {all_nodes} and {edges} of {all_edges}: what belongs to the answers first, then "
        "what is nearest to it. The rest is left out here; the tables are whole."
    )


def size(graph: Row) -> tuple[str, str]:
    """Count nodes and edges in words."""
    noun = "node" if any(node.get("kind") == RULE for node in graph["nodes"]) else "term"
    return counted(len(graph["nodes"]), noun), counted(len(graph["edges"]), "link")


def counted(number: int, noun: str) -> str:
    """Write a number with its noun.

    >>> counted(2000, "term")
    '2,000 terms'
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _share(edge: Row) -> float:
    share = edge.get("share", 0.0)
    return share if isinstance(share, int | float) else 0.0


def _ranks(graph: Row, start: Iterable[Any]) -> dict[Any, tuple[float, float]]:
    """Rank every node by its distance from the start, then by its largest share; nodes with a role just after it."""
    near: defaultdict[Any, list[Any]] = defaultdict(list)
    shares: dict[Any, float] = {}
    for edge in graph["edges"]:
        for end, other in ((edge["source"], edge["target"]), (edge["target"], edge["source"])):
            near[end].append(other)
            shares[end] = max(shares.get(end, 0.0), _share(edge))
    distance: dict[Any, float] = dict.fromkeys(start, 0)
    waiting = deque(distance)
    while waiting:
        here = waiting.popleft()
        for other in near[here]:
            if other not in distance:
                distance[other] = distance[here] + 1
                waiting.append(other)
    ranks = {}
    for node in graph["nodes"]:
        far = distance.get(node["id"], float("inf"))
        ranks[node["id"]] = (min(far, 0.5) if node.get("role") else far, -shares.get(node["id"], 0.0))
    return ranks
