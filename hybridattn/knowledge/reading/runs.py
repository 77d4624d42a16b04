"""Readers from seeds: which questions are held out, a training of readers, and the reader of a run."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from hybridattn.knowledge.reading.reader import ReaderParts, StoryReader
from hybridattn.knowledge.reading.stories import Asked, StoryTensors, Vocabulary
from hybridattn.knowledge.reading.training import ReaderTrainer, Schedule
from hybridattn.knowledge.training import Training, TrainingRun
from hybridattn.running import seeded

__all__ = ["JUDGE", "held_out", "reader_of", "reader_training"]

JUDGE = "valid_loss"
SPARE = 1.5  # ages that are told apart, by the sentences of the longest story: noise in time makes stories longer


def reader_training(
    name: str,
    learnt: Sequence[Asked],
    held: Sequence[Asked],
    *,
    parts: ReaderParts | Sequence[ReaderParts] | None = None,
    schedule: Schedule | None = None,
) -> Training:
    """Make a training of readers, judged by the loss on the questions that are held out.

    Args:
        name: names the files of the runs.
        learnt: questions to learn from.
        held: questions held out; they are also part of the vocabulary.
        parts: what the readers are made of; of several kinds the runs take turns, so that validation chooses between
            them, too: seed s has kind s modulo their number. As many ages are told apart as the longest story with
            noise needs, at most `parts.span`.
        schedule: how long and how fast they learn.
    """
    vocabulary = Vocabulary.of([*learnt, *held])
    train, valid = StoryTensors(learnt, vocabulary), StoryTensors(held, vocabulary)
    longest = max([int(side.facts.shape[1]) for side in (train, valid)])
    schedule = schedule or Schedule()
    given = [parts or ReaderParts()] if parts is None or isinstance(parts, ReaderParts) else list(parts)
    kinds = [replace(kind, span=min(kind.span, 1 + int(SPARE * longest))) for kind in given]

    def build(seed: int) -> ReaderTrainer:
        reader = StoryReader(vocabulary, generator=seeded(seed, name, "weights"), parts=kinds[seed % len(kinds)])
        return ReaderTrainer(reader, train, valid, schedule=schedule)

    told = json.dumps([[*one.sentences, one.question, one.answer] for one in (*learnt, *held)])
    data = hashlib.sha256(told.encode()).hexdigest()[:16]
    settings = {"data": data, "readers": [kind.to_json() for kind in kinds], **schedule.to_json()}
    return Training(name, build, schedule.epochs, JUDGE, settings=settings)


def reader_of(training: Training, run: TrainingRun) -> StoryReader:
    """Give the reader with the weights of a run."""
    reader = training.build(run.seed).module
    assert isinstance(reader, StoryReader)
    run.into(reader)
    return reader


def held_out(stories: Sequence[int], *, every: int = 10) -> tuple[list[int], list[int]]:
    """Split questions, given the story of each, into those to learn from and those of every tenth story.

    Questions of one story share sentences, so a story is held out whole; with fewer stories the last one is.

    >>> held_out([1, 1, 2, 3], every=2)
    ([0, 1, 3], [2])
    """
    order = {story: place for place, story in enumerate(dict.fromkeys(stories), 1)}
    apart = {story for story, place in order.items() if place % every == 0} or set(list(order)[-1:])
    rows = range(len(stories))
    return [row for row in rows if stories[row] not in apart], [row for row in rows if stories[row] in apart]
