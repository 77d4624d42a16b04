"""`reason` and `narsese`: logic without a memory."""

from hybridattn.cli.logic.command import narsese, reason

__all__ = ["narsese", "reason"]
