"""Link prediction: which entities complete (head, relation, ?), by rules that were counted from triples."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.links.aggregation import Aggregation, Graded
from hybridattn.knowledge.links.answer import LinkAnswer
from hybridattn.knowledge.links.constants import ConstantRules, constant_rules
from hybridattn.knowledge.links.firing import Fired, PathIndex, fired, strongest
from hybridattn.knowledge.links.graph import Ints, TripleGraph
from hybridattn.knowledge.links.mining import Mining, path_rules
from hybridattn.knowledge.links.proofs import Prover
from hybridattn.knowledge.links.rules import PathRule, Rule

__all__ = ["LinkPredictor", "Scored"]

BATCH = 64
"""Questions at once."""


class Scored(NamedTuple):
    """Answers to numbered questions: every entity that some rule speaks for; all others have the score 0."""

    question: Ints
    answer: Ints
    score: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinkPredictor:
    """Rules over a graph, and how what they say of an answer becomes its score.

    >>> family = [(a, "parent", b) for a, b in ("ab", "bc", "cd", "de", "ef")]
    >>> family += [(a, "grandparent", b) for a, b in ("ac", "bd", "ce")]
    >>> predictor = LinkPredictor.learn(TripleGraph.of(family), generator=torch.Generator().manual_seed(0))
    >>> best, = predictor.tails("d", "grandparent", top=1)
    >>> best.entity, str(best.rules[0])
    ('f', '<(&&, <(*, $1, $2) --> parent>, <(*, $2, $3) --> parent>) ==> <(*, $1, $3) --> grandparent>>. %0.75;0.80%')
    >>> print(best)
    <(*, d, f) --> grandparent>. %0.75;0.3645%
    """

    graph: TripleGraph
    paths: tuple[PathRule, ...]
    constants: ConstantRules
    mining: Mining = field(default_factory=Mining)
    aggregation: Aggregation = field(default_factory=Graded)

    @classmethod
    def learn(
        cls,
        graph: TripleGraph,
        *,
        generator: torch.Generator,
        mining: Mining | None = None,
        aggregation: Aggregation | None = None,
    ) -> "LinkPredictor":
        """Count the rules of a graph.

        Args:
            graph: the triples that are known.
            generator: draws the walks that propose rules where there are too many to take all.
            mining: which rules are kept, by default `Mining()`.
            aggregation: how rules are put together, by default `Graded()`.
        """
        mining = Mining() if mining is None else mining
        paths = path_rules(graph, mining, generator=generator)
        how = Graded() if aggregation is None else aggregation
        return cls(graph, paths, constant_rules(graph, mining), mining, how)

    @property
    def rules(self) -> int:
        """The number of rules; path rules come first."""
        return len(self.paths) + len(self.constants)

    def rule(self, number: int) -> Rule:
        """Give a rule by its number."""
        return self.paths[number] if number < len(self.paths) else self.constants.rule(number - len(self.paths))

    def tails(self, head: str, relation: str, *, top: int = 10) -> tuple[LinkAnswer, ...]:
        """Answer (head, relation, ?), best first; known triples are not left out.

        Raises:
            UnknownTermError: the graph has no such entity or relation.
            ArgumentError: `top` is less than 1.
        """
        return self._answers(self.graph.entity(head), self.graph.relation(relation), top)

    def heads(self, relation: str, tail: str, *, top: int = 10) -> tuple[LinkAnswer, ...]:
        """Answer (?, relation, tail), best first; as `tails`."""
        return self._answers(self.graph.entity(tail), self.graph.inverse(self.graph.relation(relation)), top)

    def scored(self, relation: int, sources: Sequence[int] | Ints) -> Iterator[tuple[Scored, slice]]:
        """Score all answers to the questions (source, relation, ?), batch by batch; an inverse relation asks for heads.

        Each batch comes with the part of `sources` that it is; its questions are numbered from 0.
        """
        numbers = np.asarray(sources, np.int64)
        for low, high in pairwise([*range(0, len(numbers), BATCH), len(numbers)]):
            found = self._fired(relation, numbers[low:high])
            question, answer, strengths = strongest(found, self.graph.size)
            yield Scored(question, answer, self.aggregation.scores(strengths)), slice(low, high)

    def with_aggregation(self, aggregation: Aggregation) -> "LinkPredictor":
        """Give the same rules, put together in another way."""
        return LinkPredictor(self.graph, self.paths, self.constants, self.mining, aggregation)

    def _answers(self, source: int, relation: int, top: int) -> tuple[LinkAnswer, ...]:
        if top < 1:
            raise ArgumentError(f"top must be at least 1; got {top!r}")
        found = self._fired(relation, np.array([source]))
        _, answer, strengths = strongest(found, self.graph.size)
        if not len(answer):
            return ()
        scores = self.aggregation.scores(strengths)
        prover = Prover(self.graph, source, relation)
        best = np.lexsort((answer, -scores))[:top]
        return tuple(self._answer(prover, found, int(answer[i]), float(scores[i])) for i in best)

    def _answer(self, prover: Prover, found: Fired, answer: int, score: float) -> LinkAnswer:
        """Prove an answer by the strongest rule of each family; of equals by the one that was found first."""
        mine = np.flatnonzero(found.answer == answer)
        mine = mine[np.argsort(-found.strength[mine], kind="stable")]
        _, first = np.unique(found.family[mine], return_index=True)
        numbers = [int(found.rule[mine[i]]) for i in sorted(first)]
        rules = [(number, self.rule(number)) for number in numbers]
        return prover.answer(answer, rules, score)

    def _fired(self, relation: int, sources: Ints) -> Fired:
        paths, constants = (self._index, self._strengths[0]), (self.constants, self._strengths[1])
        return fired(self.graph, paths, constants, relation, sources)

    @cached_property
    def _index(self) -> PathIndex:
        return PathIndex(self.paths, self.graph)

    @cached_property
    def _strengths(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        evidence = np.array([(rule.w_plus, rule.w) for rule in self.paths]).reshape(-1, 2)
        strength = self.mining.strength
        return strength(evidence[:, 0], evidence[:, 1]), strength(self.constants.w_plus, self.constants.w)
