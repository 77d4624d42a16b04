"""Small pictures that we drew: two skulls and an apple."""

from importlib.resources import files

import torch
from torch import Tensor

__all__ = ["icons"]

_FILE = "icons.txt"
_INK = "#"


def icons() -> dict[str, Tensor]:
    """Give the pictures by name, each (24, 24) float64 of 1 (ink) and -1 (paper): skull, apple and other skull.

    >>> {name: tuple(picture.shape) for name, picture in icons().items()}
    {'skull': (24, 24), 'apple': (24, 24), 'other skull': (24, 24)}
    """
    text = files("hybridattn.experiments.recalling").joinpath(_FILE).read_text(encoding="utf-8")
    return dict(_picture(block.splitlines()) for block in text.strip().split("\n\n"))


def _picture(lines: list[str]) -> tuple[str, Tensor]:
    name, *rows = lines
    return name, torch.tensor([[1.0 if cell == _INK else -1.0 for cell in row] for row in rows], dtype=torch.float64)
