"""Whether an answer rests on what its proof says that it rests on (DeYoung et al. 2020; Dalvi et al. 2021)."""

from collections.abc import Hashable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

import torch

from hybridattn.errors import DerivationError
from hybridattn.knowledge.rules import RuleAnswer, Story
from hybridattn.reasoning import Atom, Fact, inheritance, product, replay

__all__ = ["Answerer", "Faithfulness", "SetScores", "faithfulness", "replays", "set_scores"]


class Answerer(Protocol):
    """Whatever answers stories with proofs: a `Composer`, or a `StoryReader`."""

    @property
    def premises(self) -> tuple[Fact, ...]:
        """The rules that proofs may cite."""
        ...

    def answer(self, stories: Sequence[Story], *, ordered: bool = False) -> Sequence[RuleAnswer]:
        """Answer stories, in order."""
        ...


@dataclass(frozen=True)
class Faithfulness:
    """Shares of the answers with a proof, in [0, 1]; None where there is none to look at."""

    answered: int
    """How many answers have a proof."""
    replay: float | None
    """The proof, replayed from the cited facts of the story and rules alone, gives the answer and its truth."""
    sufficiency: float | None
    """Asked with the cited facts only, the answer is the same."""
    comprehensiveness: float | None
    """Asked without the cited facts, the answer is another, or there is none."""
    random_deletion: float | None
    """The answer changes when as many others, chosen at random, are deleted (or all others, where they are fewer)."""
    spared: int
    """How many answers have other facts that could be deleted: `random_deletion` is the share among these."""


@dataclass(frozen=True)
class SetScores:
    """How far what was found is what was wanted, counted over all answers together."""

    precision: float
    recall: float
    f1: float


def set_scores(pairs: Iterable[tuple[AbstractSet[Hashable], AbstractSet[Hashable]]]) -> SetScores | None:
    """Compare pairs (found, wanted) of sets, all counted together: precision, recall and F1; None without any wanted.

    >>> set_scores([({1, 2}, {2, 3}), ({4}, {4})])
    SetScores(precision=0.6666666666666666, recall=0.6666666666666666, f1=0.6666666666666666)
    """
    counted = [(len(found & wanted), len(found), len(wanted)) for found, wanted in pairs]
    both, found, wanted = (sum(some) for some in zip(*counted, strict=True)) if counted else (0, 0, 0)
    if not wanted:
        return None
    precision = both / found if found else 0.0
    return SetScores(precision, both / wanted, 2 * both / (found + wanted))


def replays(answer: RuleAnswer, rules: Iterable[Fact]) -> bool:
    """Tell whether the proof, from the facts of the story and `rules` alone, gives the answer and its truth.

    Every leaf must be a fact of the story or a rule, as it stands there.
    """
    if answer.derivation is None or answer.relation is None:
        return False
    try:
        again = replay(answer.derivation, (*answer.story.facts, *rules))
    except DerivationError:
        return False
    wanted = inheritance(product(answer.story.source, answer.story.target), Atom(answer.relation))
    named, truth = dict(answer.candidates)[answer.relation], again.truth
    close = max(abs(named.frequency - truth.frequency), abs(named.confidence - truth.confidence)) < 1e-9
    return again.term == wanted and close


def faithfulness(
    answerer: Answerer, answers: Sequence[RuleAnswer], *, generator: torch.Generator, ordered: bool = False
) -> Faithfulness:
    """Measure replay, sufficiency and comprehensiveness against random deletion.

    Args:
        answerer: gave the answers, and is asked again.
        answers: those without a proof are left out.
        generator: chooses the facts that are deleted at random.
        ordered: as the answers were asked for.
    """
    proven = [answer for answer in answers if answer.derivation is not None]
    rules = answerer.premises
    others = [[fact for fact in answer.story.facts if fact.id not in answer.cited] for answer in proven]
    spared = [(answer, other) for answer, other in zip(proven, others, strict=True) if other]
    only = [[fact for fact in answer.story.facts if fact.id in answer.cited] for answer in proven]
    left = [_without(answer, other, generator) for answer, other in spared]

    def changed(some: Sequence[RuleAnswer], facts: Sequence[Sequence[Fact]]) -> float | None:
        asked = [answer.story.with_facts(kept) for answer, kept in zip(some, facts, strict=True)]
        again = answerer.answer(asked, ordered=ordered)
        return _share(new.relation != old.relation for new, old in zip(again, some, strict=True))

    insufficient = changed(proven, only)
    return Faithfulness(
        len(proven),
        _share(replays(answer, rules) for answer in proven),
        None if insufficient is None else 1 - insufficient,
        changed(proven, others),
        changed([answer for answer, _ in spared], left),
        len(spared),
    )


def _without(answer: RuleAnswer, others: Sequence[Fact], generator: torch.Generator) -> list[Fact]:
    """Delete as many of the other facts as the proof cites, or all of them."""
    order = torch.randperm(len(others), generator=generator).tolist()
    gone = {others[place].id for place in order[: len(answer.cited)]}
    return [fact for fact in answer.story.facts if fact.id not in gone]


def _share(flags: Iterable[bool]) -> float | None:
    some = list(flags)
    return sum(some) / len(some) if some else None
