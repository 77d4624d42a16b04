"""Whether the answers of a reader rest on the sentences that their graphs say that they rest on."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import torch

from hybridattn.knowledge.reading import ReadingAnswer, StoryReader, read_stories, replays_reading

__all__ = ["ReadingFaithfulness", "reading_faithfulness"]


@dataclass(frozen=True)
class ReadingFaithfulness:
    """Shares of the answers that cite a sentence, in [0, 1] (DeYoung et al. 2020); None where there is none."""

    cited: int
    """How many answers cite a sentence."""
    replay: float | None
    """The answer, computed again from the shares of its graph alone, is the same, its probability to 1e-4."""
    sufficiency: float | None
    """Asked with the cited sentences only, the answer is the same."""
    comprehensiveness: float | None
    """Asked without the cited sentences, the answer is another, or there is none."""
    random_deletion: float | None
    """The answer changes when as many others, chosen at random, are deleted (or all others, where they are fewer)."""
    spared: int
    """How many answers have other sentences that could be deleted: `random_deletion` is the share among these."""


def reading_faithfulness(
    reader: StoryReader, answers: Sequence[ReadingAnswer], *, generator: torch.Generator
) -> ReadingFaithfulness:
    """Measure sufficiency and comprehensiveness against random deletion; what is deleted leaves a gap in time.

    Args:
        reader: gave the answers, and is asked again.
        answers: those that cite nothing are left out.
        generator: chooses the sentences that are deleted at random.
    """
    citing = [answer for answer in answers if answer.support]
    others = [_others(answer) for answer in citing]
    spared = [(answer, other) for answer, other in zip(citing, others, strict=True) if other]
    insufficient = _changed(reader, citing, [answer.support for answer in citing])
    return ReadingFaithfulness(
        len(citing),
        _share(replays_reading(reader, citing)),
        None if insufficient is None else 1 - insufficient,
        _changed(reader, citing, others),
        _changed(
            reader, [answer for answer, _ in spared], [_without(answer, other, generator) for answer, other in spared]
        ),
        len(spared),
    )


def _others(answer: ReadingAnswer) -> list[int]:
    read = {link.slot for _, link in answer.trace.links()}
    return sorted(read.difference(answer.support))


def _without(answer: ReadingAnswer, others: Sequence[int], generator: torch.Generator) -> list[int]:
    """Delete as many of the other sentences as the answer cites, or all of them."""
    order = torch.randperm(len(others), generator=generator).tolist()
    gone = {others[place] for place in order[: len(answer.support)]}
    return [place for place in range(len(answer.asked.sentences)) if place not in gone]


def _changed(reader: StoryReader, answers: Sequence[ReadingAnswer], kept: Sequence[Collection[int]]) -> float | None:
    again = read_stories(reader, [answer.asked for answer in answers], kept=kept)
    return _share(new.answer != old.answer for new, old in zip(again, answers, strict=True))


def _share(flags: Iterable[bool]) -> float | None:
    some = list(flags)
    return sum(some) / len(some) if some else None
