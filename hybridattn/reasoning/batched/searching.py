"""The search behind `closure` and `merge`: from many starts at once, hop by hop, keeping what may still win."""

from typing import TYPE_CHECKING, NamedTuple

from hybridattn.errors import ArgumentError
from hybridattn.reasoning import truth
from hybridattn.reasoning.batched.chains import Chains
from hybridattn.reasoning.batched.front import pareto
from hybridattn.reasoning.batched.joining import argsort_by, heads, interleave, join, ranges
from hybridattn.reasoning.batched.statements import Statements
from hybridattn.reasoning.truth import Truth

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LIMIT", "WIDTH", "Found", "Used", "search"]

WIDTH = 16
"""How many chains a pair may keep, where frequencies differ."""

LIMIT = 20_000_000
"""How many chains may be held at one time; each takes about 100 bytes, and as much again while it is compared."""


class Used(NamedTuple):
    """What each search may not rest on, because it has been counted before."""

    keys: "Tensor"
    """Sorted `query * premises + premise`."""
    bits: "Tensor"
    """(queries, words) int64, shared observations."""


class Found(NamedTuple):
    """What a search found."""

    chains: Chains
    best: "Tensor"
    """(p,) the row of the best chain of each query and target, sorted by these."""
    exact: "Tensor"
    """(p,) bool: False where `width` left out a chain that might have become better than this one."""
    narrowed: "Tensor"
    """Sorted `query * nodes + target`, where `width` left out a chain."""
    cut: str
    """Empty, or why the search ended before it had followed everything."""


class _Candidates(NamedTuple):
    query: "Tensor"
    target: "Tensor"
    truth: Truth
    premise: "Tensor"
    before: "Tensor"
    bits: "Tensor"

    def only(self, kept: "Tensor") -> "_Candidates":
        both = Truth(self.truth.frequency[kept], self.truth.confidence[kept])
        rest = (self.premise[kept], self.before[kept], self.bits[kept])
        return _Candidates(self.query[kept], self.target[kept], both, *rest)


class _Search:
    """One search; `keys` and `rows` are the table of the chains that are worth keeping, sorted by query and target."""

    def __init__(
        self, statements: Statements, starts: "Tensor", useful: "Tensor", used: Used | None, *, width: int, limit: int
    ) -> None:
        if width < 1 or limit < 1:
            raise ArgumentError(f"width and limit must be at least 1; got {width} and {limit}")
        self.premises, self.starts, self.useful, self.used = statements, starts, useful, used
        self.width, self.limit = width, limit
        self.chains = Chains(statements.bits)
        self.keys = self.rows = starts.new_empty(0)
        self.narrowed = [starts.new_empty(0)]
        self.size = len(statements.nodes)

    def run(self) -> Found:
        import torch

        hops, cut = 1, ""
        frontier = self.keep(self.first(), hops)
        while len(frontier) and not (cut := self.too_many(frontier, hops)):
            hops += 1
            frontier = self.keep(self.next(frontier), hops)
        narrowed = torch.unique(torch.cat(self.narrowed))
        return Found(self.chains, self.best(), self.exact(narrowed), narrowed, cut)

    def best(self) -> "Tensor":
        """Give the surest chain of each pair; of equally sure ones the more frequent, the shorter, the earlier."""
        first = heads(self.keys)
        if bool(first.all()):
            return self.rows
        rows = self.rows
        truths = self.chains.confidence[rows], self.chains.frequency[rows]
        return rows[argsort_by(self.keys, *truths, rows, descending=(False, True, True, False))[first]]

    def too_many(self, frontier: "Tensor", hops: int) -> str:
        """Say so if the next hop might need more room than there is."""
        first, nodes = self.premises.first, self.chains.target[frontier]
        chains = len(self.chains) + int((first[nodes + 1] - first[nodes]).sum())
        if chains * (1 + self.chains.bits.shape[1]) <= self.limit:
            return ""
        return f"stopped after {hops} hops: the next would hold {chains} chains, limit is {self.limit}"

    def first(self) -> _Candidates:
        """Start with the premises that leave the starts."""
        queries, premise = join(self.premises.first, self.starts)
        both = Truth(self.premises.frequency[premise], self.premises.confidence[premise])
        found = _Candidates(
            queries,
            self.premises.target[premise],
            both,
            premise,
            premise.new_full((len(premise),), -1),
            self.premises.bits[premise],
        )
        return found.only(self.allowed(queries, premise))

    def next(self, frontier: "Tensor") -> _Candidates:
        """Extend every chain of the frontier by every premise that fits: deduction, the premise first."""
        chains, premises = self.chains, self.premises
        which, premise = join(premises.first, chains.target[frontier])
        before = frontier[which]
        query, target = chains.query[before], premises.target[premise]
        both = truth.deduction(
            Truth(premises.frequency[premise], premises.confidence[premise]),
            Truth(chains.frequency[before], chains.confidence[before]),
        )
        bits, more = chains.bits[before], premises.bits[premise]
        fits = (both.confidence > 0) & (target != self.starts[query]) & ((bits & more) == 0).all(-1)
        fits &= self.allowed(query, premise)
        found = _Candidates(query, target, both, premise, before, bits | more).only(fits)
        return found.only(self.simple(found)) if len(self.narrowed) > 1 else found

    def allowed(self, query: "Tensor", premise: "Tensor") -> "Tensor":
        """Tell which premises may still lead to what is asked for, and rest on nothing that has been counted."""
        import torch

        useful = self.useful[self.premises.target[premise]]
        if self.used is None:
            return useful
        separate = useful & ((self.used.bits[query] & self.premises.bits[premise]) == 0).all(-1)
        if not len(self.used.keys):
            return separate
        key = query * len(self.premises) + premise
        place = torch.searchsorted(self.used.keys, key).clamp_(max=len(self.used.keys) - 1)
        return separate & (self.used.keys[place] != key)

    def simple(self, found: _Candidates) -> "Tensor":
        """Tell which chains visit no node twice: one that does is dominated, but by a chain that width may have cut."""
        import torch

        fits, row = torch.ones_like(found.target, dtype=torch.bool), found.before
        while bool((row >= 0).any()):
            behind = row.clamp(min=0)
            fits &= (row < 0) | (self.chains.target[behind] != found.target)
            row = torch.where(row < 0, row, self.chains.before[behind])
        return fits

    def keep(self, new: _Candidates, hops: int) -> "Tensor":
        """Put what is worth keeping into the table, take out what it dominates, and give the rows that are new."""
        import torch

        key = new.query * self.size + new.target
        asked = torch.unique(key)
        start, end = torch.searchsorted(self.keys, asked), torch.searchsorted(self.keys, asked, right=True)
        place = ranges(start, end)[1]
        old, chains = self.rows[place], self.chains
        chosen = pareto(
            torch.cat((self.keys[place], key)),
            torch.cat((chains.frequency[old], new.truth.frequency)),
            torch.cat((chains.confidence[old], new.truth.confidence)),
            torch.cat((chains.bits[old], new.bits)),
            width=self.width,
        )
        if len(chosen.cut):
            self.narrowed.append(chosen.cut)
        lost = place[~chosen.kept[: len(place)]]
        if len(lost):
            stays = torch.ones_like(self.keys, dtype=torch.bool)
            stays[lost] = False
            self.keys, self.rows = self.keys[stays], self.rows[stays]
        kept = chosen.kept[len(place) :]
        new, key = new.only(kept), key[kept]
        rows = chains.add(
            new.query, new.target, new.truth, new.premise, new.before, torch.full_like(new.query, hops), new.bits
        )
        order = torch.argsort(key, stable=True)
        self.keys, self.rows = interleave(self.keys, self.rows, key[order], rows[order])
        return rows

    def exact(self, reached: "Tensor") -> "Tensor":
        """Mark what is beyond the pairs in `reached`, where `width` cut: a better chain may have gone through there."""
        import torch

        keys = self.keys[heads(self.keys)]
        exact = torch.ones_like(keys, dtype=torch.bool)
        while len(reached):
            which, premise = join(self.premises.first, reached % self.size)
            reached = torch.unique(reached[which] // self.size * self.size + self.premises.target[premise])
            place = torch.searchsorted(keys, reached).clamp_(max=len(keys) - 1)
            fresh = (keys[place] == reached) & exact[place]
            reached = reached[fresh]
            exact[place[fresh]] = False
        return exact


def search(
    statements: Statements,
    starts: "Tensor",
    *,
    towards: "Tensor",
    used: Used | None = None,
    width: int = WIDTH,
    limit: int = LIMIT,
) -> Found:
    """Follow all chains from each of `starts`, and keep for each node reached those that may still win.

    Args:
        statements: the premises.
        starts: (q,) int64, a node for each query.
        towards: (t,) int64, the nodes that are asked for.
        used: what each query may not rest on.
        width: how many chains a query may keep for a node.
        limit: how many chains may be held at one time.
    """
    return _Search(statements, starts, _leading(statements, towards), used, width=width, limit=limit).run()


def _leading(statements: Statements, goals: "Tensor") -> "Tensor":
    """Tell which nodes are among the goals or have a chain to one: (nodes,) bool."""
    import torch

    useful = torch.zeros_like(statements.nodes, dtype=torch.bool)
    useful[goals] = True
    while len(more := statements.source[useful[statements.target] & ~useful[statements.source]]):
        useful[more] = True
    return useful
