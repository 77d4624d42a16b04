"""Which hops share which embeddings (Sukhbaatar et al. 2015, section 2.2), and the links between them."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch

from hybridattn.controller import Carried, Gated, QueryLink, Residual

__all__ = ["LinkMaker", "Shared", "Sharing", "adjacent", "layer_wise"]

LinkMaker: TypeAlias = Callable[[int, torch.Generator], QueryLink]
"""Makes a link from the width of a code and a source of initial weights."""


class Shared(NamedTuple):
    """The embeddings of a reader by number, counted from 0."""

    embeddings: int
    """How many there are."""
    question: int
    """Which of them codes the question: B of the paper."""
    keys: tuple[int, ...]
    """Which of them codes the keys of each hop: A."""
    values: tuple[int, ...]
    """Which of them codes the values of each hop: C."""
    links: tuple[int, ...]
    """Which link each hop has."""


Sharing: TypeAlias = Callable[[int], Shared]
"""From the number of hops to what they share."""


def adjacent(hops: int) -> Shared:
    """Share between neighbours: the values of a hop are coded as the keys of the next, the question as the first keys.

    A^(k+1) = C^k, B = A^1. The paper ties the answers to the last values, too; here they have weights of their own,
    since a label may be several words.

    >>> adjacent(2)
    Shared(embeddings=3, question=0, keys=(0, 1), values=(1, 2), links=(0, 1))
    """
    return Shared(hops + 1, 0, tuple(range(hops)), tuple(range(1, hops + 1)), tuple(range(hops)))


def layer_wise(hops: int) -> Shared:
    """Share everything: all hops have the same keys, values and link, as the steps of a recurrent network.

    A^1 = ... = A^K, C^1 = ... = C^K. Used with the link `Carried`.

    >>> layer_wise(2)
    Shared(embeddings=3, question=2, keys=(0, 0), values=(1, 1), links=(0, 0))
    """
    return Shared(3, 2, (0,) * hops, (1,) * hops, (0,) * hops)


def residual(dim: int, generator: torch.Generator) -> QueryLink:
    """Make the link of `adjacent`: u + r."""
    return Residual()


def carried(dim: int, generator: torch.Generator) -> QueryLink:
    """Make the link of `layer_wise`: H u + r."""
    return Carried(dim, generator=generator)


def gated(dim: int, generator: torch.Generator) -> QueryLink:
    """Make a link that asks which components of what was read pass on: t r + (1 - t) u, t = sigmoid(W u + b).

    With it the question can choose between two words of one sentence, such as giver and receiver; with a sum it cannot.
    """
    return Gated(dim, generator=generator)
