"""What GraphML and GEXF have in common: what XML can hold."""

from xml.etree import ElementTree

import networkx as nx

from hybridattn.errors import ArgumentError
from hybridattn.view.formats.plain import AnyGraph, places, plain
from hybridattn.view.text import printable

__all__ = ["checked_xml", "for_xml"]


def checked_xml(text: str, *, root: str) -> ElementTree.Element:
    """Parse a document with this root; one that declares a document type, and so could define entities, is refused."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ArgumentError("an XML document with a document type declaration is not read")
    try:
        found = ElementTree.fromstring(text.encode())
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ArgumentError(f"expected an XML document with the root {root}; {error}") from None
    if found.tag.rpartition("}")[2] != root:
        raise ArgumentError(f"expected an XML document with the root {root}; got {found.tag[:80]}")
    return found


def for_xml(graph: AnyGraph) -> AnyGraph:
    """Copy the graph with ids that are texts, without empty texts, and without the characters that XML forbids."""
    copy = plain(graph)
    ids = {node: printable(str(node)) for node in copy}
    if len(set(ids.values())) < len(ids):
        raise ArgumentError("two nodes of the graph have the same id once characters that XML forbids are escaped")
    written: AnyGraph = nx.relabel_nodes(copy, ids)
    for _, attributes in places(written):
        scalars = {
            printable(name): printable(value) if isinstance(value, str) else value for name, value in attributes.items()
        }
        attributes.clear()
        attributes.update({name: value for name, value in scalars.items() if value != ""})
    return written
