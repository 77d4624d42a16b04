"""What diagrams show of a graph: short labels, and names without meaning for the nodes."""

from typing import Any

from hybridattn.view.formats.plain import AnyGraph
from hybridattn.view.text import printable

__all__ = ["LONGEST", "names_of", "node_label", "shortened"]

LONGEST = 200
"""Letters of a label that are drawn; a longer one ends in an ellipsis."""


def names_of(graph: AnyGraph) -> dict[Any, str]:
    """Number the nodes: whatever their ids hold, `n0`, `n1` ... mean nothing to any program."""
    return {node: f"n{number}" for number, node in enumerate(graph)}


def node_label(graph: AnyGraph, node: Any) -> str:
    """Give what is written on a node."""
    return shortened(graph.nodes[node].get("label", node))


def shortened(label: object) -> str:
    """Give a label that can be drawn."""
    text = printable(str(label))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
