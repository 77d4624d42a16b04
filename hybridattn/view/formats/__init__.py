"""Graphs in the formats that other programs read."""

from hybridattn.view.formats.export import graphml, node_link

__all__ = ["graphml", "node_link"]
