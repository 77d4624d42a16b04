"""Mermaid, the diagrams of Markdown pages."""

import re

from hybridattn.view.formats.diagrams.labels import names_of, node_label, shortened
from hybridattn.view.formats.plain import AnyGraph, links, plain

__all__ = ["mermaid"]

# All ASCII but letters, digits, blanks and marks that mean nothing to Mermaid, Markdown and HTML; and what begins a
# list in Markdown.
_SPECIAL = re.compile(r"[^\w ,.:()'=\u0080-\U0010ffff-]|(?<=\d)\.(?= )|^-(?= )")


def mermaid(graph: AnyGraph) -> str:
    """Give the graph as a Mermaid flow chart, from left to right, for Markdown pages on GitHub and elsewhere.

    Every character of a label that could mean something to Mermaid, Markdown or HTML is written as its number, so that
    labels are drawn as they are. Of a label longer than 200 letters the beginning is drawn. Edges that an answer cites
    are thick. Raises `ArgumentError` as `node_link` does.

    >>> import networkx
    >>> print(mermaid(networkx.DiGraph([("cat", 'the "pet"')])), end="")
    flowchart LR
      n0["cat"]
      n1["the #34;pet#34;"]
      n0 --> n1
    """
    drawn = plain(graph)
    names, directed = names_of(drawn), drawn.is_directed()
    lines = ["flowchart LR"]
    for node, name in names.items():
        left, right = ("{{", "}}") if drawn.nodes[node].get("kind") == "rule" else ("[", "]")
        lines.append(f"  {name}{left}{_quoted(node_label(drawn, node))}{right}")
    for tail, head, _, data in links(drawn):
        arrow = _ARROWS[directed, data.get("cited") is True]
        label = f"|{_quoted(shortened(data['label']))}|" if data.get("label") else ""
        lines.append(f"  {names[tail]} {arrow}{label} {names[head]}")
    return "\n".join((*lines, ""))


_ARROWS = {(True, False): "-->", (True, True): "==>", (False, False): "---", (False, True): "==="}


def _quoted(label: str) -> str:
    escaped = _SPECIAL.sub(lambda found: "<br/>" if found[0] == "\n" else f"#{ord(found[0])};", label)
    return f'"{escaped or " "}"'
