"""The XML formats of graph programs."""

from hybridattn.view.formats.markup.gexf import from_gexf, gexf
from hybridattn.view.formats.markup.graphml import from_graphml, graphml

__all__ = ["from_gexf", "from_graphml", "gexf", "graphml"]
