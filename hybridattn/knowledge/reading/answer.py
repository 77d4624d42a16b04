"""Answers of a reader, each with the graph of what was read in which hop, and what it rests on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.reading.reader import StoryReader
from hybridattn.knowledge.reading.stories import RECENT, Asked, Batch, StoryTensors
from hybridattn.reasoning.graph import Graph, from_trace
from hybridattn.trace import Trace

__all__ = ["ReadingAnswer", "read_stories"]

CITED = 0.5
"""A hop rests on a sentence that has at least half of its attention."""
AT_ONCE = 256


@dataclass(frozen=True)
class ReadingAnswer:
    """What a reader answers to one question, and what it read for it."""

    asked: Asked
    answer: str | None
    """The label with the highest score; None where there was nothing to read: no evidence."""
    probability: float
    """The share of the label in the softmax over all labels; 0 without an answer."""
    trace: Trace
    """The shares of the sentences in each hop, as they made the answer; its slots are places in the story, from 0."""

    @cached_property
    def graph(self) -> Graph:
        """Draw the hops: sentences are nodes `3: The cat sat.`, numbered from 1 as they were told.

        An edge of hop t leads to every sentence that was read, with its `share`, from the question or from the mixture
        that the hop before read. Those that the answer rests on have `cited`.
        """
        sentences = self.asked.sentences
        graph = from_trace(self.trace, lambda slot: f"{slot + 1}: {sentences[slot]}", question=self.asked.question)
        for *_, data in graph.edges(data=True):
            if data["share"] >= CITED:
                data["cited"] = True
        return graph

    @cached_property
    def support(self) -> tuple[int, ...]:
        """Places in the story of the sentences that the answer rests on, rising.

        They are read off the graph alone: those that have at least half of the attention of one of its hops. So a hop
        cites one sentence (two only if they share it evenly), or none where its attention is spread; gold supporting
        facts are not looked at.
        """
        return tuple(sorted({link.slot for _, link in self.trace.links() if link.share >= CITED}))


def read_stories(
    reader: StoryReader,
    asked: Sequence[Asked],
    *,
    kept: Sequence[Collection[int]] | None = None,
    recent: int = RECENT,
) -> list[ReadingAnswer]:
    """Answer questions about stories.

    Args:
        reader: trained or not.
        asked: the questions; words and labels that the reader has never seen say nothing.
        kept: for each question the places in its story, from 0, of the sentences that may be read; None reads all. What
            is left out leaves a gap: the others are as old as they were.
        recent: as for `StoryTensors`.

    Raises:
        ArgumentError: `kept` is not one for each question.
    """
    if kept is not None and len(kept) != len(asked):
        raise ArgumentError(f"kept must be one for each question, {len(asked)}; got {len(kept)}")
    answers: list[ReadingAnswer] = []
    if not asked:
        return answers
    tensors = StoryTensors(asked, reader.vocabulary, recent=recent)
    for rows in torch.split(torch.arange(len(asked)), AT_ONCE):
        batch = tensors.batch(rows)
        some = [asked[row] for row in rows.tolist()]
        if kept is not None:
            batch = batch._replace(mask=batch.mask & _readable(batch, some, [kept[row] for row in rows.tolist()]))
        answers += _answers(reader, batch, some)
    return answers


def _readable(batch: Batch, asked: Sequence[Asked], kept: Sequence[Collection[int]]) -> Tensor:
    readable = torch.zeros_like(batch.mask)
    for row, (one, places) in enumerate(zip(asked, kept, strict=True)):
        columns = [len(one.sentences) - 1 - place for place in places]
        readable[row, [column for column in columns if column < batch.mask.shape[1]]] = True
    return readable


@torch.no_grad()
def _answers(reader: StoryReader, batch: Batch, asked: Sequence[Asked]) -> list[ReadingAnswer]:
    reading = reader(batch, trace=True)
    assert reading.trace is not None
    probability, label = reading.logits.softmax(-1).max(-1)
    slots = batch.mask.shape[1]
    found = []
    for row, (one, trace) in enumerate(zip(asked, reading.trace.split(), strict=True)):
        if trace.hops:
            name: str | None = reader.vocabulary.labels[int(label[row])]
            share = float(probability[row])
        else:
            name, share = None, 0.0
        found.append(ReadingAnswer(one, name, share, _told(trace, row * slots, len(one.sentences))))
    return found


def _told(trace: Trace, first: int, sentences: int) -> Trace:
    """Number the slots as the sentences were told: column 0 is the latest."""
    hops = (
        type(hop)(hop.level, tuple(link._replace(slot=sentences - 1 - (link.slot - first)) for link in hop.links))
        for hop in trace.hops
    )
    return Trace(tuple(hops), trace.cut)
