"""Take an answer out of the program: one offline HTML page, graphs in many formats, and whole files or none."""

from hybridattn.running import check_path, write_text
from hybridattn.view.explained import explained
from hybridattn.view.formats import (
    Document,
    dot,
    from_gexf,
    from_graphml,
    from_hops_csv,
    from_narsese,
    from_node_link,
    gexf,
    graphml,
    hops_csv,
    mermaid,
    narsese,
    node_link,
    read_document,
)
from hybridattn.view.page import page
from hybridattn.view.terminal import described, terminal

__all__ = [
    "Document",
    "check_path",
    "described",
    "dot",
    "explained",
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
    "page",
    "read_document",
    "terminal",
    "write_text",
]
