"""Look into the lists that promise most, guess the rest, and say how sure the read is."""

from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.attention import Read
from hybridattn.attention.result import mapped
from hybridattn.memory.large.estimate import Estimate
from hybridattn.memory.large.indexed.summary import Summary
from hybridattn.memory.large.indexed.tail import Promise, Tail, guess, promise
from hybridattn.memory.large.pairs import read_pairs

__all__ = ["Looked", "Slots", "look", "look_into"]

_PAIRS = 1 << 22
"""Pairs of a query and a slot that are scored at once."""
_BIAS = 0.05
"""How wrong, relative to it, the guessed mass of the tail is taken to be, by slots that are not normal."""


class Slots(NamedTuple):
    """Slots that lie list after list, with their summary."""

    keys: Tensor
    values: Tensor
    ids: Tensor
    summary: Summary


class Looked(NamedTuple):
    """What was found in the lists that were looked into, and what is guessed of the others."""

    found: Read
    tail: Tail

    def estimate(self, query: Tensor, longest: Tensor, *, offset: float, factor: float) -> Estimate:
        """Join both, for queries (q, d) with beta in them, and keys whose largest length is `longest`.

        The mass of the tail is multiplied by exp(offset) first. With m the missing mass, g the distance between the
        values of both sides, s the spread of values and e the noise of the tail (`guess`), the error is

            factor * m ((1 - m) g (0.05 + e) + e s) + rounding:

        a mass wrong by a share b moves the value by m (1 - m) b g, and chance moves the mean of the tail by e s.
        Scores in floating point are off by about eps sqrt(d) |q| max |key|, and values in proportion: both reads that
        are compared may be.
        """
        found, tail = self.found, self.tail.read
        assert found.log_mass is not None
        assert tail.log_mass is not None
        tail = _as_wide(tail._replace(log_mass=tail.log_mass + offset), found)
        whole = found.merge(tail)
        assert tail.log_mass is not None
        assert whole.log_mass is not None
        missing = (tail.log_mass - whole.log_mass.masked_fill(whole.log_mass == -torch.inf, 0.0)).exp().clamp(0, 1)
        with torch.no_grad():
            gap = torch.linalg.vector_norm(tail.value - found.value, dim=-1)
            noise, spread = self.tail.noise, self.tail.spread
            model = missing * ((1 - missing) * gap * (_BIAS + noise) + noise * spread)
            off = torch.finfo(query.dtype).eps * query.shape[-1] ** 0.5 * torch.linalg.vector_norm(query, dim=-1)
            rounding = off * longest * (torch.linalg.vector_norm(whole.value, dim=-1) + missing * gap)
        return Estimate(whole, factor * model + rounding, missing)


def look(query: Tensor, slots: Slots, *, probes: int, top: int | None) -> Looked:
    """Look with queries (q, d), beta in them, into the `probes` lists that promise most; all others are guessed.

    Differentiable in queries, keys and values; what summaries say of the lists is taken as given.
    """
    each = max(1, slots.summary.slots // max(1, slots.summary.lists)) * probes
    found = [_look(part, slots, probes, top) for part in torch.split(query, max(1, _PAIRS // each))]
    reads = mapped(lambda *parts: torch.cat(parts), *(one.found for one in found))
    tails = mapped(lambda *parts: torch.cat(parts), *(one.tail.read for one in found))
    noise, spread = (torch.cat([one.tail[place] for one in found]) for place in (1, 2))  # type: ignore[misc]
    return Looked(reads, Tail(tails, noise, spread))


def _look(query: Tensor, slots: Slots, probes: int, top: int | None) -> Looked:
    promised = promise(slots.summary, query)
    looked, found = look_into(query, slots, promised, probes, top)
    return Looked(found, guess(slots.summary, query, promised, looked))


def look_into(query: Tensor, slots: Slots, promised: Promise, probes: int, top: int | None) -> tuple[Tensor, Read]:
    """Read the `probes` lists that promise most: their numbers (q, probes), and what is in them."""
    looked = promised.masses.detach().topk(probes, sorted=False).indices.sort().values
    starts = slots.summary.starts[looked]
    counts = slots.summary.starts[looked + 1] - starts
    places = _ranges(starts.flatten(), counts.flatten())
    parts = {"counts": counts.sum(-1), "slots": places, "ids": slots.ids}
    return looked, read_pairs(query, slots.keys, slots.values, top=top, **parts)


def _ranges(starts: Tensor, counts: Tensor) -> Tensor:
    """Count from each start, as far as its count: (r,), (r,) -> (sum of counts,)."""
    before = counts.cumsum(0) - counts
    shift = torch.repeat_interleave(starts - before, counts)
    return shift + torch.arange(len(shift), device=shift.device)


def _as_wide(tail: Read, found: Read) -> Read:
    """Give a tail, which names no slots, as many empty columns as what was found has."""
    if found.slots is None or found.shares is None:
        return tail
    return tail._replace(slots=torch.full_like(found.slots, -1), shares=torch.zeros_like(found.shares))
