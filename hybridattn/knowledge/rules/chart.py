"""The chart over all bracketings: for every stretch of a path and every relation, the surest way to conclude it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.errors import ShapeError
from hybridattn.knowledge.rules.evidence import RuleTable
from hybridattn.reasoning.truth import Truth, deduction

__all__ = ["Bracket", "Chart", "chart"]


class Bracket(NamedTuple):
    """How a stretch of a path composes to a relation: what its two parts are, or the place of a single step."""

    relation: int
    start: int
    parts: tuple["Bracket", ...]


class _Span(NamedTuple):
    """All stretches of one length: (R, n, b) each; `choice` is the split point times p plus the rule."""

    frequency: Tensor
    confidence: Tensor
    choice: Tensor


@dataclass(frozen=True)
class Chart:
    """What paths compose to, and how."""

    table: RuleTable
    spans: Sequence[_Span]

    @property
    def frequency(self) -> Tensor:
        """(b, R): f of each relation for the whole path, 0 where nothing composes to it."""
        return self.spans[-1].frequency[:, 0].T

    @property
    def confidence(self) -> Tensor:
        """(b, R): c of each relation, 0 where nothing composes to it."""
        return self.spans[-1].confidence[:, 0].T

    def bracketed(self, path: int, relation: int) -> Bracket | None:
        """Give the surest bracketing by which a path composes to a relation; None where there is none."""
        return self._bracket(path, relation, 0, len(self.spans))

    def _bracket(self, path: int, relation: int, start: int, length: int) -> Bracket | None:
        span = self.spans[length - 1]
        if not span.confidence[relation, start, path] > 0:
            return None
        if length == 1:
            return Bracket(relation, start, ())
        left, rule = divmod(int(span.choice[relation, start, path]), self.table.first.shape[1])
        first, second = int(self.table.first[relation, rule]), int(self.table.second[relation, rule])
        one = self._bracket(path, first, start, left)
        other = self._bracket(path, second, start + left, length - left)
        assert one is not None
        assert other is not None
        return Bracket(relation, start, (one, other))


def chart(frequency: Tensor, confidence: Tensor, table: RuleTable) -> Chart:
    """Compose paths of k steps by every bracketing, and choose the surest for each stretch and relation.

    A composition is two conditional deductions, {rule, left} and then {that, right}, so that a stretch has f = f_rule
    f_left f_right; of the ways to conclude one relation choice keeps the highest confidence, which is attention over
    split points in its hard limit (CYK: Younger 1967). The truths are exactly those of the proof. Time is O(k^3 p R).

    Args:
        frequency: (b, k, R), f of the statement that step k of path b is in relation R; float64.
        confidence: (b, k, R), its c; 0 where nothing says so.
        table: the rules, see `rule_table`.

    Raises:
        ShapeError: shapes that do not fit.
    """
    size = len(table.first)
    if frequency.ndim != 3 or not frequency.shape[1] or frequency.shape[2] != size:
        raise ShapeError(f"frequency must have shape (b, k, {size}) with k at least 1; got {tuple(frequency.shape)}")
    if confidence.shape != frequency.shape:
        raise ShapeError(
            f"confidence must have the shape of frequency, {tuple(frequency.shape)}; got {tuple(confidence.shape)}"
        )
    steps = [part.permute(2, 1, 0).contiguous() for part in (frequency, confidence)]
    spans = [_Span(steps[0], steps[1], torch.zeros_like(steps[0], dtype=torch.long))]
    for length in range(2, frequency.shape[1] + 1):
        spans.append(_longer(spans, length, table))
    return Chart(table, spans)


def _longer(spans: Sequence[_Span], length: int, table: RuleTable) -> _Span:
    best: _Span | None = None
    for left in range(1, length):
        found = _split(spans, length, left, table)
        if best is None:
            best = found
        else:
            surer = found.confidence > best.confidence
            best = _Span(*(torch.where(surer, new, old) for new, old in zip(found, best, strict=True)))
    assert best is not None
    return best


def _split(spans: Sequence[_Span], length: int, left: int, table: RuleTable) -> _Span:
    """Choose the surest rule for every stretch of one length that is split after `left` steps."""
    count = len(spans[0].frequency[0]) - length + 1
    one, other = spans[left - 1], spans[length - left - 1]
    stretch = slice(left, left + count)
    rule = Truth(table.frequency[..., None, None], table.confidence[..., None, None])
    before = Truth(one.frequency[:, :count][table.first], one.confidence[:, :count][table.first])
    after = Truth(other.frequency[:, stretch][table.second], other.confidence[:, stretch][table.second])
    truth = deduction(deduction(rule, before), after)
    confidence, which = truth.confidence.max(1)
    frequency = truth.frequency.gather(1, which.unsqueeze(1)).squeeze(1)
    return _Span(frequency, confidence, left * table.first.shape[1] + which)
