"""One measurement of an experiment."""

from dataclasses import dataclass

__all__ = ["Cell"]


@dataclass(frozen=True)
class Cell:
    """Which memory, how many patterns, how spoiled, which seed."""

    memory: str
    patterns: int
    level: float
    seed: int
