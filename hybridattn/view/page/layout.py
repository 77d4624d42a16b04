"""Where each term of a hop graph stands: columns by hop, the cited path in a lane of its own through the middle."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hybridattn.errors import ArgumentError

__all__ = ["Column", "Layout", "layout"]

COLUMN = 132.0
"""Distance of two columns, in pixels at zoom 1: a label of some 18 letters."""
ROW = 58.0
"""Distance of two rows: a dot and the label under it."""
GAP = 84.0
"""Extra distance of two hops where some hop takes several columns: it shows which belong together."""
HIGHEST = 1.6
"""Rows are drawn at most this much farther apart than `ROW`."""
CANVAS = (1080.0, 520.0)
"""The size in pixels that the picture is likely to get; it decides how much room the lane gets."""
FEWEST_ROWS = 12
"""A column breaks into several beyond this many terms, or beyond what fills the canvas evenly, whichever is more."""


class Column(NamedTuple):
    """All terms first reached at one hop."""

    hop: int | None
    """Number of the hop, 0 for the source; None for terms that carry no hop."""
    x: float
    """Middle of the column."""


class Layout(NamedTuple):
    """Positions of all terms, in the order of the nodes of the graph, and the columns, from left to right."""

    places: list[tuple[float, float]]
    columns: list[Column]


def layout(graph: Mapping[str, Any]) -> Layout:
    """Give every node of a node-link graph its place: x from its hop, y so that neighbours are near one another.

    The ends of cited edges and the nodes with a role lie on lanes around y = 0. The other nodes of a hop stand above
    and below, in the order of the mean height of their neighbours one or more hops before (the barycentre heuristic of
    Sugiyama, Tagawa and Toda 1981). Time O(nodes log nodes + edges); the same graph gives the same places.
    Raises `ArgumentError` if an edge ends in a node that the graph does not list.
    """
    cited, parents = _cited(graph), _parents(graph)
    columns, rows = _columns(graph["nodes"]), _rows(len(graph["nodes"]))
    names = {node["id"]: str(node.get("label", node["id"])) for node in graph["nodes"]}
    breadths = [_breadth(members, cited, rows) for _, members in columns]
    zoom = min(1.0, CANVAS[0] / max(1.0, sum(breadths) * COLUMN + len(breadths) * GAP))
    lane = max(1.2 * ROW, 44.0 / zoom)
    placed: dict[Any, tuple[float, float]] = {}
    headings, left = [], 0.0
    for (hop, members), breadth in zip(columns, breadths, strict=True):
        heights = {node: _mean([placed[parent][1] for parent in parents[node] if parent in placed]) for node in members}
        ordered = [node for *_, node in sorted((heights[node], names[node], node) for node in members)]
        main = [node for node in ordered if node in cited]
        above, below = _halves([node for node in ordered if node not in cited], heights)
        middle, reach = left + (breadth - 1) / 2 * COLUMN, max(len(main) - 1, 0) / 2 * lane
        placed |= {node: (middle, row * lane - reach) for row, node in enumerate(main)}
        for side, start, down in ((above, -reach - lane, -ROW), (below, reach + lane, ROW)):
            grid = (divmod(index, breadth) for index in range(len(side)))
            placed |= {
                node: (left + column * COLUMN, start + row * down)
                for node, (row, column) in zip(side, grid, strict=True)
            }
        headings.append(Column(hop, middle))
        left += breadth * COLUMN + (GAP if max(breadths) > 1 else 0.0)
    stretch = _stretch([y for _, y in placed.values()], zoom)
    return Layout([(placed[node["id"]][0], placed[node["id"]][1] * stretch) for node in graph["nodes"]], headings)


def _stretch(heights: Sequence[float], zoom: float) -> float:
    """Find by how much a flat picture may be drawn higher, to use a canvas that its width has filled."""
    height = max(heights, default=0.0) - min(heights, default=0.0)
    return max(1.0, min(HIGHEST, 0.72 * CANVAS[1] / zoom / height)) if height else 1.0


def _columns(nodes: Sequence[Mapping[str, Any]]) -> list[tuple[int | None, list[Any]]]:
    """Group the node ids by hop, first hop first, those without a hop last."""
    groups: defaultdict[int | None, list[Any]] = defaultdict(list)
    for node in nodes:
        groups[node.get("hop")].append(node["id"])
    return sorted(groups.items(), key=lambda group: math.inf if group[0] is None else group[0])


def _rows(count: int) -> int:
    """Choose how many rows fill a canvas of the right proportions with `count` nodes."""
    return max(FEWEST_ROWS, math.ceil(math.sqrt(count * COLUMN * CANVAS[1] / (ROW * CANVAS[0]))))


def _breadth(members: Sequence[Any], cited: set[Any], rows: int) -> int:
    """Count the sub-columns that a hop needs: half its quiet nodes go above the lane, half below."""
    quiet = sum(node not in cited for node in members)
    return max(1, math.ceil(quiet / 2 / (rows // 2)))


def _parents(graph: Mapping[str, Any]) -> dict[Any, list[Any]]:
    """List the neighbours of every node, along edges in either direction."""
    parents: dict[Any, list[Any]] = {node["id"]: [] for node in graph["nodes"]}
    for edge in graph["edges"]:
        source, target = edge["source"], edge["target"]
        for end in (source, target):
            if end not in parents:
                raise ArgumentError(f"every edge of the graph must join two of its nodes; {end!r} is none of them")
        parents[source].append(target)
        parents[target].append(source)
    return parents


def _cited(graph: Mapping[str, Any]) -> set[Any]:
    """Find the nodes that belong to an answer: ends of cited edges, sources and answers."""
    ends = {edge[end] for edge in graph["edges"] if edge.get("cited") for end in ("source", "target")}
    return ends | {node["id"] for node in graph["nodes"] if node.get("role")}


def _halves(ordered: Sequence[Any], heights: Mapping[Any, float]) -> tuple[list[Any], list[Any]]:
    """Split nodes, given from the highest parents to the lowest, into those above and below; the nearest first."""
    middle = (len(ordered) + 1) // 2
    level = [node for node in ordered if heights[node] == 0.0]
    upper = [node for node in ordered if heights[node] < 0.0]
    take = min(max(middle - len(upper), 0), len(level))
    above = upper + level[:take]
    below = level[take:] + [node for node in ordered if heights[node] > 0.0]
    return _even(above[::-1], below)


def _even(above: list[Any], below: list[Any]) -> tuple[list[Any], list[Any]]:
    """Move the innermost nodes of the longer side over, so that both sides are equally long or nearly so."""
    while len(above) > len(below) + 1:
        below.insert(0, above.pop(0))
    while len(below) > len(above) + 1:
        above.insert(0, below.pop(0))
    return above, below


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
