"""The closure over several processes: each draws the conclusions of some sources, and all have them in the end."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hybridattn.reasoning.batched.closing import closure, numbered
from hybridattn.reasoning.batched.conclusions import Closure, infer_chain
from hybridattn.reasoning.batched.searching import LIMIT, WIDTH
from hybridattn.reasoning.batched.statements import Statements
from hybridattn.reasoning.derivation import Derivation, Proof
from hybridattn.reasoning.term import Term

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Spread", "SpreadClosure", "spread_closure"]


class Spread(Protocol):
    """The processes that work together; `hybridattn.Ranks` is one."""

    @property
    def rank(self) -> int:
        """The number of this process."""
        ...

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def rows(self, tensor: "Tensor", /) -> "list[Tensor]":
        """Give the tensors (n, ...) of all processes, each with an n of its own, to all."""
        ...


@dataclass(frozen=True, eq=False)
class SpreadClosure:
    """The conclusions of all ranks, as those of a `Closure`: arrays (p,), sorted by source and target."""

    ranks: Spread
    own: Closure
    """What this rank has concluded, with all chains: those of every `size`-th source."""
    source: "Tensor"
    """The ids of the sources."""
    target: "Tensor"
    """The ids of the targets."""
    frequency: "Tensor"
    """Their frequencies, float64."""
    confidence: "Tensor"
    """Their confidences, float64."""
    hops: "Tensor"
    """How many premises each rests on."""
    exact: "Tensor"
    """Where `width` cannot have changed the result, bool."""
    cut: int
    """How many ranks stopped before they had followed every chain: `own.cut` says why this one did."""

    def __len__(self) -> int:
        return len(self.source)

    def proof(self, source: Term | int, target: Term | int) -> Derivation | None:
        """Derive the conclusion for a pair, as `Closure.proof`; a collective, which gives the proof to all ranks."""
        import torch

        place = self.own.find(source, target)
        premises = [] if place is None else self.own._premises(place)
        mine = torch.tensor(premises, dtype=torch.int64, device=self.own.statements.nodes.device)
        chain = torch.cat(self.ranks.rows(mine)).tolist()
        if not chain:
            return None
        proof = Proof()
        infer_chain(proof, self.own.statements, chain)
        return proof.finish()


def spread_closure(
    statements: Statements,
    ranks: Spread,
    *,
    sources: Iterable[Term | int] | None = None,
    targets: Iterable[Term | int] | None = None,
    width: int = WIDTH,
    limit: int = LIMIT,
) -> SpreadClosure:
    """Conclude as `closure` does, each rank from every `size`-th source; every rank has the same statements.

    Chains from different sources never meet, so nothing is passed before the end. `limit` is that of each rank. Time
    and memory are those of `closure` for a rank's sources, and then p rows of six numbers for all.

    >>> import torch
    >>> from hybridattn import Ranks
    >>> from hybridattn.reasoning.batched import from_arrays
    >>> closed = spread_closure(from_arrays(torch.tensor([1, 2]), torch.tensor([2, 3]), 0.9, 0.9), Ranks())
    >>> closed.source.tolist(), closed.target.tolist(), closed.hops.tolist()
    ([1, 1, 2], [2, 3, 3], [1, 2, 1])

    Raises: as `closure`, on every rank; and what `ranks` raises where a rank is lost.
    """
    import torch

    starts = numbered(statements, sources)[ranks.rank :: ranks.size]
    own = closure(statements, sources=statements.names(starts), targets=targets, width=width, limit=limit)
    columns = (own._source, own._target, own.frequency, own.confidence, own.hops, own.exact.to(torch.int64))
    parts = [torch.cat(ranks.rows(column)) for column in columns]
    order = (parts[0] * len(statements.nodes) + parts[1]).argsort()
    source, target, frequency, confidence, hops, exact = (part[order] for part in parts)
    cut = torch.cat(ranks.rows(torch.tensor([int(bool(own.cut))], device=statements.nodes.device)))
    nodes = statements.nodes
    return SpreadClosure(
        ranks, own, nodes[source], nodes[target], frequency, confidence, hops, exact.bool(), int(cut.sum())
    )
