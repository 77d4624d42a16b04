"""Plain Python beside the arrays: all simple paths of a small graph, composed from the source outward."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

Number = Fraction | float


class Row(NamedTuple):
    source: int
    target: int
    frequency: Number
    confidence: Number
    observations: frozenset[int]


def deduce(new: tuple[Number, Number], so_far: tuple[Number, Number]) -> tuple[Number, Number]:
    """The formula of nars.md section 1: f = f1 f2, c = c1 c2 f1 f2."""
    frequency = new[0] * so_far[0]
    return frequency, new[1] * so_far[1] * frequency


def revise(one: tuple[Number, Number], other: tuple[Number, Number]) -> tuple[Number, Number]:
    """Evidence adds up: w = c/(1 - c), w+ = f w."""
    weights = [confidence / (1 - confidence) for _, confidence in (one, other)]
    total = sum(weights)
    if not total:
        return Fraction(1, 2), total
    return (one[0] * weights[0] + other[0] * weights[1]) / total, total / (total + 1)


def premises(rows: Sequence[Row]) -> list[Row]:
    """Revise duplicates, surest first, while they rest on separate observations; leave out loops."""
    pairs: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        if row.source != row.target:
            pairs.setdefault((row.source, row.target), []).append(row)
    revised = []
    for (source, target), same in pairs.items():
        first, *rest = sorted(same, key=lambda row: (-row.confidence, -row.frequency, sorted(row.observations)))
        truth, seen = (first.frequency, first.confidence), first.observations
        for row in rest:
            if seen.isdisjoint(row.observations):
                truth, seen = revise(truth, (row.frequency, row.confidence)), seen | row.observations
        revised.append(Row(source, target, *truth, seen))
    return revised


def paths(rows: Sequence[Row], source: int) -> Iterator[tuple[Row, ...]]:
    """All simple paths from `source` that rest on no observation twice."""
    waiting: list[tuple[Row, ...]] = [(row,) for row in rows if row.source == source]
    while waiting:
        path = waiting.pop()
        yield path
        seen = frozenset[int]().union(*(row.observations for row in path))
        nodes = {source, *(row.target for row in path)}
        waiting += [
            (*path, row)
            for row in rows
            if row.source == path[-1].target and row.target not in nodes and seen.isdisjoint(row.observations)
        ]


def valued(path: Sequence[Row]) -> tuple[Number, Number]:
    truth = path[0].frequency, path[0].confidence
    for row in path[1:]:
        truth = deduce((row.frequency, row.confidence), truth)
    return truth


def best(rows: Sequence[Row]) -> dict[tuple[int, int], tuple[Number, Number]]:
    """The surest conclusion of every pair, of equally sure ones the more frequent."""
    found: dict[tuple[int, int], tuple[Number, Number]] = {}
    given = premises(rows)
    for source in {row.source for row in given}:
        for path in paths(given, source):
            truth = valued(path)
            if len(path) > 1 and truth[1] <= 0:
                continue
            pair = source, path[-1].target
            if pair not in found or (truth[1], truth[0]) > (found[pair][1], found[pair][0]):
                found[pair] = truth
    return found
