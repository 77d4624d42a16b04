"""Level two of multilevel attention: what relations compose to, learnt from examples as Hebbian evidence."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.rules.evidence import Implied, RuleEvidence, numbered
from hybridattn.knowledge.rules.soft import expected_counts
from hybridattn.memory import HebbianMemory

__all__ = ["Example", "RuleMemory", "checked_relations", "tensors_of", "weighed"]

Example = tuple[Sequence[str], str]
"""The relations along a path, two or more, and the relation of its ends."""

ROUNDS = 2  # the second sees what the first has completed, so that rules known from longer examples alone spread
SLACK = 1 + 1e-6  # what rounding adds to evidence that was printed and read
CHUNK = 1024  # pairs that are written at once


def checked_relations(relations: Iterable[str]) -> tuple[str, ...]:
    """Give the names as a tuple; raises ArgumentError unless there is one, and all are different texts."""
    names = tuple(relations)
    if isinstance(relations, str) or not names or not all(isinstance(name, str) and name for name in names):
        raise ArgumentError(f"relations must be at least one name; got {relations!r}")
    if len(set(names)) < len(names):
        twice = next(name for name, times in Counter(names).items() if times > 1)
        raise ArgumentError(f"relations must be different; got {twice!r} twice")
    return names


class RuleMemory(nn.Module):
    """A Hebbian memory from pairs of relations to relations, whose synapses are NARS implications.

    The key is the pair (r1, r2), one unit each; the value is the relation r3, and `Induction` counts: an example adds
    w+ to its own conclusion and w to every conclusion of its pair, so that the rule r1 r2 -> r3 has f = w+ / w and
    c = w / (w + 1). Longer examples are completed by expectation over all bracketings. A second Hebbian memory counts
    in the same way what a relation is the other way round; a symmetric relation is its own inverse there, and one that
    leaves others as they are composes as r1 r2 -> r2. A third counts which relations imply others of the same two.
    Evidence is dense, R^3 float64: for up to about a hundred
    relations.

    Args:
        relations: the names of the R relations.
        decay: what each example leaves of all the evidence before it, in (0, 1]; 1 forgets nothing.

    >>> rules = RuleMemory(["parent", "grandparent"])
    >>> rules.learn([(("parent", "parent"), "grandparent")] * 3)
    >>> rules.truth("parent", "parent", "grandparent")
    (1.0, 0.75)
    """

    def __init__(self, relations: Iterable[str], *, decay: float = 1.0) -> None:
        super().__init__()
        self.relations = checked_relations(relations)
        if not 0 < decay <= 1:
            raise ArgumentError(f"decay must be in (0, 1]; got {decay}")
        self.decay = float(decay)
        size = len(self.relations)
        self.compositions = HebbianMemory(size * size, size)
        self.inverses = HebbianMemory(size, size)
        self.implications = HebbianMemory(size, size)

    def arguments(self) -> dict[str, Any]:
        """Give the constructor's arguments of an empty memory of this form."""
        return {"relations": list(self.relations), "decay": self.decay}

    def learn(self, examples: Iterable[Example], *, rounds: int = ROUNDS) -> None:
        """Count examples, the oldest first: pairs as they are, longer paths by expectation over all bracketings.

        The expectation is over the evidence so far, with P(r3 | r1, r2) = (w+ + 1/R) / (w + 1), for shorter examples
        before longer ones; a further round expects again, with what the round before has completed in place of what
        it had (EM, Dempster, Laird and Rubin 1977). An example of k relations counts k - 1 compositions in all.

        Raises ArgumentError, and then counts nothing: a relation is unknown, a path shorter than two, or rounds is
        not at least 1.
        """
        if rounds < 1:
            raise ArgumentError(f"rounds must be at least 1; got {rounds}")
        paths = [(tuple(path), conclusion) for path, conclusion in examples]
        counted = weighed(self.relations, paths, decay=self.decay)
        self.forget(self.decay ** len(paths))
        self._write(_counts(counted.pop(2, {}), len(self.relations)))
        expected: dict[int, Tensor] = {}
        nothing = torch.zeros_like(self.evidence().composed)
        for _ in range(rounds if counted else 0):
            for length in sorted(counted):
                before = self.probabilities(sum(expected.values(), nothing))
                expected[length] = expected_counts(*tensors_of(counted[length]), before)
        for part in expected.values():
            self._write(part)

    def learn_inverses(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Count pairs (r, s), each of which was stated as r one way and as s the other way, for r -> s alone.

        Raises ArgumentError where a relation is unknown, and then counts nothing.
        """
        self._write_pairs(self.inverses, pairs)

    def learn_implications(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Count pairs (r, s), each of two things that were stated to be in r and in s as well, for r -> s alone.

        Raises ArgumentError where a relation is unknown, and then counts nothing.
        """
        self._write_pairs(self.implications, pairs)

    def add(self, path: Sequence[str], positive: Mapping[str, float], *, total: float) -> None:
        """Add evidence w for what two relations compose to, or what one is the other way round, and w+ of conclusions.

        Raises ArgumentError unless the path has one or two known relations and the w+ sum to at most w.
        """
        key, ends = numbered(self.relations, path), numbered(self.relations, positive)
        if len(key) not in (1, 2) or min(positive.values(), default=0) < 0 or sum(positive.values()) > total * SLACK:
            what = ", ".join(f"{name} {count:g}" for name, count in positive.items())
            raise ArgumentError(f"{' '.join(path)}: one or two relations with w+ that sum to w = {total:g}; got {what}")
        memory, row = (self.inverses, key[0]) if len(key) == 1 else (self.compositions, self._key(*key))
        _add(memory, row, dict(zip(ends, positive.values(), strict=True)), total)

    def add_implied(self, relation: str, conclusion: str, *, positive: float, total: float) -> None:
        """Add evidence that a relation implies another of the same two; what others it implies is not touched.

        A relation may imply several, so that w+ of different conclusions need not sum to w; w is the largest given.

        Raises ArgumentError unless both are known and 0 <= positive <= total.
        """
        key, end = numbered(self.relations, (relation, conclusion))
        if not 0 <= positive <= total * SLACK:
            raise ArgumentError(f"{relation} -> {conclusion}: expected 0 <= w+ <= w; got {positive:g} and {total:g}")
        memory = self.implications
        more = max(0.0, total - float(memory.total[key, 0]))
        _add(memory, key, {end: positive}, more)

    def forget(self, share: float) -> None:
        """Multiply all evidence by a share in (0, 1]: frequencies stay, confidence falls."""
        self.compositions.forget(share)
        self.inverses.forget(share)
        self.implications.forget(share)

    def evidence(self) -> RuleEvidence:
        """Give the counts of all rules."""
        size = len(self.relations)
        composed = self.compositions.positive.reshape(size, size, size)
        pairs = self.compositions.total[:, 0].reshape(size, size)
        return RuleEvidence(composed, pairs, self.inverses.positive, self.inverses.total[:, 0])

    def implied(self) -> Implied:
        """Give the counts of which relations imply others."""
        return Implied(self.implications.positive, self.implications.total[:, 0])

    def probabilities(self, expected: Tensor | None = None) -> Tensor:
        """Give P(r3 | r1, r2) = (w+ + 1/R) / (w + 1), (R, R, R): the expectation of R exclusive conclusions.

        `expected` (R, R, R) holds further w+.
        """
        composed, pairs, *_ = self.evidence()
        if expected is not None:
            composed, pairs = composed + expected, pairs + expected.sum(-1)
        return (composed + 1 / len(self.relations)) / (pairs + 1).unsqueeze(-1)

    def truth(self, first: str, second: str, conclusion: str) -> tuple[float, float]:
        """Give (f, c) of one composition; (.5, 0) where nothing is known of the pair."""
        *pair, end = numbered(self.relations, (first, second, conclusion))
        frequency, confidence = (part[self._key(*pair), end] for part in self.compositions.truth())
        return float(frequency), float(confidence)

    def turned_truth(self, relation: str, conclusion: str) -> tuple[float, float]:
        """Give (f, c) that the one is the other the other way round; a relation is symmetric as it is its own."""
        return _truth(self.inverses, *numbered(self.relations, (relation, conclusion)))

    def implied_truth(self, relation: str, conclusion: str) -> tuple[float, float]:
        """Give (f, c) that two in the one relation are in the other as well."""
        return _truth(self.implications, *numbered(self.relations, (relation, conclusion)))

    def identity_truth(self, relation: str) -> tuple[float, float]:
        """Give (f, c) that a relation leaves what follows it as it is, r1 r2 -> r2, over all r2 that were seen."""
        [key] = numbered(self.relations, (relation,))
        composed, pairs, *_ = self.evidence()
        positive, total = float(composed[key].diagonal().sum()), float(pairs[key].sum())
        return (positive / total if total else 0.5), total / (total + 1)

    def extra_repr(self) -> str:
        """Describe the memory in one line."""
        return f"{len(self.relations)} relations, decay={self.decay}"

    def _key(self, first: int, second: int) -> int:
        return first * len(self.relations) + second

    def _write_pairs(self, memory: HebbianMemory, pairs: Iterable[tuple[str, str]]) -> None:
        places = torch.tensor([numbered(self.relations, pair) for pair in pairs], dtype=torch.long).reshape(-1, 2)
        hot = torch.nn.functional.one_hot(places, len(self.relations)).double()
        if len(hot):
            memory.write(hot[:, 0], hot[:, 1])

    def _write(self, counts: Tensor) -> None:
        """Write counts (R, R, R) as one graded event a pair: how often seen, and the share of each conclusion."""
        flat = counts.flatten(0, 1)
        for pairs in torch.split((flat.sum(1) > 0).nonzero().squeeze(1), CHUNK):
            seen = flat[pairs].sum(1)
            keys = torch.zeros(len(pairs), len(flat), dtype=flat.dtype)
            keys[torch.arange(len(pairs)), pairs] = 1.0
            shares = flat[pairs] / seen.unsqueeze(1)
            self.compositions.write(keys, shares.clamp_max(1.0), evidence=seen.unsqueeze(1).expand(-1, 2))


def _add(memory: HebbianMemory, row: int, positive: Mapping[int, float], total: float) -> None:
    memory.total[row] += total
    memory.positive[row, list(positive)] += torch.tensor(list(positive.values()), dtype=torch.float64)
    torch.minimum(memory.positive, memory.total, out=memory.positive)


def _truth(memory: HebbianMemory, one: int, other: int) -> tuple[float, float]:
    frequency, confidence = (part[one, other] for part in memory.truth())
    return float(frequency), float(confidence)


def weighed(
    relations: Sequence[str], examples: Sequence[Example], *, decay: float = 1.0
) -> dict[int, dict[tuple[int, ...], float]]:
    """Sort examples by length, equal ones together as (*path, conclusion), weighed by what is left of them.

    Raises ArgumentError where a relation is unknown, or a path shorter than two.
    """
    by_length: dict[int, dict[tuple[int, ...], float]] = {}
    numbers = {name: number for number, name in enumerate(relations)}
    for age, (path, conclusion) in enumerate(reversed(examples)):
        if len(path) < 2:
            raise ArgumentError(f"an example must be a path of at least two relations; got {list(path)}")
        names = (*path, conclusion)
        if not numbers.keys() >= set(names):
            numbered(relations, names)
        key, some = tuple(numbers[name] for name in names), by_length.setdefault(len(path), {})
        some[key] = some.get(key, 0.0) + decay**age
    return by_length


def tensors_of(counted: Mapping[tuple[int, ...], float]) -> tuple[Tensor, Tensor, Tensor]:
    """Give paths (m, k), conclusions (m,) and weights (m,) of examples of one length."""
    rows = torch.tensor(list(counted))
    return rows[:, :-1], rows[:, -1], torch.tensor(list(counted.values()), dtype=torch.float64)


def _counts(counted: dict[tuple[int, ...], float], size: int) -> Tensor:
    counts = torch.zeros(size, size, size, dtype=torch.float64)
    for place, weight in counted.items():
        counts[place] += weight
    return counts
