"""What every format can hold: graphs whose ids and attributes are texts, numbers and truth values of Python."""

import math
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, TypeAlias

import networkx as nx

from hybridattn.errors import ArgumentError

__all__ = ["AnyGraph", "Link", "Scalar", "finite", "links", "places", "plain"]

AnyGraph: TypeAlias = "nx.Graph[Any]"
Scalar: TypeAlias = bool | int | float | str
Link: TypeAlias = tuple[Any, Any, Any, dict[str, Any]]
"""Source, target, key (None without parallel edges) and attributes of an edge."""

ENDS = ("source", "target", "key")
"""What formats call the ends and the key of an edge: no attribute may have these names."""


def plain(graph: AnyGraph) -> AnyGraph:
    """Copy the graph with attributes that are Python scalars; those that are None are missing, and are left out.

    Raises ArgumentError, with the place, for what is no scalar, for a NaN and an infinity, for an id that is neither a
    text nor an integer, and for an attribute whose name would hide an id, an end or a key.
    """
    wrong = next((node for node in graph if not isinstance(node, str | int) or isinstance(node, bool)), None)
    if wrong is not None:
        raise ArgumentError(f"node ids of the graph must be text or integers; got {wrong!r}")
    copy = graph.copy()
    for place, attributes in places(copy):
        taken = {"node": ("id",), "edge": ENDS}.get(place.partition(" ")[0], ())
        if hidden := [name for name in taken if name in attributes]:
            raise ArgumentError(f"{place} must have no attribute called {hidden[0]}: formats need that name")
        scalars = {
            str(name): _scalar(value, f"{place}: {name}") for name, value in attributes.items() if value is not None
        }
        attributes.clear()
        attributes.update(scalars)
    return copy


def links(graph: AnyGraph) -> Iterator[Link]:
    """Go through the edges of any graph."""
    if isinstance(graph, nx.MultiGraph):
        yield from graph.edges(keys=True, data=True)
    else:
        yield from ((source, target, None, data) for source, target, data in graph.edges(data=True))


def places(graph: AnyGraph) -> list[tuple[str, dict[Any, Any]]]:
    """List every dictionary of attributes of the graph, with words for where it is."""
    nodes = [(f"node {_short(node)}", attributes) for node, attributes in graph.nodes(data=True)]
    edges = [(f"edge {_short(tail)} to {_short(head)}", attributes) for tail, head, _, attributes in links(graph)]
    return [("graph", graph.graph), *nodes, *edges]


def _short(node: object) -> str:
    text = repr(node)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _scalar(value: Hashable | Mapping[Any, Any], place: str) -> Scalar:
    item = getattr(value, "item", None)
    try:
        number = value if item is None else item()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentError(f"{place} must be one number; got {value!r}") from error
    if isinstance(number, float) and not math.isfinite(number):
        raise ArgumentError(f"{place} must be finite, or left out where it is missing; got {number}")
    if isinstance(number, bool | int | float | str):
        return number
    raise ArgumentError(f"{place} must be a bool, a number or a text; got {type(number).__name__}")


def finite(constant: str) -> float:
    """Refuse NaN and the infinities where Python's JSON reader meets one (its `parse_constant`)."""
    raise ArgumentError(f"numbers must be finite; got {constant}")
