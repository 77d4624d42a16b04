"""Where a memory lies."""

from itertools import chain

from torch import nn

__all__ = ["device_shown"]


def device_shown(memory: nn.Module) -> str:
    """Say on which device the tensors of a memory are, as its `repr` does."""
    first = next(chain(memory.parameters(), memory.buffers()))
    return f"device={first.device}"
