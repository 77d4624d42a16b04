"""Texts that other programs draw."""

from hybridattn.view.formats.diagrams.dot import dot
from hybridattn.view.formats.diagrams.mermaid import mermaid

__all__ = ["dot", "mermaid"]
