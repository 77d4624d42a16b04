"""Take an answer out of the program: one offline HTML page, node-link JSON, GraphML, and whole files or none."""

from hybridattn.view.explained import explained
from hybridattn.view.files import check_path, write_text
from hybridattn.view.formats import graphml, node_link
from hybridattn.view.page import page
from hybridattn.view.terminal import described, terminal

__all__ = ["check_path", "described", "explained", "graphml", "node_link", "page", "terminal", "write_text"]
