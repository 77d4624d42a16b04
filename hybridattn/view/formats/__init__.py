"""Graphs in the formats that other programs read, and back from those that can hold a graph."""

from hybridattn.view.formats.documents import Document, document, read_document
from hybridattn.view.formats.graphml import from_graphml, graphml
from hybridattn.view.formats.narsese import from_narsese, narsese
from hybridattn.view.formats.node_link import from_node_link, node_link

__all__ = [
    "Document",
    "document",
    "from_graphml",
    "from_narsese",
    "from_node_link",
    "graphml",
    "narsese",
    "node_link",
    "read_document",
]
