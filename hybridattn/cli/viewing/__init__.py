"""The command `view`: a page of a file that this program wrote, or of a graph or of Narsese that another one did."""

from hybridattn.cli.viewing.command import view

__all__ = ["view"]
