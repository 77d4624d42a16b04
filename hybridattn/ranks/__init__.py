"""Processes that work together: what they pass to each other, with gradients that are those of one process."""

from hybridattn.ranks.group import Ranks

__all__ = ["Ranks"]
