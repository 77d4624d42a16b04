"""The beam mode: the best links pass on, each as a query of its own, until nothing new is reached."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from hybridattn.controller.walk import Level, Plan, Walk, looked_up
from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory import Addressable, Selective
from hybridattn.memory.codebooks.fingerprint import fingerprint
from hybridattn.trace import Hop, Link, Trace

__all__ = ["EXACT", "Beam"]

EXACT = 1 - 1e-4  # cosine from which two vectors count as the same
MIN_SHARE = 1e-6  # attention share under which a slot counts as not attended to


@dataclass(frozen=True)
class Beam:
    """The `width` links with the most attention pass on; every link that was followed is in the trace.

    A link is *followed* where its slot has an attention share of at least 1e-6, query and key have at least cosine
    `min_match` over the part that the value replaces, and the rest of the query, the cue, matches exactly or is zero
    (a wildcard). Its attention is the product of the shares along its path, ties going to the lower slot. Because the
    query is all that passes on, a query that was asked before at the same level would only repeat itself: its link is
    kept, and not walked again, so that cycles end. What a limit left out is said in `Trace.cut`: "beam" where `top` or
    `width` may have dropped a link, "hops" where the walk could have gone on.

    Args:
        width: links that pass on for each question, at least 1.
        min_match: least cosine of a link that is followed, in [-1, 1].

    Raises:
        ArgumentError: width or min_match is out of range.
    """

    width: int = 64
    min_match: float = 0.5

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ArgumentError(f"beam width must be at least 1; got {self.width}")
        if not -1 <= self.min_match <= 1:
            raise ArgumentError(f"min_match is a cosine and must be in [-1, 1]; got {self.min_match}")

    @torch.no_grad()
    def walk(self, plan: Plan, query: Tensor, *, trace: bool) -> Walk:
        """Walk from each query (..., d); without gradient, since the choice of links is discrete."""
        lead = query.shape[:-1]
        walkers = _Walkers.start(query.reshape(-1, query.shape[-1]))
        ends = _Ends(walkers.query)
        seen = _prints(walkers.query, walkers.question, 0)
        hops: list[tuple[int, _Links]] = []
        for hop in range(plan.hops):
            index = hop % len(plan.levels)
            links = self._links(plan.levels[index], walkers, plan.top, ends.beam)
            ends.see(links, hop + 1)
            if not len(links.slot):
                break
            hops.append((index, links))
            walkers, seen = self._advance(plan, hop, links, seen, ends.beam)
        else:
            self._peek(plan, walkers, seen, ends)
        log = Trace(tuple(_hop(index, links) for index, links in hops), ends.cuts()) if trace else None
        value, query, made = (part.reshape(lead + part.shape[1:]) for part in (ends.value, ends.query, ends.hops))
        return Walk(value, query, made, log)

    def _links(self, level: Level, walkers: "_Walkers", top: int, cut: Tensor) -> "_Links":
        """Read once, and keep the links that match; mark in `cut` the questions for which `top` was too small."""
        memory = level.memory
        if not isinstance(memory, Addressable):
            raise ArgumentError(
                f"a beam needs a memory with keys_of() and values_of(); {type(memory).__name__} has none"
            )
        asked = level.settled(walkers.query)
        if isinstance(memory, Selective):
            hope = memory.answerable(asked, min_match=self.min_match).nonzero()[:, 0]
            walkers, asked = walkers.only(hope), asked[hope]
        read, missing = looked_up(memory, asked, top=top + 1)
        assert read.slots is not None
        assert read.shares is not None
        row, column = ((read.slots >= 0) & (read.shares >= MIN_SHARE)).nonzero(as_tuple=True)
        slot, share = read.slots[row, column], read.shares[row, column]
        key, value = memory.keys_of(slot), memory.values_of(slot)
        match, fits = _match(asked[row], key, value.shape[-1])
        followed = fits & (match >= self.min_match)
        misfit = torch.zeros(len(asked), dtype=torch.bool, device=asked.device).index_fill(0, row[~followed], True)
        cut[walkers.question[row[(column == top) & (followed | misfit[row])]]] = True
        keep = (followed & (column < top)).nonzero()[:, 0]
        row, value = row[keep], value[keep]
        return _Links(
            question=walkers.question[row],
            parent=walkers.link[row],
            slot=slot[keep],
            share=share[keep],
            match=match[keep],
            budget=walkers.budget[row] + share[keep].log(),
            asked=asked[row],
            value=value,
            following=level.link(asked[row], value),
            missing=missing[row],
        )

    def _advance(self, plan: Plan, hop: int, links: "_Links", seen: Tensor, cut: Tensor) -> tuple["_Walkers", Tensor]:
        """Choose the links that pass on: not halted, asking something new, and among the best of their question."""
        prints = _prints(links.following, links.question, (hop + 1) % len(plan.levels))
        going = ~torch.isin(prints, seen)
        if plan.halt is not None:
            going &= ~plan.halt(links.asked, links.following, links.value, links.question)
        best = links.slot.argsort(stable=True)
        best = best[links.budget[best].argsort(descending=True, stable=True)]
        best = best[going[best]]
        best = best[_first(prints[best])]
        best = best[links.question[best].argsort(stable=True)]
        question = links.question[best]
        rank = torch.arange(len(best), device=best.device) - torch.searchsorted(question, question)
        cut[question[rank >= self.width]] = True
        best = best[rank < self.width]
        walkers = _Walkers(links.following[best], links.question[best], best, links.budget[best])
        return walkers, torch.cat([seen, prints[best]])

    def _peek(self, plan: Plan, walkers: "_Walkers", seen: Tensor, ends: "_Ends") -> None:
        """Mark the questions that could have gone on: one more hop, not recorded, would ask something new."""
        links = self._links(plan.levels[plan.hops % len(plan.levels)], walkers, plan.top, ends.more)
        new = ~torch.isin(_prints(links.following, links.question, (plan.hops + 1) % len(plan.levels)), seen)
        ends.more[links.question[new]] = True


class _Walkers(NamedTuple):
    """The queries that are asked in a hop."""

    query: Tensor
    question: Tensor
    link: Tensor
    budget: Tensor

    @classmethod
    def start(cls, query: Tensor) -> "_Walkers":
        """Let every query walk, with the whole budget 1 (log 0) and no link behind it."""
        question = torch.arange(len(query), device=query.device)
        return cls(query, question, torch.full_like(question, -1), query.new_zeros(len(query)))

    def only(self, rows: Tensor) -> "_Walkers":
        """Keep the walkers at these places."""
        return _Walkers(*(column[rows] for column in self))


class _Links(NamedTuple):
    """The links that were followed in a hop, as columns."""

    question: Tensor
    parent: Tensor
    slot: Tensor
    share: Tensor
    match: Tensor
    budget: Tensor
    asked: Tensor
    value: Tensor
    following: Tensor
    missing: Tensor


class _Ends:
    """Where the best path of each question stands, and what its search left out."""

    def __init__(self, query: Tensor) -> None:
        self.query, self.value = query, query[:, :0]
        self.hops = torch.zeros(len(query), dtype=torch.int64, device=query.device)
        self.beam = torch.zeros(len(query), dtype=torch.bool, device=query.device)
        self.more = self.beam.clone()

    def see(self, links: _Links, hop: int) -> None:
        """Move every question that has links in this hop to the end of the one with the most attention."""
        if hop == 1:
            self.value = links.value.new_zeros(len(self.query), links.value.shape[-1])
        order = links.budget.argsort(descending=True, stable=True)
        best = order[_first(links.question[order])]
        question = links.question[best]
        for kept, new in ((self.value, links.value), (self.query, links.following)):
            if kept.shape[1:] != new.shape[1:]:
                raise ShapeError(f"a beam needs levels of one width; got {kept.shape[-1]} and {new.shape[-1]}")
        self.value = self.value.index_copy(0, question, links.value[best])
        self.query = self.query.index_copy(0, question, links.following[best])
        self.hops[question] = hop

    def cuts(self) -> tuple[str, ...]:
        """Name what cut each search; a beam that dropped links comes first."""
        pairs = zip(self.beam.tolist(), self.more.tolist(), strict=True)
        return tuple("beam" if beam else "hops" if more else "" for beam, more in pairs)


def _hop(index: int, links: _Links) -> Hop:
    columns = (links.question, links.parent, links.slot, links.share, links.match, links.missing)
    return Hop(index, tuple(map(Link, *(column.tolist() for column in columns))))


def _prints(query: Tensor, question: Tensor, level: int) -> Tensor:
    """Name the state (question, level, query) in 64 bits."""
    return fingerprint(query) + fingerprint(torch.stack([question, torch.full_like(question, level)], -1).double())


def _match(asked: Tensor, key: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Cosine over the part that the value replaces, and whether the cue behind it fits: (l, d) twice -> (l,) twice."""
    match = cosine_similarity(asked[:, :width], key[:, :width], dim=-1)
    cue, stored = asked[:, width:], key[:, width:]
    if not cue.shape[-1]:
        return match, torch.ones_like(match, dtype=torch.bool)
    return match, (cosine_similarity(cue, stored, dim=-1) >= EXACT) | (cue == 0).all(-1)


def _first(labels: Tensor) -> Tensor:
    """Places of the first occurrence of each label, in order of place: (l,) -> (u,)."""
    ordered, order = labels.sort(stable=True)
    fresh = torch.ones_like(ordered, dtype=torch.bool)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return order[fresh].sort().values
