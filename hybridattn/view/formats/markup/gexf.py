"""GEXF, the format of Gephi, there and back."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import networkx as nx

from hybridattn.errors import ArgumentError
from hybridattn.view.formats.markup.safe import checked_xml, for_xml
from hybridattn.view.formats.plain import AnyGraph, Scalar, links, plain

__all__ = ["from_gexf", "gexf"]

NAMESPACE, VERSION = "http://www.gexf.net/1.2draft", "1.2"
KEY = "networkx_key"
"""The attribute from which networkx, and `from_gexf`, take the key of an edge."""
TYPES: Mapping[type, str] = MappingProxyType({bool: "boolean", int: "long", float: "double", str: "string"})


def gexf(graph: AnyGraph) -> str:
    r"""Give the graph as a GEXF 1.2 document, UTF-8, for Gephi; `from_gexf` and `networkx.read_gexf` read it back.

    Nodes, edges, keys and attributes are the same afterwards, with exceptions: as in `graphml` a character that XML
    forbids becomes its escape, empty texts and None are left out, and ids become texts; a node without a label has its
    id as label; and the format has no place for attributes of the graph. Raises `ArgumentError` as `graphml` does.

    >>> graph = nx.MultiDiGraph()
    >>> key = graph.add_edge("cat", "mammal", label="is_a")
    >>> '<edge id="e0" source="cat" target="mammal" label="is_a">' in gexf(graph)
    True
    """
    written = for_xml(graph)
    root = Element("gexf", xmlns=NAMESPACE, version=VERSION)
    SubElement(SubElement(root, "meta"), "creator").text = "hybridattn"
    drawn = SubElement(root, "graph", defaultedgetype=_direction(written), mode="static")
    tables = {name: SubElement(drawn, "attributes", {"class": name, "mode": "static"}) for name in ("node", "edge")}
    nodes, edges = SubElement(drawn, "nodes"), SubElement(drawn, "edges")
    columns: dict[tuple[str, str, str], str] = {}
    for node, data in written.nodes(data=True):
        item = SubElement(nodes, "node", id=node, label=str(data.pop("label", node)))
        _add_values(item, data, tables["node"], columns)
    for number, (tail, head, key, data) in enumerate(links(written)):
        label = {"label": str(data.pop("label"))} if "label" in data else {}
        item = SubElement(edges, "edge", {"id": f"e{number}", "source": tail, "target": head, **label})
        _add_values(item, data | ({} if key is None else {KEY: key}), tables["edge"], columns)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _direction(graph: AnyGraph) -> str:
    return "directed" if graph.is_directed() else "undirected"


def _add_values(
    item: Element, data: Mapping[str, Scalar], table: Element, columns: dict[tuple[str, str, str], str]
) -> None:
    """Write attributes, and declare those that are new: one column a name and type."""
    values = SubElement(item, "attvalues") if data else item
    for name, value in data.items():
        column = (table.get("class", ""), name, TYPES[type(value)])
        if column not in columns:
            columns[column] = str(len(columns))
            SubElement(table, "attribute", id=columns[column], title=name, type=column[-1])
        text = str(value).lower() if isinstance(value, bool) else str(value)
        SubElement(values, "attvalue", {"for": columns[column], "value": text})


def from_gexf(text: str) -> AnyGraph:
    """Read a GEXF document, from here or from Gephi, as a graph with parallel edges; positions and colours are left.

    Raises `ArgumentError` where it is no GEXF, mixes directed and undirected edges, or holds an edge between nodes that
    it does not list, a value that is not of its type, or a document type declaration.

    >>> graph = nx.MultiDiGraph()
    >>> key = graph.add_edge("cat", "mammal", key="fact:0@1", share=0.5)
    >>> from_gexf(gexf(graph)).edges["cat", "mammal", "fact:0@1"]
    {'share': 0.5}
    """
    drawn = next(_children(checked_xml(text, root="gexf"), "graph"), None)
    if drawn is None:
        raise ArgumentError("the GEXF must hold a graph")
    default = drawn.get("defaultedgetype", "undirected")
    graph: AnyGraph = nx.MultiDiGraph() if default == "directed" else nx.MultiGraph()
    columns = {table.get("class"): _columns(table) for table in _children(drawn, "attributes")}
    for node in _within(drawn, "nodes", "node"):
        name = _needed(node, "id")
        graph.add_nodes_from([(name, {**_values(node, columns.get("node", {})), "label": node.get("label", name)})])
    for number, edge in enumerate(_within(drawn, "edges", "edge")):
        if edge.get("type", default) != default:
            raise ArgumentError(f"edge {number} of the GEXF must be {default}, as the graph; got {edge.get('type')}")
        _add_edge(graph, edge, number, columns.get("edge", {}))
    return plain(graph)


def _add_edge(graph: AnyGraph, edge: Element, number: int, columns: Mapping[str, tuple[str, str]]) -> None:
    tail, head = _needed(edge, "source"), _needed(edge, "target")
    for end in (tail, head):
        if end not in graph:
            raise ArgumentError(f"edge {number} of the GEXF must join two of its nodes; {end[:60]!r} is none of them")
    data: dict[str, Any] = {name: edge.attrib[name] for name in ("label",) if name in edge.attrib}
    if "weight" in edge.attrib:
        data["weight"] = _value("double", edge.attrib["weight"], "weight")
    data |= _values(edge, columns)
    key = data.pop(KEY, edge.get("id", number))
    if graph.has_edge(tail, head, key):  # type: ignore[call-arg]
        raise ArgumentError(f"edge {number} of the GEXF must have a key of its own; got {key!r} again")
    graph.add_edges_from([(tail, head, key, data)])  # type: ignore[list-item]


def _columns(table: Element) -> dict[str, tuple[str, str]]:
    return {
        _needed(column, "id"): (column.get("title", _needed(column, "id")), column.get("type", "string"))
        for column in _children(table, "attribute")
    }


def _values(item: Element, columns: Mapping[str, tuple[str, str]]) -> dict[str, Scalar]:
    values: dict[str, Scalar] = {}
    for value in _within(item, "attvalues", "attvalue"):
        column = _needed(value, "for")
        if column not in columns:
            raise ArgumentError(f"the GEXF has a value for the attribute {column!r}, which it does not declare")
        title, kind = columns[column]
        values[title] = _value(kind, value.get("value", ""), title)
    return values


_READERS: Mapping[str, Callable[[str], Scalar]] = MappingProxyType(
    {
        **dict.fromkeys(("integer", "int", "long", "short", "byte"), int),
        **dict.fromkeys(("double", "float"), float),
        "boolean": {"true": True, "1": True, "false": False, "0": False}.__getitem__,
    }
)


def _value(kind: str, text: str, title: str) -> Scalar:
    try:
        return _READERS.get(kind, str)(text)
    except (ValueError, KeyError):
        raise ArgumentError(f"{title} in the GEXF must be of type {kind}; got {text[:60]!r}") from None


def _needed(item: Element, name: str) -> str:
    found = item.get(name)
    if found is None:
        raise ArgumentError(f"every {item.tag.rpartition('}')[2]} of the GEXF must have {name}")
    return found


def _children(item: Element, tag: str) -> Iterator[Element]:
    return (child for child in item if str(child.tag).rpartition("}")[2] == tag)


def _within(item: Element, outer: str, tag: str) -> Iterator[Element]:
    return (child for group in _children(item, outer) for child in _children(group, tag))
