"""Graphs in the formats that other programs read, and back from those that can hold a graph."""

from hybridattn.view.formats.diagrams import dot, mermaid
from hybridattn.view.formats.hops import from_hops_csv, hops_csv
from hybridattn.view.formats.markup import from_gexf, from_graphml, gexf, graphml
from hybridattn.view.formats.narsese import from_narsese, narsese
from hybridattn.view.formats.node_link import from_node_link, node_link
from hybridattn.view.formats.reading import Document, document, read_document
from hybridattn.view.formats.table import FORMATS, Format

__all__ = [
    "FORMATS",
    "Document",
    "Format",
    "document",
    "dot",
    "from_gexf",
    "from_graphml",
    "from_hops_csv",
    "from_narsese",
    "from_node_link",
    "gexf",
    "graphml",
    "hops_csv",
    "mermaid",
    "narsese",
    "node_link",
    "read_document",
]
