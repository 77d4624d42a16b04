"""From the words of a sentence to one code: how much each word counts in each component."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

__all__ = ["Encoding", "bag_of_words", "position_encoding"]

Encoding: TypeAlias = Callable[[Tensor, int, int], Tensor]
"""From the lengths of sentences (s,), the columns w of words and the width d: a factor for each, (s, w, d)."""


def bag_of_words(lengths: Tensor, words: int, dim: int) -> Tensor:
    """Give 1 for every word of a sentence, 0 behind its end: the order of words is lost."""
    within = torch.arange(words, device=lengths.device) < lengths[:, None]
    return within.to(torch.get_default_dtype())[:, :, None].expand(-1, -1, dim)


def position_encoding(lengths: Tensor, words: int, dim: int) -> Tensor:
    """Give l_kj = (1 - j/J) - (k/d)(1 - 2 j/J) for word j of J in component k of d, both from 1; 0 behind the end.

    Sukhbaatar et al. 2015 (arXiv 1503.08895), section 4.1: the order of words changes the code.

    >>> position_encoding(torch.tensor([2]), 2, 2)
    tensor([[[0.5000, 0.5000],
             [0.5000, 1.0000]]])
    """
    j = torch.arange(1, words + 1, device=lengths.device)[None, :, None] / lengths.clamp(min=1)[:, None, None]
    k = torch.arange(1, dim + 1, device=lengths.device) / dim
    return ((1 - j) - k * (1 - 2 * j)) * bag_of_words(lengths, words, dim)
