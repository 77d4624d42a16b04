"""The command `hybridattn`."""

from hybridattn.cli.app import app, main

__all__ = ["app", "main"]
