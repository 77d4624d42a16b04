"""Duplicates of a statement become one premise: revised, surest first, while they share no observation."""

from typing import TYPE_CHECKING, NamedTuple

from hybridattn.reasoning import truth
from hybridattn.reasoning.batched.joining import argsort_by, heads, offsets
from hybridattn.reasoning.truth import Truth

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Revised", "Rows", "revise", "shared_bits"]

BITS = 62  # of the 64 of a word: neither the sign nor a shift out of range is ever needed


class Rows(NamedTuple):
    """Statements as they were given, duplicates and all."""

    id: "Tensor"
    """(n,) int64, all different: how a proof cites the row."""
    source: "Tensor"
    """(n,) int64."""
    target: "Tensor"
    """(n,) int64."""
    frequency: "Tensor"
    """(n,) float64."""
    confidence: "Tensor"
    """(n,) float64."""
    owner: "Tensor"
    """(m,) int64: which row has the observation."""
    observation: "Tensor"
    """(m,) int64: any ids."""


class Revised(NamedTuple):
    """Different statements, sorted by source and then by order."""

    source: "Tensor"
    target: "Tensor"
    truth: Truth
    members: "Tensor"
    """The rows that count, statement after statement, in the order in which they were revised."""
    member_first: "Tensor"
    """(p + 1,) where the rows of each statement start."""


def revise(rows: Rows, source: "Tensor", target: "Tensor", order: "Tensor") -> Revised:
    """Bring rows with the same source and target together.

    The surest row comes first, and each further one is revised into it (`truth.revision`), unless it shares an
    observation with what is in already: then choice keeps the surer truth, which is the one with more rows.

    Args:
        rows: see `Rows`.
        source: (n,) int64, the number of the node from 0.
        target: (n,) int64, likewise.
        order: (n,) int64, where the statement is to stand among those of its source: the lowest of its rows counts.
    """
    import torch

    size = int(torch.maximum(source.max(), target.max())) + 1 if len(source) else 0
    key = source * size + target
    falls = (False, True, True, False, False)
    sequence = argsort_by(key, rows.confidence, rows.frequency, order, rows.id, descending=falls)
    sequence = sequence[(source != target)[sequence]]
    starts = heads(key[sequence])
    group = starts.cumsum(0) - 1
    begin = starts.nonzero().squeeze(1)
    bits = shared_bits(rows.owner, rows.observation, len(source))
    total, counted = _rounds(rows, sequence, begin, torch.diff(begin, append=begin.new_tensor([len(group)])), bits)
    place = order.new_full((len(begin),), torch.iinfo(torch.int64).max).scatter_reduce_(
        0, group, order[sequence], "amin"
    )
    leaders = sequence[begin]
    final = argsort_by(source[leaders], place, target[leaders], descending=(False, False, False))
    rank = torch.empty_like(final)
    rank[final] = torch.arange(len(final), device=final.device)
    members, member_of = sequence[counted], rank[group[counted]]
    by_premise = torch.argsort(member_of, stable=True)
    return Revised(
        source[leaders][final],
        target[leaders][final],
        Truth(total.frequency[final], total.confidence[final]),
        members[by_premise],
        offsets(member_of[by_premise], len(final)),
    )


def _rounds(rows: Rows, sequence: "Tensor", begin: "Tensor", size: "Tensor", bits: "Tensor") -> tuple[Truth, "Tensor"]:
    """Revise the first row of every group with its second, the result with its third, ...: totals, rows that count."""
    import torch

    counted = torch.zeros_like(sequence, dtype=torch.bool)
    counted[begin] = True
    frequency, confidence, used = (values[sequence[begin]] for values in (rows.frequency, rows.confidence, bits))
    for place in range(1, int(size.max()) if len(size) else 0):
        group = (size > place).nonzero().squeeze(1)
        row = sequence[begin[group] + place]
        separate = ((used[group] & bits[row]) == 0).all(-1)
        group, row = group[separate], row[separate]
        revised = truth.revision(
            Truth(frequency[group], confidence[group]), Truth(rows.frequency[row], rows.confidence[row])
        )
        frequency[group], confidence[group] = revised.frequency, revised.confidence
        used[group] |= bits[row]
        counted[begin[group] + place] = True
    return Truth(frequency, confidence), counted


def shared_bits(owner: "Tensor", observation: "Tensor", owners: int) -> "Tensor":
    """Give each owner the bits of those of its observations that another owner has too.

    Args:
        owner: (m,) int64 in [0, owners), who has the observation.
        observation: (m,) int64, any ids.
        owners: how many owners there are.

    Returns:
        (owners, words) int64; no words at all where nothing is shared, which is the usual case.
    """
    import torch

    pairs = torch.unique(torch.stack((observation, owner), 1), dim=0) if len(owner) else owner.new_zeros(0, 2)
    _, which, count = torch.unique_consecutive(pairs[:, 0], return_inverse=True, return_counts=True)
    shared = count > 1
    number = shared.cumsum(0) - 1
    words = -(-int(shared.sum()) // BITS)
    bits = owner.new_zeros(owners * words)
    kept = shared[which]
    place, who = number[which[kept]], pairs[kept, 1]
    one = torch.ones_like(place) << (place % BITS)
    return bits.index_add_(0, who * words + place // BITS, one).view(owners, words)
