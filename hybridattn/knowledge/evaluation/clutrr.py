"""CLUTRR: rules from short stories, answers to longer ones, with the faithfulness of every proof."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from hybridattn.errors import FactsError
from hybridattn.knowledge.datasets.clutrr import GoldStep, KinStory, Triple, read_clutrr
from hybridattn.knowledge.evaluation.faithfulness import Answerer, Faithfulness, SetScores, faithfulness, set_scores
from hybridattn.knowledge.evaluation.learning import CountedRules, Learner
from hybridattn.knowledge.rules import RuleAnswer, Story, rule_text
from hybridattn.knowledge.rules.memory import ROUNDS
from hybridattn.reasoning import Compound, Statement, Term
from hybridattn.reasoning.fact import plain_name

__all__ = ["ClutrrFile", "ClutrrReport", "evaluate_clutrr", "evaluate_clutrr_runs"]


@dataclass(frozen=True)
class ClutrrFile:
    """What came of one test file; shares are in [0, 1]."""

    file: str
    hops: int | None
    """Facts with a relation in each story; None where stories differ."""
    stories: int
    correct: int
    accuracy: float
    no_evidence: int
    """Stories without an answer, which count as wrong."""
    unlabelled: int
    """Edges without a relation, which were not used."""
    faithfulness: Faithfulness
    steps: SetScores | None
    """Compositions (premises and conclusion) of the proofs against those of `proof_state`, where there is one."""
    intermediates: SetScores | None
    """The same for what the compositions conclude."""
    same_proof: float | None
    """The share of proofs that have just the steps of `proof_state`."""
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Give plain data: one level, but for `steps` and `intermediates`."""
        data = asdict(self)
        return {**{key: value for key, value in data.items() if key != "faithfulness"}, **data["faithfulness"]}


@dataclass(frozen=True)
class ClutrrReport:
    """What came of a training and all test files."""

    files: tuple[ClutrrFile, ...]
    ordered: bool
    trained: int
    """Stories that were learnt from."""
    skipped: int
    """Training stories without a path of two facts or more from source to target."""
    rules: int
    """Rules that are followed."""
    narsese: tuple[str, ...]
    """The rules, those of the highest expectation first."""
    training_seconds: float
    seconds: float
    """Reading, training and answering, all together."""

    def to_json(self) -> dict[str, Any]:
        """Give plain data, without the rules: `files` holds one object a file."""
        own = {key: getattr(self, key) for key in self.__dataclass_fields__ if key not in ("files", "narsese")}
        return {"files": [one.to_json() for one in self.files], **own}


def evaluate_clutrr(
    train: Iterable[str | Path],
    test: Iterable[str | Path],
    *,
    generator: torch.Generator,
    ordered: bool = True,
    rounds: int = ROUNDS,
    learner: Learner | None = None,
) -> ClutrrReport:
    """Learn rules from training files, and answer test files: accuracy and faithfulness of each.

    Args:
        train: files to learn from (see `read_clutrr`).
        test: files to answer.
        generator: chooses the facts that are deleted at random.
        ordered: take the facts of a story as a walk, in the order of the file; otherwise as an unordered graph.
        rounds: as for `RuleMemory.learn`.
        learner: what learns, `CountedRules(rounds)` if None.

    Raises:
        FactsError: no file to learn from or to answer, or one that cannot be read.
    """
    learner = CountedRules(rounds) if learner is None else learner
    [report] = evaluate_clutrr_runs(train, test, runs=[(learner, generator)], ordered=ordered)
    return report


def evaluate_clutrr_runs(
    train: Iterable[str | Path],
    test: Iterable[str | Path],
    *,
    runs: Iterable[tuple[Learner, torch.Generator]],
    ordered: bool = True,
) -> list[ClutrrReport]:
    """Evaluate several learners on the same files, which are read once: as `evaluate_clutrr`, a report for each."""
    start = time.perf_counter()
    train, test = list(train), list(test)
    if not train or not test:
        raise FactsError(f"expected files to train and to test; got {len(train)} and {len(test)}")
    tests = [(str(path), read_clutrr(path)) for path in test]
    stories = [row.story for path in train for row in read_clutrr(path)]
    reading = time.perf_counter() - start
    return [_report(stories, tests, learner, generator, ordered, reading) for learner, generator in runs]


def _report(
    stories: Sequence[Story],
    tests: Sequence[tuple[str, Sequence[KinStory]]],
    learner: Learner,
    generator: torch.Generator,
    ordered: bool,
    reading: float,
) -> ClutrrReport:
    before = time.perf_counter()
    answerer, rules, skipped = learner(stories, ordered=ordered)
    trained = time.perf_counter()
    files = tuple(_file(path, rows, answerer, generator, ordered) for path, rows in tests)
    seconds = reading + time.perf_counter() - before
    text, learnt = tuple(rule_text(rules)), len(stories) - skipped
    return ClutrrReport(files, ordered, learnt, skipped, len(text), text, trained - before, seconds)


def _file(
    path: str, rows: Sequence[KinStory], answerer: Answerer, generator: torch.Generator, ordered: bool
) -> ClutrrFile:
    start = time.perf_counter()
    answers = answerer.answer([row.story for row in rows], ordered=ordered)
    hops = {len(row.story.facts) for row in rows}
    correct = sum(answer.relation == answer.story.relation for answer in answers)
    golden = [(_steps(answer), frozenset(row.gold)) for answer, row in zip(answers, rows, strict=True) if row.gold]
    return ClutrrFile(
        path,
        hops.pop() if len(hops) == 1 else None,
        len(rows),
        correct,
        correct / len(rows),
        sum(answer.relation is None for answer in answers),
        sum(row.unlabelled for row in rows),
        faithfulness(answerer, answers, generator=generator, ordered=ordered),
        set_scores(golden),
        set_scores([(_conclusions(found), _conclusions(gold)) for found, gold in golden]),
        sum(found == gold for found, gold in golden) / len(golden) if golden else None,
        time.perf_counter() - start,
    )


def _conclusions(steps: Iterable[GoldStep]) -> frozenset[Triple]:
    return frozenset(conclusion for conclusion, _ in steps)


def _steps(answer: RuleAnswer) -> frozenset[GoldStep]:
    """Give the compositions of a proof: two conditional deductions each, a rule with one statement and then another."""
    if answer.derivation is None:
        return frozenset()
    known = {f"fact:{fact.id}": fact.judgement.term for fact in answer.derivation.facts}
    halves: dict[str, str] = {}
    found = []
    for place, step in enumerate(answer.derivation.steps):
        name, (first, second) = f"step:{place}", step.premises
        known[name] = step.conclusion.term
        if _is_rule(step.conclusion.term):
            halves[name] = second
        elif first in halves:
            premises = frozenset((_triple(known[halves[first]]), _triple(known[second])))
            found.append((_triple(step.conclusion.term), premises))
    return frozenset(found)


def _is_rule(term: Term) -> bool:
    return isinstance(term, Statement) and term.copula == "==>"


def _triple(term: Term) -> Triple:
    assert isinstance(term, Statement)
    assert isinstance(term.subject, Compound)
    source, target = term.subject.parts
    return plain_name(source), plain_name(term.predicate), plain_name(target)
