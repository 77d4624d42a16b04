"""Words make sentences, and sentences a document: attention on both levels."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from hybridattn.attention.read import read
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["HierarchicalAttention", "Summarised", "Summary"]


class Summary(nn.Module):
    """One vector for many, by a query that is learned: u_t = tanh(W h_t + b), shares softmax(u_t . u).

    Word or sentence attention of Yang et al. 2016 (Hierarchical attention networks, NAACL, eq. 5-7): a read with keys
    u_t, values h_t and the one query u, the context vector.

    Args:
        dim: width of what is summarised.
        hidden: width of keys and query.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        if dim < 1 or hidden < 1:
            raise ArgumentError(f"dim and hidden must be at least 1; got {dim} and {hidden}")
        self.to_key = nn.Linear(dim, hidden)
        self.query = nn.Parameter(torch.empty(hidden).uniform_(-1, 1) / hidden**0.5)

    def forward(self, x: Tensor, *, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Summarise (..., n, dim) to (..., dim), with shares (..., n); mask (..., n) is True where something is.

        Raises ShapeError.
        """
        if x.ndim < 2 or x.shape[-1] != self.to_key.in_features:
            raise ShapeError(f"x must have shape (..., n, {self.to_key.in_features}); got {tuple(x.shape)}")
        n, keys = x.shape[-2], self.to_key(x).tanh()
        query = self.query.expand(*x.shape[:-2], 1, -1)
        found = read(query, keys, x, mask=None if mask is None else mask.unsqueeze(-2), top=max(n, 1))
        assert found.slots is not None
        assert found.shares is not None
        shares = x.new_zeros(*x.shape[:-2], n)
        if n:
            shares = shares.scatter_add(-1, found.slots.squeeze(-2).clamp(min=0), found.shares.squeeze(-2).to(x.dtype))
        return found.value.squeeze(-2), shares


class Summarised(NamedTuple):
    """A document as one vector, and what it was read from."""

    value: Tensor
    """(b, width)"""
    sentences: Tensor
    """(b, s): shares of the sentences."""
    words: Tensor
    """(b, s, n): shares of the words of each sentence."""


class HierarchicalAttention(nn.Module):
    """Words are encoded and summarised to sentences, these encoded and summarised to a document (Yang et al. 2016).

    Args:
        dim: width of words.
        width: of the two-way recurrent encoders, in sum; even.
        hidden: of the attentions.
    """

    def __init__(self, dim: int, width: int, hidden: int) -> None:
        super().__init__()
        if dim < 1 or width < 2 or width % 2:
            raise ArgumentError(f"dim must be at least 1 and width even, at least 2; got {dim} and {width}")
        self.dim = dim
        self.word_encoder = nn.GRU(dim, width // 2, batch_first=True, bidirectional=True)
        self.sentence_encoder = nn.GRU(width, width // 2, batch_first=True, bidirectional=True)
        self.word_summary, self.sentence_summary = Summary(width, hidden), Summary(width, hidden)

    def forward(self, words: Tensor, *, mask: Tensor | None = None) -> Summarised:
        """Summarise documents (b, s, n, dim).

        mask, (b, s, n) bool, is True where there is a word: the first words of a sentence, in the first sentences of a
        document; a sentence without any is none. Raises ShapeError.
        """
        if words.ndim != 4 or words.shape[-1] != self.dim:
            raise ShapeError(f"words must have shape (b, s, n, {self.dim}); got {tuple(words.shape)}")
        if mask is not None and mask.shape != words.shape[:3]:
            raise ShapeError(f"mask must have shape {tuple(words.shape[:3])}; got {tuple(mask.shape)}")
        b, s, n, dim = words.shape
        flat = None if mask is None else mask.reshape(b * s, n)
        encoded = _encoded(self.word_encoder, words.reshape(b * s, n, dim), flat)
        sentences, word_shares = self.word_summary(encoded, mask=flat)
        there = None if mask is None else mask.any(-1)
        encoded = _encoded(self.sentence_encoder, sentences.reshape(b, s, sentences.shape[-1]), there)
        value, shares = self.sentence_summary(encoded, mask=there)
        return Summarised(value, shares, word_shares.reshape(b, s, n))


def _encoded(encoder: nn.GRU, x: Tensor, mask: Tensor | None) -> Tensor:
    """Encode sequences (b, n, d), each as if its padding were not there."""
    if not x.numel():
        return x.new_zeros(*x.shape[:-1], 2 * encoder.hidden_size)
    if mask is None:
        return encoder(x)[0]  # type: ignore[no-any-return]
    lengths = mask.sum(-1).clamp(min=1).cpu()
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    return nn.utils.rnn.pad_packed_sequence(encoder(packed)[0], batch_first=True, total_length=x.shape[1])[0]
