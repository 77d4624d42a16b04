"""An answer computed again from its graph: from the shares of the sentences, without attention."""

from collections.abc import Sequence

import torch
from torch import Tensor

from hybridattn.knowledge.reading.answer import ReadingAnswer
from hybridattn.knowledge.reading.reader import StoryReader
from hybridattn.knowledge.reading.stories import StoryTensors
from hybridattn.memory import BatchedSlots

__all__ = ["replays_reading"]

CLOSE = 1e-4
AT_ONCE = 256


def replays_reading(reader: StoryReader, answers: Sequence[ReadingAnswer]) -> list[bool]:
    """Tell of each answer whether its graph gives it, with the same probability to 1e-4.

    Each hop sums what the sentences say by the shares that stand in the trace; nothing is compared with a query. So
    the answer rests on what its graph shows, and on nothing beside. An answer without evidence replays where its trace
    is empty.
    """
    found: list[bool] = []
    for start in range(0, len(answers), AT_ONCE):
        found += _replay(reader, answers[start : start + AT_ONCE])
    return found


@torch.no_grad()
def _replay(reader: StoryReader, answers: Sequence[ReadingAnswer]) -> list[bool]:
    longest = max(len(answer.asked.sentences) for answer in answers)
    tensors = StoryTensors([answer.asked for answer in answers], reader.vocabulary, recent=max(1, longest))
    query, levels = reader.walked(tensors.batch(torch.arange(len(answers))))
    for shares, level in zip(_shares(answers, reader.parts.hops, longest), levels, strict=True):
        assert isinstance(level.memory, BatchedSlots)
        query = level.link(query, (shares.to(query.dtype).unsqueeze(1) @ level.memory.values)[:, 0])
    probability, label = reader.answered(query).softmax(-1).max(-1)
    return [
        answer.answer == reader.vocabulary.labels[number] and abs(answer.probability - share) < CLOSE
        if answer.trace.hops
        else answer.answer is None
        for answer, number, share in zip(answers, label.tolist(), probability.tolist(), strict=True)
    ]


def _shares(answers: Sequence[ReadingAnswer], hops: int, slots: int) -> Tensor:
    """Give the shares of all sentences, the latest first, in each hop: (hops, b, n)."""
    shares = torch.zeros(hops, len(answers), slots, dtype=torch.float64)
    for row, answer in enumerate(answers):
        for hop, link in answer.trace.links():
            shares[hop - 1, row, len(answer.asked.sentences) - 1 - link.slot] = link.share
    return shares
