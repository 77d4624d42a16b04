"""What rules say about questions: each answer with the rules that speak for it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hybridattn.knowledge.links.constants import ConstantRules
from hybridattn.knowledge.links.counting import distinct
from hybridattn.knowledge.links.graph import Ints, TripleGraph
from hybridattn.knowledge.links.rules import FAMILIES, PathRule
from hybridattn.knowledge.links.walks import Body, Trie, walks

__all__ = ["Fired", "PathIndex", "fired", "strongest"]

PLACES = 8
"""How many rules of a family an answer is judged by, at most."""


class Fired(NamedTuple):
    """Rules that fire, row by row; a rule counts once for an answer, however many paths there are."""

    question: Ints
    answer: Ints
    family: Ints
    rule: Ints
    strength: NDArray[np.float64]


class PathIndex:
    """The path rules of each directed relation, as a trie of their bodies; an inverse relation has them reversed."""

    def __init__(self, rules: Sequence[PathRule], graph: TripleGraph) -> None:
        sides: list[list[int]] = [[] for _ in range(graph.directed)]
        for number, rule in enumerate(rules):
            sides[rule.relation].append(number)
            sides[graph.inverse(rule.relation)].append(number)
        self.numbers = [np.array(side, np.int64) for side in sides]
        self.bodies = [
            [_towards(rules[number], relation, graph) for number in side] for relation, side in enumerate(sides)
        ]
        self.tries = [Trie(bodies, graph.directed) for bodies in self.bodies]


def _towards(rule: PathRule, relation: int, graph: TripleGraph) -> Body:
    """Give the body of a rule as a question for `relation` walks it."""
    return rule.body if rule.relation == relation else tuple(int(graph.inverse(r)) for r in reversed(rule.body))


def fired(
    graph: TripleGraph,
    paths: tuple[PathIndex, NDArray[np.float64]],
    constants: tuple[ConstantRules, NDArray[np.float64]],
    relation: int,
    sources: Ints,
) -> Fired:
    """Fire all rules for the questions (source, relation, ?).

    Args:
        graph: the facts.
        paths: the path rules and their strengths.
        constants: the constant rules and their strengths; they are numbered after the path rules.
        relation: a directed relation; questions for a head have the inverse one.
        sources: (q,) entities that are asked about.
    """
    (index, of_paths), (rules, of_constants) = paths, constants
    parts, numbers = [], index.numbers[relation]
    for walked in walks(graph, sources, index.tries[relation]):
        row, body, end = distinct(walked, sources, bodies=max(len(numbers), 1), size=graph.size)
        parts.append(Fired(row, end, np.full(len(row), walked.length - 1), numbers[body], of_paths[numbers[body]]))
    for family, fire in ((3, rules.answers), (4, rules.questions)):
        row, answer, number = fire(relation, sources)
        parts.append(Fired(row, answer, np.full(len(row), family), number + len(of_paths), of_constants[number]))
    return Fired(*map(np.concatenate, zip(*parts, strict=True)))


def strongest(found: Fired, size: int) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Give each question with each of its answers, and their (a, families, k) greatest strengths in falling order."""
    key = found.question * size + found.answer
    order = np.lexsort((-found.strength, found.family, key))
    key, family = key[order], found.family[order]
    group = key * len(FAMILIES) + family
    place = np.arange(len(order)) - np.searchsorted(group, group)
    answers, row = np.unique(key, return_inverse=True)
    strengths = np.zeros((len(answers), len(FAMILIES), PLACES))
    few = place < PLACES
    strengths[row[few], family[few], place[few]] = found.strength[order][few]
    return answers // size, answers % size, strengths
