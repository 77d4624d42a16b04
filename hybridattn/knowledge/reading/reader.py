"""The reader: a question, hops of attention over the sentences of its story, an answer; all differentiable."""

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from hybridattn.attention import Separation, Softmax
from hybridattn.controller import Level, MultilevelAttention
from hybridattn.errors import ArgumentError
from hybridattn.knowledge.reading.encoding import Encoding, position_encoding
from hybridattn.knowledge.reading.sharing import LinkMaker, Sharing, adjacent, residual
from hybridattn.knowledge.reading.stories import Batch, Vocabulary
from hybridattn.knowledge.reading.timing import AgeFeatures, Ages, TimedLink, smooth_ages
from hybridattn.memory import BatchedSlots
from hybridattn.trace import Trace

__all__ = ["Noise", "ReaderParts", "Reading", "StoryReader"]

_SOFTMAX = Softmax()


@dataclass(frozen=True)
class ReaderParts:
    """What a reader is made of. Raises ArgumentError where a number is out of range."""

    dim: int = 64
    """Width d of a code."""
    hops: int = 3
    span: int = 64
    """Ages that are told apart."""
    scale: float = 0.2
    """Standard deviation of the first weights: under a linear start a hop is a product of four of them."""
    encoding: Encoding = position_encoding
    sharing: Sharing = adjacent
    link: LinkMaker = residual
    ages: AgeFeatures = smooth_ages
    relative: bool = True
    """Whether a hop may also ask for ages relative to what the hop before read."""
    separation: Separation = field(default_factory=Softmax)
    beta: float = 1.0

    def __post_init__(self) -> None:
        for name in ("dim", "hops", "span"):
            if getattr(self, name) < 1:
                raise ArgumentError(f"{name} must be at least 1; got {getattr(self, name)}")
        if not self.scale > 0:
            raise ArgumentError(f"scale must be above 0; got {self.scale}")

    def to_json(self) -> dict[str, Any]:
        """Give plain data: numbers, and parts by their names."""
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self)}


def _plain(part: Any) -> Any:
    if part is None or isinstance(part, bool | int | float | str):
        return part
    return getattr(part, "__qualname__", repr(part))


@dataclass(frozen=True)
class Noise:
    """What blurs training, drawn from `generator`. Raises ArgumentError where a share is not in [0, 1)."""

    generator: torch.Generator
    time: float = 0.1
    """The share of moments without a sentence: a gap makes all older sentences older (the paper's random noise)."""
    dropout: float = 0.1
    """The share of the components of a code that are 0; the others grow, so that the mean stays."""

    def __post_init__(self) -> None:
        for name in ("time", "dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ArgumentError(f"{name} must be a share in [0, 1); got {getattr(self, name)}")

    def aged(self, ages: Tensor) -> Tensor:
        """Put gaps between ages (b, n), the latest first; a gap may also be between the question and the latest."""
        gaps = torch.rand(ages.shape, generator=self.generator, device=ages.device) < self.time
        return ages + gaps.cumsum(-1)

    def dropped(self, codes: Tensor) -> Tensor:
        """Drop components of codes (..., d)."""
        if not self.dropout:
            return codes
        kept = torch.rand(codes.shape, generator=self.generator, device=codes.device) >= self.dropout
        return codes * kept / (1 - self.dropout)


class Reading(NamedTuple):
    """What a batch of questions was answered with."""

    logits: Tensor
    """(b, labels): a score for each label."""
    trace: Trace | None
    """The shares of the sentences in each hop, if they were asked for; slot j of question i has id i * n + j."""


class StoryReader(nn.Module):
    """Answers questions about stories by hops of attention over their sentences: an end-to-end memory network.

    With the default parts: keys A x + age, values C x + age, softmax reads, q' = q + r, and the answer from the last
    query (Sukhbaatar et al. 2015, arXiv 1503.08895, eq. 1-4), but for ages: they are described by a few features, and
    asked for relative to what was read, too (see `TimedLink`; `AgeTable` and relative=False give the paper's). The
    hops are walked by `MultilevelAttention` over `BatchedSlots`: all that passes from hop to hop is the query, and the
    trace holds the very shares that made the answer.

    Args:
        vocabulary: the words and labels.
        parts: what the reader is made of.
        generator: source of the first weights, N(0, scale^2).
    """

    def __init__(self, vocabulary: Vocabulary, *, generator: torch.Generator, parts: ReaderParts | None = None) -> None:
        super().__init__()
        self.parts, self.vocabulary = parts or ReaderParts(), vocabulary
        self.shared = self.parts.sharing(self.parts.hops)
        self.ages = Ages(self.parts.span, self.parts.ages)
        dim, kinds = self.parts.dim, self.shared.embeddings
        features, between = self.ages.own.shape[1], self.ages.between.shape[2]

        def weights(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(*shape, generator=generator) * self.parts.scale)

        self.words = weights(len(vocabulary.words) + 1, kinds * dim)  # row 0, of no word, is never read
        self.times = nn.ParameterList([weights(features, dim) for _ in range(kinds)])
        following = (*self.shared.keys[1:], self.shared.values[-1])  # the embedding of the next keys
        self.links = nn.ModuleList(
            TimedLink(
                self.parts.link(dim, generator),
                self.ages,
                self.times[self.shared.values[hop]],
                self.times[following[hop]],
                weights(between, dim) if self.parts.relative else None,
            )
            for hop in map(self.shared.links.index, range(1 + max(self.shared.links)))
        )
        self.labels = weights(len(vocabulary.labels), dim)
        self.bias = nn.Parameter(torch.zeros(len(vocabulary.labels)))

    def forward(
        self, batch: Batch, *, separation: Separation | None = None, noise: Noise | None = None, trace: bool = False
    ) -> Reading:
        """Answer a batch; one question is answered the same alone and in any batch.

        Args:
            batch: the questions.
            separation: takes the place of the reader's own: `Linear()` for a linear start.
            noise: blurs what is read, for training.
            trace: whether to keep the share of every sentence in every hop.
        """
        query, levels = self.walked(batch, separation=separation, noise=noise)
        top = max(1, batch.facts.shape[1])
        walk = MultilevelAttention(levels, hops=self.parts.hops, top=top)(query, trace)
        return Reading(self.answered(walk.query), walk.trace)

    def walked(
        self, batch: Batch, *, separation: Separation | None = None, noise: Noise | None = None
    ) -> tuple[Tensor, list[Level]]:
        """Give what the controller walks: the first queries (b, d + span), and the level of each hop."""
        codes = self._codes(batch, noise)
        told = self._split(embedding(batch.facts, codes)).permute(2, 0, 1, 3)
        ages = torch.arange(batch.facts.shape[1], device=batch.facts.device).expand(batch.facts.shape)
        when = self.ages.codes(ages if noise is None else noise.aged(ages))
        stored = torch.cat([told, when.expand(len(told), *when.shape)], -1).unbind()
        parts = {
            "mask": batch.mask,
            "separation": self.parts.separation if separation is None else separation,
            "beta": self.parts.beta,
        }
        levels = [
            Level(BatchedSlots(stored[keys], stored[values], **parts), self.links[link])  # type: ignore[arg-type]
            for keys, values, link in zip(self.shared.keys, self.shared.values, self.shared.links, strict=True)
        ]
        return self._query(batch, codes), levels

    def answered(self, query: Tensor) -> Tensor:
        """Give a score for each label (b, labels) from the last queries (b, d + span)."""
        return query[:, : self.parts.dim] @ self.labels.T + self.bias

    def _codes(self, batch: Batch, noise: Noise | None) -> Tensor:
        """Code the sentences of a batch by every embedding: (s, e * d)."""
        factors = self.parts.encoding(batch.lengths, batch.words.shape[1], self.parts.dim)
        factors = (factors.to(self.labels.dtype) * (batch.words > 0)[:, :, None]).unsqueeze(2)
        words = self._split(embedding(batch.words, self.words))
        codes = (words * factors).sum(1).flatten(1)
        return codes if noise is None else noise.dropped(codes)

    def _split(self, codes: Tensor) -> Tensor:
        """Part the codes of the embeddings: (..., e * d) to (..., e, d)."""
        return codes.view(*codes.shape[:-1], self.shared.embeddings, self.parts.dim)

    def _query(self, batch: Batch, codes: Tensor) -> Tensor:
        """Give the first queries (b, d + span): what is looked for, and the score of each age."""
        asked = self._split(codes[batch.questions])[:, self.shared.question]
        return torch.cat([asked, asked @ (self.ages.own @ self.times[self.shared.keys[0]]).T], -1)
