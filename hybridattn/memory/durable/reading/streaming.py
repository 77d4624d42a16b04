"""An exact read of slots that stream by, block after block: what is held is a block, never the store."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.attention import Read, read
from hybridattn.memory.durable.reading.blocks import Slots

__all__ = ["read_streamed"]


def read_streamed(query: Tensor, blocks: Iterable[Slots], *, beta: float, empty: Slots, top: int | None) -> Read:
    """Read with queries (q, d) as `attention.read` reads all blocks at once: reads of blocks merge by log-sum-exp.

    Sums are made in at least float32. Slots are ids; equal keys go to the lower one, in whichever blocks they are.
    `empty` is a block without slots, which gives a read its form.
    """
    found, best = _of_block(query, empty, beta, top), _Best.nothing(len(query))
    for block in blocks:
        here = _of_block(query, block, beta, top)
        found = found._replace(slots=None, shares=None).merge(here)
        if top is not None and here.slots is not None:
            best = best.join(query, block, here.slots, top)
    found = found._replace(value=found.value.to(query.dtype))
    if top is None or found.log_mass is None:
        return found
    missing = (0, top - best.ids.shape[-1])
    shares = (beta * best.scores - found.log_mass.unsqueeze(-1)).exp().to(found.log_mass.dtype)
    ids, shares = (torch.nn.functional.pad(best.ids, missing, value=-1), torch.nn.functional.pad(shares, missing))
    return found._replace(slots=ids, shares=shares.masked_fill(ids < 0, 0.0))


class _Best(NamedTuple):
    """The best slots so far, (q, k), best first: their ids, and their products with the query in float64."""

    ids: Tensor
    scores: Tensor

    @classmethod
    def nothing(cls, queries: int) -> "_Best":
        return cls(torch.empty(queries, 0, dtype=torch.int64), torch.empty(queries, 0, dtype=torch.float64))

    def join(self, query: Tensor, block: Slots, places: Tensor, top: int) -> "_Best":
        """Put the best of a later block beside them: places (q, k) in it, -1 where there is none."""
        keys = block.keys[places.clamp_min(0)].double()
        scores = (keys * query.double().unsqueeze(-2)).sum(-1).masked_fill(places < 0, -torch.inf)
        ids = torch.cat((self.ids, block.ids[places.clamp_min(0)].masked_fill(places < 0, -1)), -1)
        scores = torch.cat((self.scores, scores), -1)
        kept = scores.detach().sort(dim=-1, descending=True, stable=True).indices[:, :top]
        return _Best(ids.gather(-1, kept), scores.gather(-1, kept))


def _of_block(query: Tensor, block: Slots, beta: float, top: int | None) -> Read:
    values = block.keys if block.values is None else block.values
    found = read(query, block.keys, values, beta=beta, top=top, log_mass=True)
    return found._replace(value=found.value.to(torch.promote_types(found.value.dtype, torch.float32)))
