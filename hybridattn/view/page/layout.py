"""Where each node of a graph stands: columns by hop or level, the cited path in a lane through the middle."""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from hybridattn.errors import ArgumentError
from hybridattn.view.page.columns import columns, heading
from hybridattn.view.page.kept import is_used

__all__ = ["Column", "Layout", "layout"]

COLUMN = 132.0
"""Distance of two columns, in pixels at zoom 1: a label of some 18 letters."""
ROW = 58.0
"""Distance of two rows: a dot and the label under it."""
LANE = 1.2 * ROW
"""Least distance of two lanes."""
GAP = 84.0
"""Extra distance of two hops where some hop takes several columns: it shows which belong together."""
CANVAS = (1080.0, 520.0)
"""The size in pixels that the picture is likely to get; it decides how much room the lane gets."""
FEWEST_ROWS = 12
"""A column breaks into several beyond this many terms, or beyond what fills the canvas evenly, whichever is more."""


class Column(NamedTuple):
    """All nodes of one hop, level or distance."""

    key: float | None
    """Its number, 0 for the source; None for nodes that carry none."""
    x: float
    """Middle of the column."""
    name: str
    """Its heading."""


class Layout(NamedTuple):
    """Positions of all nodes, in the order of the graph, and the columns, from left to right."""

    places: list[tuple[float, float]]
    columns: list[Column]
    word: str
    """What the columns count: "hop", "level" or "distance"."""
    keys: list[float | None]
    """The column of each node."""


def layout(graph: Mapping[str, Any], *, used: Collection[Any] = ()) -> Layout:
    """Give every node of a node-link graph its place: x from its column, y so that neighbours are near one another.

    The ends of cited edges, of those of the facts `used`, and the nodes with a role lie on lanes around y = 0. The
    other nodes of a column stand above and below, in the order of the mean height of their neighbours in columns before
    (the barycentre heuristic of Sugiyama, Tagawa and Toda 1981). Time O(nodes log nodes + edges); the same graph gives
    the same places.
    Raises `ArgumentError` if an edge ends in a node that the graph does not list.
    """
    cited, parents = _cited(graph, used), _parents(graph)
    word, keys = columns(graph)
    groups, rows = _grouped(graph["nodes"], keys), _rows(len(graph["nodes"]))
    names = {node["id"]: (str(node.get("label", node["id"])), str(node["id"])) for node in graph["nodes"]}
    breadths = [_breadth(members, cited, rows) for _, members in groups]
    zoom = min(1.0, CANVAS[0] / max(1.0, sum(breadths) * COLUMN + len(breadths) * GAP))
    lane = max(LANE, 44.0 / zoom)
    placed: dict[Any, tuple[float, float]] = {}
    headings, left = [], 0.0
    for (key, members), breadth in zip(groups, breadths, strict=True):
        heights = {node: _mean([placed[parent][1] for parent in parents[node] if parent in placed]) for node in members}
        ordered = sorted(members, key=lambda node: (heights[node], names[node]))
        main = [node for node in ordered if node in cited]
        above, below = _halves([node for node in ordered if node not in cited], heights)
        middle, lanes = left + (breadth - 1) / 2 * COLUMN, _lanes(main, rows)
        reach = max(len(lanes) - 1, 0) / 2 * lane
        for row, lined in enumerate(lanes):
            start = middle - (len(lanes[0]) - 1) / 2 * COLUMN
            placed |= {node: (start + at * COLUMN, row * lane - reach) for at, node in enumerate(lined)}
        for side, start, down in ((above, -reach - lane, -ROW), (below, reach + lane, ROW)):
            grid = (divmod(index, breadth) for index in range(len(side)))
            placed |= {
                node: (left + column * COLUMN, start + row * down)
                for node, (row, column) in zip(side, grid, strict=True)
            }
        headings.append(Column(key, middle, heading(word, key)))
        left += breadth * COLUMN + (GAP if max(breadths) > 1 else 0.0)
    return Layout([placed[node["id"]] for node in graph["nodes"]], headings, word, keys)


def _grouped(nodes: Sequence[Mapping[str, Any]], keys: Sequence[float | None]) -> list[tuple[float | None, list[Any]]]:
    """Group the node ids by column, first column first, those without one last."""
    groups: defaultdict[float | None, list[Any]] = defaultdict(list)
    for node, key in zip(nodes, keys, strict=True):
        groups[key].append(node["id"])
    return sorted(groups.items(), key=lambda group: math.inf if group[0] is None else group[0])


def _rows(count: int) -> int:
    """Choose how many rows fill a canvas of the right proportions with `count` nodes."""
    return max(FEWEST_ROWS, math.ceil(math.sqrt(count * COLUMN * CANVAS[1] / (ROW * CANVAS[0]))))


def _breadth(members: Sequence[Any], cited: set[Any], rows: int) -> int:
    """Count the sub-columns that a hop needs: half its quiet nodes go above the lane, half below."""
    main = sum(node in cited for node in members)
    return max(1, math.ceil((len(members) - main) / 2 / (rows // 2)), math.ceil(main / rows))


def _lanes(main: Sequence[Any], rows: int) -> list[Sequence[Any]]:
    """Share the nodes on the way among at most `rows` lanes, usually one a lane."""
    breadth = max(1, math.ceil(len(main) / rows))
    return [main[first : first + breadth] for first in range(0, len(main), breadth)]


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


def _cited(graph: Mapping[str, Any], used: Collection[Any]) -> set[Any]:
    """Find the nodes that belong to an answer: ends of cited edges, sources and answers."""
    cited = [edge for edge in graph["edges"] if is_used(edge, used)]
    ends = {edge[end] for edge in cited for end in ("source", "target")}
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
