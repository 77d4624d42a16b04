"""GraphML, there and back."""

from xml.etree import ElementTree

import networkx as nx

from hybridattn.errors import ArgumentError
from hybridattn.view.formats.markup.safe import checked_xml, for_xml
from hybridattn.view.formats.plain import AnyGraph, links, plain

__all__ = ["from_graphml", "graphml"]


def graphml(graph: AnyGraph) -> str:
    r"""Give the graph as a GraphML document, UTF-8, that `from_graphml` and `networkx.read_graphml` read back.

    Nodes, edges, edge keys and attributes are the same afterwards, with exceptions that XML asks for: a character
    that it forbids becomes its escape (`\u0007`), an attribute that is an empty text is left out, as are those that are
    None, and a node id that is a number comes back as text. Keys are the ids of the edges, if no two edges have the
    same; programs such as Gephi drop an edge whose id they have seen, so the edges then have no id, and the attribute
    `key`. Raises `ArgumentError` as `node_link` does, and if two nodes would get one id.

    >>> graph = nx.MultiDiGraph()
    >>> _ = graph.add_edge("cat", "mammal", label="is_a")
    >>> "<node id=\"cat\"" in graphml(graph)
    True
    """
    written = for_xml(graph)
    writer = nx.readwrite.graphml.GraphMLWriter(prettyprint=True)
    as_ids = _keys_are_ids(written)
    if not as_ids:
        for *_, key, data in links(written):
            data["key"] = key
    writer.add_graph_element(written)
    if not as_ids:
        for edge in writer.xml.iter("edge"):
            edge.attrib.pop("id")
    ElementTree.indent(writer.xml)
    text: bytes = ElementTree.tostring(writer.xml, encoding="utf-8", xml_declaration=True)
    return text.decode()


def from_graphml(text: str) -> AnyGraph:
    """Read a GraphML document, from here or from programs such as yEd, as a graph with parallel edges.

    Labels that yEd keeps in its own elements become `label`. Raises `ArgumentError` where it is no GraphML, holds
    what networkx cannot read (hyperedges, ports), a number that is not finite, or a document type declaration.

    >>> graph = nx.MultiDiGraph()
    >>> key = graph.add_edge("cat", "mammal", key="fact:0@1", share=0.5)
    >>> from_graphml(graphml(graph)).edges["cat", "mammal", "fact:0@1"]
    {'share': 0.5}
    """
    checked_xml(text, root="graphml")
    try:
        graph: AnyGraph = nx.parse_graphml(text, force_multigraph=True)
    except (nx.NetworkXException, LookupError, ValueError, TypeError, StopIteration) as error:
        raise ArgumentError(f"the GraphML cannot be read: {error}") from None
    for default in ("node_default", "edge_default"):
        graph.graph.pop(default, None)
    for *_, data in links(graph):
        data.pop("key", None)
    return plain(graph)


def _keys_are_ids(graph: AnyGraph) -> bool:
    """Tell whether every key is different as text, and is read back as what it was."""
    keys = [key for *_, key, _ in links(graph) if key is not None]
    return len(set(map(str, keys))) == len(keys) and not any(isinstance(key, str) and _is_whole(key) for key in keys)


def _is_whole(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True
