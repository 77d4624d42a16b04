"""`experiment`: experiments on memories, their trials and their tables."""

from hybridattn.cli.experimenting.command import experiment_app

__all__ = ["experiment_app"]
