"""A graph as a static SVG, for places where no script runs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from hybridattn.view.page.layout import layout
from hybridattn.view.text import printable

__all__ = ["picture"]

LARGEST = 150
"""Nodes that are drawn; of a larger graph those of the answers come first, then those of early hops."""
GREY, BLUE, ORANGE, GREEN = "#767676", "#0072b2", "#d55e00", "#009e73"
"""Seen on white and on black; Okabe and Ito's colours, told apart by the colour-blind."""
WIDER = 1.45
"""Columns are this much farther apart than on the page, for there labels give way when zooming."""
MARGIN = 60.0
LETTERS, RULE_LETTERS = 27, 16
"""A longer label ends in an ellipsis; pointing at it shows the whole."""
RADIUS = 6.0
MOST_NAMED = 40
"""With more edges than this only the cited ones have their label."""


def picture(graph: Mapping[str, Any], *, title: str = "") -> str:
    """Draw a node-link graph as SVG, columns by hop: valid XML with escaped labels, for light and dark pages.

    What an answer cites is thick and orange, sources are green, other terms blue, rules square. A graph of more than
    150 nodes is drawn in part, and says so. Raises `ArgumentError` if an edge ends in a node that is not listed.

    >>> svg = picture({"nodes": [{"id": "a", "hop": 0}, {"id": "<b>", "hop": 1}], "edges": []})
    >>> "&lt;b&gt;" in svg
    True
    """
    drawn = _part(graph)
    places = {
        node["id"]: (x * WIDER, y)
        for node, (x, y) in zip(drawn["nodes"], layout(drawn).places, strict=True)
    }  # fmt: skip
    left, top, width, height = _box(list(places.values()))
    root = Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"{left:g} {top:g} {width:g} {height:g}")
    root.attrib |= {"width": f"{width:g}", "role": "img", "font-family": "sans-serif", "font-size": "12"}
    root.set("style", "max-width: 100%; height: auto")
    SubElement(root, "title").text = printable(title or "graph")
    _arrowhead(SubElement(root, "defs"))
    named = len(drawn["edges"]) <= MOST_NAMED
    for number, edge in enumerate(drawn["edges"]):
        _draw_edge(root, edge, places, named=named, parallel=_before(drawn["edges"], number))
    for node in drawn["nodes"]:
        _draw_node(root, node, places[node["id"]])
    if left_out := len(graph["nodes"]) - len(drawn["nodes"]):
        words = f"{len(drawn['nodes']):,} of {left_out + len(drawn['nodes']):,} terms are drawn"
        _write(root, words, (left + 8, top + height - 8), anchor="start")
    return ElementTree.tostring(root, encoding="unicode")


def _part(graph: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a graph that can be looked at: what answers cite, then what was reached early."""
    nodes, edges = graph["nodes"], graph["edges"]
    if len(nodes) <= LARGEST:
        return {"nodes": nodes, "edges": edges}
    cited = {edge[end] for edge in edges if edge.get("cited") for end in ("source", "target")}
    cited |= {node["id"] for node in nodes if node.get("role")}
    ranked = sorted(nodes, key=lambda node: (node["id"] not in cited, node.get("hop", math.inf)))
    kept = {node["id"] for node in ranked[:LARGEST]}
    inside = [edge for edge in edges if edge["source"] in kept and edge["target"] in kept]
    return {"nodes": [node for node in nodes if node["id"] in kept], "edges": inside}


def _box(places: Sequence[tuple[float, float]]) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in places] or [0.0], [y for _, y in places] or [0.0]
    side = MARGIN + 40
    return min(xs) - side, min(ys) - MARGIN, max(xs) - min(xs) + 2 * side, max(ys) - min(ys) + 2 * MARGIN


def _arrowhead(defs: Element) -> None:
    for name, colour in (("arrow", GREY), ("cited", ORANGE)):
        marker = SubElement(defs, "marker", id=f"hybridattn-{name}", viewBox="0 0 8 8", refX="7", refY="4")
        marker.attrib |= {"markerWidth": "8", "markerHeight": "8", "orient": "auto", "markerUnits": "userSpaceOnUse"}
        SubElement(marker, "path", d="M0 0 L8 4 L0 8 z", fill=colour)


def _before(edges: Sequence[Mapping[str, Any]], number: int) -> int:
    """Count the edges before this one that join the same nodes."""
    ends = {edges[number]["source"], edges[number]["target"]}
    return sum({edge["source"], edge["target"]} == ends for edge in edges[:number])


def _draw_edge(
    root: Element, edge: Mapping[str, Any], places: Mapping[Any, tuple[float, float]], *, named: bool, parallel: int
) -> None:
    cited = edge.get("cited") is True
    start, end = places[edge["source"]], places[edge["target"]]
    path, middle = _curve(start, end, parallel)
    line = SubElement(root, "path", d=path, fill="none", stroke=ORANGE if cited else GREY)
    line.attrib |= {"stroke-width": "2" if cited else "1"}
    line.set("marker-end", f"url(#hybridattn-{'cited' if cited else 'arrow'})")
    label = str(edge.get("label", ""))
    if edge.get("kind") == "read" and "share" in edge:
        label = f"share {edge['share']:.2f}"
    if label and not label.isdecimal() and edge.get("kind") != "conclusion" and (cited or named):
        _write(root, label, (middle[0], middle[1] - 5), size=10, most=RULE_LETTERS)


def _curve(start: tuple[float, float], end: tuple[float, float], parallel: int) -> tuple[str, tuple[float, float]]:
    """Lead from rim to rim: straight to the next column, and around what may stand between farther ones."""
    (x1, y1), (x2, y2) = start, end
    length = math.hypot(x2 - x1, y2 - y1)
    if length == 0:
        return f"M{x1:g} {y1 - RADIUS:g} c-24 -34 24 -34 0 0", (x1, y1 - 34)
    far = length > 1.5 * WIDER * 132 or (x1 == x2 and abs(y1 - y2) > 100)
    bend = (0.18 * length if far else 0.0) + 26.0 * ((parallel + 1) // 2) * (-1 if parallel % 2 else 1)
    across = ((y2 - y1) / length * bend, (x1 - x2) / length * bend)
    control = ((x1 + x2) / 2 + across[0], (y1 + y2) / 2 + across[1])
    (x1, y1), (x2, y2) = _towards(start, control), _towards(end, control)
    middle = ((x1 + 2 * control[0] + x2) / 4, (y1 + 2 * control[1] + y2) / 4)
    return f"M{x1:.1f} {y1:.1f} Q{control[0]:.1f} {control[1]:.1f} {x2:.1f} {y2:.1f}", middle


def _towards(point: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Give the place on the rim of a node that looks at another point."""
    length = math.hypot(other[0] - point[0], other[1] - point[1]) or 1.0
    reach = (RADIUS + 2) / length
    return point[0] + (other[0] - point[0]) * reach, point[1] + (other[1] - point[1]) * reach


def _draw_node(root: Element, node: Mapping[str, Any], place: tuple[float, float]) -> None:
    (x, y), kind, role = place, node.get("kind"), node.get("role")
    colour = GREEN if role == "source" or kind == "query" else ORANGE if role == "answer" else BLUE
    if kind == "rule":
        SubElement(root, "rect", x=f"{x - 5:g}", y=f"{y - 5:g}", width="10", height="10", fill=GREY)
    else:
        SubElement(root, "circle", cx=f"{x:g}", cy=f"{y:g}", r=f"{RADIUS:g}", fill=colour)
    _write(root, str(node.get("label", node["id"])), (x, y + 21), most=RULE_LETTERS if kind == "rule" else LETTERS)


def _write(
    root: Element, label: str, place: tuple[float, float], *, anchor: str = "middle", size: int = 12, most: int = 99
) -> None:
    text = printable(label).replace("\n", " ")
    item = SubElement(root, "text", x=f"{place[0]:.1f}", y=f"{place[1]:.1f}", fill=GREY)
    item.attrib |= {"text-anchor": anchor, "font-size": str(size)}
    item.text = text if len(text) <= most else f"{text[: most - 1]}…"
    if item.text != text:
        SubElement(item, "title").text = text
