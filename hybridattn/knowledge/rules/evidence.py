"""What every memory of rules gives: for each pair of relations, what they compose to, as counts (w+, w)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError

__all__ = ["Implied", "Implying", "RuleEvidence", "RuleSource", "RuleTable", "numbered", "rule_table"]

LEAST = 0.5
"""Positive evidence below which a composition is not followed: less than half an observation."""


class RuleEvidence(NamedTuple):
    """Evidence of all rules over R relations, float64."""

    composed: Tensor
    """(R, R, R): w+ of r1 r2 -> r3."""
    pairs: Tensor
    """(R, R): w, how often anything was observed of r1 r2."""
    inverse: Tensor
    """(R, R): w+ of r1 -> r2 the other way round."""
    turned: Tensor
    """(R,): w, how often r1 was seen both ways."""


class RuleSource(Protocol):
    """Whatever composes relations: counted evidence, or probabilities trained by gradient."""

    @property
    def relations(self) -> tuple[str, ...]:
        """The names of the R relations, in order."""
        ...

    def evidence(self) -> RuleEvidence:
        """Give the evidence of all rules."""
        ...

    def probabilities(self) -> Tensor:
        """Give P(r3 | r1, r2), (R, R, R), which sums to 1 over r3, for the soft chart."""
        ...


class Implied(NamedTuple):
    """Evidence that one relation implies another of the same two, over R relations, float64."""

    positive: Tensor
    """(R, R): w+ of r1 -> r2."""
    total: Tensor
    """(R,): w, how often two that are in r1 were seen in any other relation too."""


@runtime_checkable
class Implying(Protocol):
    """A source of rules that knows which relations imply others, too."""

    def implied(self) -> Implied:
        """Give the evidence of all implications."""
        ...


class RuleTable(NamedTuple):
    """The rules that are followed, sorted by what they conclude: R relations, at most p rules each, float64.

    A place that holds no rule has confidence 0.
    """

    first: Tensor
    """(R, p) int64: r1."""
    second: Tensor
    """(R, p) int64: r2."""
    frequency: Tensor
    """(R, p): w+ / w."""
    confidence: Tensor
    """(R, p): w / (w + 1)."""


def rule_table(rules: RuleSource, *, least: float = LEAST, horizon: float = 1.0) -> RuleTable:
    """List the compositions with more than `least` positive evidence, for `chart`.

    Raises ArgumentError unless least is at least 0 and horizon above 0.
    """
    if not least >= 0:
        raise ArgumentError(f"least must be at least 0; got {least}")
    if not horizon > 0:
        raise ArgumentError(f"horizon must be above 0; got {horizon}")
    composed, pairs, *_ = rules.evidence()
    kept = (composed > least).permute(2, 0, 1)
    size = len(rules.relations)
    width = max(1, int(kept.sum((1, 2)).max()))
    places = torch.arange(width, device=kept.device).expand(size, -1)
    there = places < kept.sum((1, 2)).unsqueeze(1)
    found = kept.nonzero()
    first, second = torch.zeros(2, size, width, dtype=torch.long, device=kept.device)
    first[there], second[there] = found[:, 1], found[:, 2]
    ends = torch.arange(size, device=kept.device).unsqueeze(1)
    total = pairs[first, second]
    frequency = torch.where(there, composed[first, second, ends] / total, 0.0)
    return RuleTable(first, second, frequency, torch.where(there, total / (total + horizon), 0.0))


def numbered(relations: Sequence[str], names: Iterable[str]) -> list[int]:
    """Give the numbers of relations; raises ArgumentError with all relations where one is unknown."""
    numbers = []
    for name in names:
        if name not in relations:
            raise ArgumentError(f"relation must be one of {', '.join(relations)}; got {name!r}")
        numbers.append(relations.index(name))
    return numbers
