"""The encoder and decoder that learns to align: attention's first model."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from hybridattn.attention.read import read
from hybridattn.attention.similarity import Additive
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["Aligned", "AligningModel"]


class Aligned(NamedTuple):
    """What a decoder gave for each place of its output."""

    logits: Tensor
    """(b, t, symbols)"""
    shares: Tensor
    """(b, t, n): how much each place of the output read of each place of the input; 0 at padding."""


class AligningModel(nn.Module):
    """From a sequence of symbols to another: a recurrent decoder reads what a two-way recurrent encoder wrote.

    At every step the state s of the decoder asks, annotations h_j are keys and values, and the similarity is additive:
    c = sum_j softmax_j(v . tanh(W s + U h_j)) h_j; c and the last symbol go into the next state (Bahdanau et al. 2015,
    arXiv 1409.0473, section 3 and appendix A). Here states and annotations are GRUs of torch, an annotation is
    projected to the width of a state, and logits are those of [s; c].

    Args:
        symbols: how many symbols there are, 0 among them as the start.
        width: of symbols, states and annotations.
        hidden: units of the similarity.
    """

    def __init__(self, symbols: int, width: int, hidden: int) -> None:
        super().__init__()
        if min(symbols, width, hidden) < 1:
            raise ArgumentError(f"symbols, width and hidden must be at least 1; got {symbols}, {width} and {hidden}")
        self.symbols = symbols
        self.embedding = nn.Embedding(symbols, width)
        self.encoder = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.annotate = nn.Linear(2 * width, width)
        self.similarity = Additive(width, hidden)
        self.cell = nn.GRUCell(2 * width, width)
        self.out = nn.Linear(2 * width, symbols)

    def forward(self, source: Tensor, target: Tensor, *, lengths: Tensor | None = None) -> Aligned:
        """Say for each place of the target what should stand there, given the target before it.

        Args:
            source: (b, n) int64, symbols.
            target: (b, t) int64, symbols.
            lengths: (b,) int64, how many places of each source are no padding; None is all.

        Raises:
            ShapeError: shapes that do not fit each other.
            ArgumentError: a symbol that is not there, or a length outside [1, n].
        """
        keys, mask = self._annotations(source, lengths)
        _check("target", target, self.symbols)
        if len(target) != len(source):
            raise ShapeError(f"target must be one for each of {len(source)} sources; got {len(target)}")
        state, last = keys[:, 0], torch.zeros_like(target[:, 0])
        logits, shares = [], []
        for step in range(target.shape[1]):
            found, share = self._step(state, keys, mask)
            state = self.cell(torch.cat((self.embedding(last), found), -1), state)
            logits.append(self.out(torch.cat((state, found), -1)))
            shares.append(share)
            last = target[:, step]
        return Aligned(torch.stack(logits, 1), torch.stack(shares, 1))

    @torch.no_grad()
    def decode(self, source: Tensor, steps: int, *, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Write `steps` symbols after each source, the likeliest each time: (b, steps) int64, and their shares.

        Raises as `forward`, and ArgumentError for steps below 1.
        """
        if steps < 1:
            raise ArgumentError(f"steps must be at least 1; got {steps}")
        keys, mask = self._annotations(source, lengths)
        state, last = keys[:, 0], torch.zeros_like(source[:, 0])
        written, shares = [], []
        for _ in range(steps):
            found, share = self._step(state, keys, mask)
            state = self.cell(torch.cat((self.embedding(last), found), -1), state)
            last = self.out(torch.cat((state, found), -1)).argmax(-1)
            written.append(last)
            shares.append(share)
        return torch.stack(written, 1), torch.stack(shares, 1)

    def _annotations(self, source: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        _check("source", source, self.symbols)
        n = source.shape[1]
        if lengths is None or not len(source):
            return self.annotate(self.encoder(self.embedding(source))[0]), None
        if lengths.shape != source.shape[:1] or bool((lengths < 1).any()) or bool((lengths > n).any()):
            raise ArgumentError(f"lengths must be one in [1, {n}] for each source; got {lengths.tolist()}")
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(source), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        annotations, _ = nn.utils.rnn.pad_packed_sequence(self.encoder(packed)[0], batch_first=True, total_length=n)
        mask = torch.arange(n, device=source.device) < lengths[:, None]
        return self.annotate(annotations), mask[:, None]

    def _step(self, state: Tensor, keys: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        found = read(state[:, None], keys, keys, similarity=self.similarity, mask=mask, top=keys.shape[1])
        assert found.slots is not None
        assert found.shares is not None
        shares = torch.zeros_like(found.shares).scatter_add(-1, found.slots.clamp(min=0), found.shares)
        return found.value[:, 0], shares[:, 0]


def _check(name: str, symbols: Tensor, count: int) -> None:
    if symbols.ndim != 2 or not symbols.shape[1]:
        raise ShapeError(f"{name} must have shape (b, n) with n at least 1; got {tuple(symbols.shape)}")
    if symbols.dtype != torch.int64 or bool(((symbols < 0) | (symbols >= count)).any()):
        raise ArgumentError(f"{name} must be int64 symbols in [0, {count})")
