"""The rows of the Hebbian memories: without slots, and exact for patterns that do not disturb each other."""

import torch
from torch import Tensor

from hybridattn.memory import BinaryActivity, BipolarActivity, Comparison, GradedActivity, HebbianMemory

from .row import Row


def orthogonal(m: int) -> Tensor:
    """The rows of the Hadamard matrix of Sylvester: +1 and -1, all orthogonal."""
    rows = torch.ones(1, 1)
    while len(rows) < 64:
        rows = torch.cat((torch.cat((rows, rows), 1), torch.cat((rows, -rows), 1)))
    return rows[:m]


def apart(m: int) -> Tensor:
    """Patterns of three units each, no unit in two of them."""
    return torch.eye(40).repeat_interleave(3, 1)[:m]


ROWS = {
    "hebbian bipolar": Row(
        HebbianMemory, lambda: HebbianMemory(64, coding=BipolarActivity()), orthogonal, lambda m: None
    ),
    "hebbian comparison": Row(
        HebbianMemory, lambda: HebbianMemory(120, coding=BinaryActivity(), rule=Comparison()), apart, lambda m: None
    ),
    "hebbian fading": Row(
        HebbianMemory,
        lambda: HebbianMemory(120, coding=GradedActivity(), rule=Comparison(), decay=0.5),
        apart,
        lambda m: None,
    ),
}
