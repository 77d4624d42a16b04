"""DOT, the language of Graphviz."""

import re

from hybridattn.view.formats.diagrams.labels import names_of, node_label, shortened
from hybridattn.view.formats.plain import AnyGraph, links, plain
from hybridattn.view.text import printable

__all__ = ["dot"]

_SPECIAL = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": " ", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
SHAPES = {"rule": "box", "query": "diamond"}
"""Shapes of the kinds of nodes that are no ellipse."""


def dot(graph: AnyGraph) -> str:
    r"""Give the graph in the DOT language, from left to right, for Graphviz: `dot -Tsvg`.

    Labels are drawn as they are, whatever they hold: `"`, `\`, `&`, `<` and `>` are escaped. Of a label longer than 200
    letters the beginning is drawn, and the tooltip has the whole. Edges that an answer cites are bold. Raises
    `ArgumentError` as `node_link` does.

    >>> import networkx
    >>> print(dot(networkx.DiGraph([("cat", 'the "pet"')])), end="")
    digraph {
      rankdir=LR;
      n0 [label="cat"];
      n1 [label="the \"pet\""];
      n0 -> n1;
    }
    """
    drawn = plain(graph)
    names, (word, arrow) = names_of(drawn), ("digraph", "->") if drawn.is_directed() else ("graph", "--")
    lines = [f"{word} {{", "  rankdir=LR;"]
    for node, name in names.items():
        label, shape = str(drawn.nodes[node].get("label", node)), SHAPES.get(drawn.nodes[node].get("kind", ""))
        more = f", shape={shape}" if shape else ""
        lines.append(f"  {name} [label={_quoted(node_label(drawn, node))}{more}{_tooltip(label)}];")
    for tail, head, _, data in links(drawn):
        lines.append(f"  {names[tail]} {arrow} {names[head]}{_edge(data)};")
    return "\n".join((*lines, "}", ""))


def _edge(data: dict[str, object]) -> str:
    label = str(data.get("label", ""))
    parts = [f"label={_quoted(shortened(label))}"] if label else []
    parts += ["style=bold"] if data.get("cited") is True else []
    return f" [{', '.join(parts)}{_tooltip(label)}]" if parts else ""


def _tooltip(label: str) -> str:
    return "" if shortened(label) == printable(label) else f", tooltip={_quoted(printable(label))}"


def _quoted(text: str) -> str:
    escaped = re.sub(r'[\\"\n\t&<>]', lambda found: _SPECIAL[found[0]], text)
    return f'"{escaped}"'
