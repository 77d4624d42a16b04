"""Reads of every rank made one: a single collective, and then the log-sum-exp merge."""

from functools import reduce

import torch
from torch import Tensor

from hybridattn.attention import Read
from hybridattn.ranks import Ranks

__all__ = ["merged"]


def merged(ranks: Ranks, own: Read) -> Read:
    """Merge the read that each rank made of its own slots with the same queries (q, d); all ranks get the same.

    One collective passes q x (v + 1) numbers of at least float32, the values and the log masses; with top slots also
    their shares and their ids, bit by bit. A rank without slots reads 0, which still depends on the queries: so its
    backward pass takes part in the collectives, too.
    """
    if ranks.size == 1:
        return own
    parts = ranks.gathered(_packed(own)).unbind(0)
    found = reduce(Read.merge, (_unpacked(part, own) for part in parts))
    return found._replace(value=found.value.to(own.value.dtype))


def _packed(own: Read) -> Tensor:
    assert own.log_mass is not None
    columns = [own.value, own.log_mass.unsqueeze(-1)]
    wide = torch.promote_types(own.value.dtype, own.log_mass.dtype)
    columns = [column.to(wide) for column in columns]
    if own.slots is not None and own.shares is not None:
        columns += [own.shares.to(wide), own.slots.contiguous().view(wide)]
    return torch.cat(columns, -1)


def _unpacked(part: Tensor, like: Read) -> Read:
    width = like.value.shape[-1]
    value, log_mass, rest = part[:, :width], part[:, width], part[:, width + 1 :]
    if like.slots is None:
        return Read(value, log_mass)
    k = like.slots.shape[-1]
    bits = rest[:, k:].detach().clone(memory_format=torch.contiguous_format)  # 64-bit words begin at even places
    ids = bits.view(torch.int64)
    return Read(value, log_mass, ids, rest[:, :k])
