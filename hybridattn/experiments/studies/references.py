"""What theory says about the points that an experiment measured."""

from collections.abc import Iterable
from dataclasses import replace

from hybridattn.experiments.reference import Question, Reference
from hybridattn.experiments.setup import Setup

__all__ = ["references"]


def references(setup: Setup, varied: str, points: Iterable[tuple[str, float, int, float]]) -> list[Reference]:
    """Ask the theory of every memory that took part; points are (memory, what was varied, patterns, closest).

    A line that two memories share is about none of them in particular.
    """
    found: dict[str, Reference] = {}
    known = list(points)
    for one in setup.contenders:
        mine = [point[1:] for point in known if point[0] == one.name]
        values, stored, closest = zip(*mine, strict=True)
        question = Question(varied, sorted(set(values)), setup.source.name, setup.source.dim, max(stored), min(closest))
        for reference in (reference for theory in one.theory for reference in theory(question)):
            twice = reference.label in found
            found[reference.label] = replace(reference, of=None if twice else one.name)
    return list(found.values())
