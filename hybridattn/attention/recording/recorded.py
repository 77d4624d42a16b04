"""What was recorded: the kept shares of every call, and the trace of any of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.trace import Hop, Link, Trace

__all__ = ["RecordedAttention", "Recording"]


@dataclass(frozen=True, eq=False)
class RecordedAttention:
    """One call of attention in a forward pass: the largest shares of each query in each head.

    Shares are those before dropout: what the softmax gave. They do not add up to 1 where more keys were read than kept;
    `missing` is the rest. Mechanisms that do not average give weights that may be negative, or above 1.
    """

    name: str
    """The module that made the call, as `named_modules` names it; empty for the model itself."""
    slots: Tensor
    """(..., h, q, k) int64: the places of the best keys, of falling share; -1 where there are no more."""
    shares: Tensor
    """(..., h, q, k): their shares, in [0, 1]."""
    keys: int
    """How many keys n there were."""
    entropy: Tensor | None = None
    """(..., h, q): -sum_j p_j log p_j over all keys, kept or not, in nats from 0 to log n; where it was asked for
    and is known."""

    @property
    def missing(self) -> Tensor:
        """The share of all keys that were not kept, (..., h, q); of a query that may read nothing, 1."""
        return (1 - self.shares.sum(-1)).clamp(min=0)

    def matrix(self, *, sample: int = 0, head: int | None = None) -> Tensor:
        """Give the kept shares of a sample as a matrix (q, n), 0 elsewhere; of one head, or the mean of all.

        Raises ArgumentError where there is no such sample or head.
        """
        slots, shares = (self._of(part, sample, head) for part in (self.slots, self.shares))
        whole = shares.new_zeros(*shares.shape[:-1], self.keys)
        return whole.scatter_add(-1, slots.clamp(min=0), shares.masked_fill(slots < 0, 0.0)).mean(0)

    def _of(self, part: Tensor, sample: int, head: int | None) -> Tensor:
        part = part.reshape(-1, *part.shape[-3:]) if part.ndim > 2 else part[None, None]
        for name, number, count in (("sample", sample, part.shape[0]), ("head", head or 0, part.shape[1])):
            if not 0 <= number < count:
                raise ArgumentError(f"{name} must be from 0 to {count - 1}; got {number}")
        return part[sample] if head is None else part[sample, head : head + 1]


@dataclass
class Recording:
    """All calls of attention of the forward passes that were recorded, in their order."""

    calls: list[RecordedAttention] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.calls)

    def named(self, name: str) -> list[RecordedAttention]:
        """Give the calls of a module; ArgumentError, with the names that there are, where it made none."""
        found = [call for call in self.calls if call.name == name]
        if not found:
            there = ", ".join(dict.fromkeys(call.name for call in self.calls))
            raise ArgumentError(f"no attention was recorded of {name!r}; there are: {there or 'none'}")
        return found

    def trace(
        self,
        query: int,
        *,
        sample: int = 0,
        head: int | None = None,
        calls: Sequence[RecordedAttention] | None = None,
        width: int = 16,
    ) -> Trace:
        """Follow what a query of the last call attended to, down through the calls before it: a hop a call.

        A link of a hop is a key that a query attended to; the next hop goes on from the query at the same place of the
        call before. So `calls` must be layers over the same places, such as those of a `TransformerEncoder`. The
        similarity of a link is its share: what is compared was projected, and is not kept. Shares of heads are their
        mean, unless one is chosen. A slot is a place in a layer, n * layer + place with the n places of every layer and
        layers counted from 0, so that `hybridattn.reasoning.graph.from_trace` draws the layered graph:
        `from_trace(trace, lambda slot: f"{words[slot % n]} in layer {slot // n}")`.

        Args:
            query: the place of the query.
            sample: which of the batch.
            head: one head, or None for the mean of all.
            calls: the layers, first to last; by default all calls.
            width: how many links of a hop are followed, those of the largest product of shares along their path.
                `Trace.cut` is "beam" where more were left out, or where a share was not kept.

        Raises:
            ArgumentError: no call, no such query, sample or head, or layers over different numbers of places.
        """
        layers = list(self.calls if calls is None else calls)
        if not layers or width < 1:
            raise ArgumentError(f"a trace needs calls and a width of at least 1; got {len(layers)} and {width}")
        matrices = [layer.matrix(sample=sample, head=head) for layer in layers]
        sizes = [*(len(matrix) for matrix in matrices[:-1]), *(matrix.shape[1] for matrix in matrices)]
        if len(set(sizes)) > 1:
            raise ArgumentError(f"layers must be over the same places; got {sorted(set(sizes))} of them")
        if not 0 <= query < len(matrices[-1]):
            raise ArgumentError(f"query must be from 0 to {len(matrices[-1]) - 1}; got {query}")
        return _followed(list(enumerate(matrices))[::-1], query, width)


def _followed(layers: list[tuple[int, Tensor]], query: int, width: int) -> Trace:
    hops: list[Hop] = []
    cut = False
    places, budget = torch.tensor([query]), torch.ones(1)
    for number, matrix in layers:
        rows = matrix.detach().cpu()[places]
        parent, slot = (rows > 0).nonzero(as_tuple=True)
        share = rows[parent, slot]
        total = budget[parent] * share
        order = total.argsort(descending=True, stable=True)
        cut = cut or len(order) > width or bool((rows.sum(-1) < 1 - 1e-4).any())
        best = order[:width]
        parents = parent[best] if hops else torch.full_like(best, -1)
        slots = slot[best] + number * matrix.shape[1]
        columns = (torch.zeros_like(best), parents, slots, share[best], share[best])
        hops.append(Hop(number, tuple(map(Link, *(column.tolist() for column in columns)))))
        places, budget = slot[best], total[best]
    return Trace(tuple(hops), ("beam" if cut else "",))
