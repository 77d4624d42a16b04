"""Patterns that a layer has of its own."""

import torch
from torch import nn

from hybridattn.errors import ArgumentError

__all__ = ["own_patterns"]


def own_patterns(name: str, shape: tuple[int, int], width: int, trainable: bool) -> nn.Parameter:
    """Draw patterns (*shape, width) from N(0, 0.02^2); ArgumentError, about `name`, if there would be none."""
    if min(shape) < 1:
        raise ArgumentError(f"{name} must be at least 1; got {min(shape)}")
    return nn.Parameter(nn.init.normal_(torch.empty(*shape, width), std=0.02), requires_grad=trainable)
