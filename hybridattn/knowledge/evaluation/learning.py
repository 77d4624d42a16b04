"""What learns to answer stories from stories with answers: by counting, or by gradient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from hybridattn.knowledge.evaluation.faithfulness import Answerer
from hybridattn.knowledge.rules import Composer, RuleMemory, RuleSource, Story
from hybridattn.knowledge.rules.memory import ROUNDS
from hybridattn.knowledge.rules.story import paths_of, walk_of
from hybridattn.knowledge.training import TrainingProgress, train_runs
from hybridattn.knowledge.vectors import ChainReader, chain_training
from hybridattn.reasoning import Term

__all__ = ["CountedRules", "Learner", "Learnt", "TrainedReader", "learn_stories"]


class Learnt(NamedTuple):
    """What came of learning."""

    answerer: Answerer
    rules: RuleSource
    """What the answers rest on."""
    skipped: int
    """Stories without a path of two facts or more from source to target."""


class Learner(Protocol):
    """Learns to answer stories."""

    def __call__(self, stories: Sequence[Story], *, ordered: bool) -> Learnt:
        """Learn from stories with answers, which are walks if ordered."""
        ...


@dataclass(frozen=True)
class CountedRules:
    """Counts what relations compose to (see `learn_stories`)."""

    rounds: int = ROUNDS

    def __call__(self, stories: Sequence[Story], *, ordered: bool) -> Learnt:
        """See `Learner`."""
        rules, skipped = learn_stories(stories, rounds=self.rounds)
        return Learnt(Composer(rules), rules, skipped)


@dataclass(frozen=True)
class TrainedReader:
    """Trains a `ChainReader` by gradient, from one seed; a folder keeps the run, and goes on with it."""

    seed: int
    folder: Path | None = None
    progress: Callable[[TrainingProgress], None] | None = None

    def __call__(self, stories: Sequence[Story], *, ordered: bool) -> Learnt:
        """See `Learner`."""
        training = chain_training(stories, ordered=ordered)
        [run] = train_runs(training, [self.seed], folder=self.folder, progress=self.progress)
        reader = training.build(self.seed).module
        assert isinstance(reader, ChainReader)
        run.into(reader)
        return Learnt(reader, reader.rules, sum(len(_path(story)) < 2 for story in stories))


def learn_stories(stories: Sequence[Story], *, rounds: int = ROUNDS, decay: float = 1.0) -> tuple[RuleMemory, int]:
    """Learn rules from stories with answers: the memory, and how many stories had nothing to compose.

    A story is the walk that it tells, or else the shortest path from its source to its target. A pair of people that
    is related both ways, by facts or by the answer, shows what a relation is the other way round.
    """
    names = {fact.relation for story in stories for fact in story.facts} | {s.relation for s in stories if s.relation}
    rules = RuleMemory(sorted(names), decay=decay)
    examples, turns = [], []
    for story in stories:
        path = _path(story)
        if len(path) > 1 and story.relation is not None:
            examples.append((path, story.relation))
        turns += _both_ways(story)
    rules.learn(examples, rounds=rounds)
    rules.learn_inverses(turns)
    return rules, len(stories) - len(examples)


def _path(story: Story) -> list[str]:
    links = next(iter(walk_of(story).found or paths_of(story, most=1).found), ())
    return [link.fact.relation for link in links]


def _both_ways(story: Story) -> list[tuple[str, str]]:
    stated = [(fact.source, fact.relation, fact.target) for fact in story.facts]
    if story.relation is not None:
        stated.append((story.source, story.relation, story.target))
    said: dict[tuple[Term, Term], list[str]] = {}
    for source, relation, target in stated:
        said.setdefault((source, target), []).append(relation)
    return [
        (one, other)
        for (source, target), some in said.items()
        if source != target
        for one in some
        for other in said.get((target, source), ())
    ]
