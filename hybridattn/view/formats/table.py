"""Every format by its name, for those who choose one by a word."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from hybridattn.view.formats.diagrams import dot, mermaid
from hybridattn.view.formats.hops import from_hops_csv, hops_csv
from hybridattn.view.formats.markup import from_gexf, from_graphml, gexf, graphml
from hybridattn.view.formats.narsese import from_narsese, narsese
from hybridattn.view.formats.node_link import from_node_link_text, node_link_text
from hybridattn.view.formats.plain import AnyGraph

__all__ = ["FORMATS", "Format"]


class Format(NamedTuple):
    """How a graph becomes text, and how it comes back."""

    ending: str
    write: Callable[[AnyGraph], str]
    read: Callable[[str], AnyGraph] | None
    """None where the format is for drawing only."""
    about: str


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "graphml": Format(".graphml", graphml, from_graphml, "GraphML, for Gephi, yEd and networkx"),
        "gexf": Format(".gexf", gexf, from_gexf, "GEXF, for Gephi"),
        "json": Format(".json", node_link_text, from_node_link_text, "node-link JSON, for networkx and d3"),
        "dot": Format(".dot", dot, None, "DOT, for Graphviz"),
        "mermaid": Format(".mmd", mermaid, None, "Mermaid, for Markdown"),
        "narsese": Format(".nal", narsese, from_narsese, "Narsese, for NARS"),
        "csv": Format(".csv", hops_csv, from_hops_csv, "CSV, a row a link"),
    }
)
