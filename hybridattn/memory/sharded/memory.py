"""A memory of slots that are spread over the ranks of a group."""

import os
from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.attention import Read, Softmax
from hybridattn.errors import ArgumentError
from hybridattn.memory.codebooks.fingerprint import fingerprint
from hybridattn.memory.evidence import checked_evidence, truth_of
from hybridattn.memory.settling import Flips
from hybridattn.memory.sharded.checkpoint import read_part, write_part
from hybridattn.memory.sharded.landscape import ShardedLandscape
from hybridattn.memory.sharded.merging import merged
from hybridattn.memory.sharded.routing import apportioned, range_of
from hybridattn.memory.slots.numbered import check_alive
from hybridattn.memory.slots.slot_memory import SlotMemory
from hybridattn.ranks import Ranks
from hybridattn.ranks.group import Group

__all__ = ["ShardedMemory"]


class ShardedMemory(SlotMemory):
    """A slot memory each rank of which holds some of the slots; it reads and settles as one memory of all of them.

    Every rank calls the same methods in the same order with the same queries, rows and ids, and gets the same results.
    A write is routed: its rows go to the ranks that have the fewest slots. A read is what each rank reads of its own
    slots, merged by log-sum-exp (`Read.merge`): one collective of q x (v + 1) numbers a hop, with top slots and their
    shares in it, too. An update of `settle` is such a read with d for v. `MultilevelAttention` walks over it as over
    any memory.

    Gradients are those of one memory, for a loss that every rank computes from the same results: that of queries and
    beta is the same on all ranks, that of a key or value is on the rank that holds it. `keys`, `values`, `ids` and
    `evidence` are buffers of this rank's slots; `len` and all methods speak of all slots.

    Args:
        key_dim, value_dim: as for `SlotMemory`.
        group: a process group, a device mesh of one axis, `Ranks` (which have a timeout), or None for all processes;
            without an initialised `torch.distributed` this process is the only rank.
        parts: the other arguments of `SlotMemory`. The separation must be `Softmax`, for only its reads can be merged;
            the activation must not be `Flips`, which needs all keys for every unit; a similarity with parameters of its
            own is refused, since a rank would know its gradient from some slots only.

    Raises:
        ArgumentError: a part that cannot be spread, or a group that this process is not in.
        RankError: from every method: a rank died or did not answer in time, or ranks wrote different rows.

    >>> memory = ShardedMemory(2, beta=8.0)
    >>> ids = memory.write(torch.eye(2))
    >>> memory.read(torch.tensor([0.9, 0.1]), top=1).slots, memory.ranks
    (tensor([0]), rank 0 of 1)
    """

    def __init__(self, key_dim: int, value_dim: int | None = None, *, group: Group = None, **parts: Any) -> None:
        super().__init__(key_dim, value_dim, **parts)
        self.ranks = Ranks(group)
        self._sizes: list[int] | None = None
        _check_parts(self)
        if self.trainable:
            self._keep_only(range_of(apportioned([0] * self.ranks.size, len(self.ids)), self.ranks.rank))

    def __len__(self) -> int:
        """Count the living slots of all ranks."""
        return sum(self.sizes())

    def extra_repr(self) -> str:
        """Describe the memory, and which part of it this is."""
        return f"{super().extra_repr()}, ranks={self.ranks.size}, rank={self.ranks.rank}"

    def sizes(self) -> list[int]:
        """Give the number of slots on each rank."""
        if self._sizes is None:
            own = torch.tensor([self.ids.shape[0]], device=self.ids.device)
            self._sizes = [int(size) for size in self.ranks.gathered(own).flatten()]
        return self._sizes

    def all_ids(self) -> Tensor:
        """Give the ids of all slots, (n,) int64, rising."""
        return torch.cat(self.ranks.rows(self.ids)).sort().values

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Store keys (m, d) with values (m, v), the same on every rank: slot ids (m,) int64; as `SlotMemory.write`.

        Raises RankError, and stores nothing, where the rows of the ranks differ.
        """
        self._must_be_free("write to")
        rows = self._checked(keys, values, evidence)
        prints = [fingerprint(row.detach()).sum() for row in rows.values()]
        self.ranks.agree(torch.stack([self.next_id, *prints]), "write the same rows")
        ids = self.next_id + torch.arange(len(rows["keys"]), device=self.keys.device)
        counts = apportioned(self.sizes(), len(ids))
        mine = range_of(counts, self.ranks.rank)
        part = slice(mine.start, mine.stop)
        if len(mine):
            self._append({name: row[part] for name, row in rows.items()}, ids[part])
        self.next_id = self.next_id + (len(ids) - len(mine))
        self._sizes = [size + more for size, more in zip(self.sizes(), counts, strict=True)]
        return ids

    def erase(self, ids: Tensor) -> None:
        """Forget the slots with these ids, of any shape; raises SlotError, and forgets none, if one is not alive."""
        self._must_be_free("erase from")
        self._drop(ids[self._mine(ids)])
        self._sizes = None

    def add_evidence(self, ids: Tensor, evidence: Tensor) -> None:
        """Add evidence (m, 2), or (2,) for all, to the slots with ids (m,); an id that is there twice gets both."""
        ids = ids.flatten()
        added = checked_evidence(evidence, len(ids), self.evidence.device)
        mine = self._mine(ids)
        super().add_evidence(ids[mine], added[mine])

    def truth(self, horizon: float = 1.0) -> tuple[Tensor, Tensor]:
        """Give frequency and confidence of all slots, in the order of `all_ids`: both (n,) float64."""
        order = torch.cat(self.ranks.rows(self.ids)).argsort()
        return truth_of(torch.cat(self.ranks.rows(self.evidence))[order], horizon)

    def keys_of(self, ids: Tensor) -> Tensor:
        """Give the keys (..., d) of the slots with ids (...); raises SlotError where one does not live."""
        return self._of(ids, self.keys)

    def values_of(self, ids: Tensor) -> Tensor:
        """Give the values (..., v) of the slots with ids (...); raises SlotError where one does not live."""
        return self._of(ids, self.keys if self.values is None else self.values)

    def save_shards(self, folder: str | os.PathLike[str]) -> None:
        """Save all slots in a folder, a file a rank and an index; `load_shards` reads it with any number of ranks.

        What was saved there before is replaced at once when the last rank is done, and stays if one fails. The folder
        must be one that all ranks see. Raises MemoryFileError, on every rank, where one could not write.
        """
        write_part(self, folder)

    @classmethod
    def load_shards(
        cls, folder: str | os.PathLike[str], *, group: Group = None, device: torch.device | str | None = None
    ) -> "ShardedMemory":
        """Load what `save_shards` wrote: every rank reads an even part of the slots, and checks it.

        Raises MemoryFileError, on every rank, where there is no such folder or a part of it is damaged or missing.
        """
        memory = read_part(folder, Ranks(group), cls)
        return memory if device is None else memory.to(device)

    def fix(self) -> None:
        """Make keys and values Parameters of the slots that there are now: no more writing, no erasing."""
        self.trainable = True
        self._keep_only(range(self.ids.shape[0]))

    def _mine(self, ids: Tensor) -> Tensor:
        """Tell which slots are on this rank: bool like ids; SlotError, on every rank, if one is nowhere."""
        mine = torch.isin(ids, self.ids)
        check_alive(ids, self.ranks.summed(mine.to(torch.int64)) == 1)
        return mine

    def _of(self, ids: Tensor, rows: Tensor) -> Tensor:
        mine = self._mine(ids)
        places = torch.searchsorted(self.ids, ids[mine].contiguous())
        found = rows.new_zeros((*ids.shape, rows.shape[-1]))
        return self.ranks.summed(found.masked_scatter(mine.unsqueeze(-1), rows[places]))

    def _found(self, rows: Tensor, beta: float | Tensor, top: int | None, log_mass: bool) -> Read:
        shared = self.ranks.shared(rows)
        beta = self.ranks.shared(beta) if isinstance(beta, Tensor) else beta
        own = super()._found(shared, beta, top, True)
        found = merged(self.ranks, own)
        return found if log_mass or top is not None else Read(found.value)

    def _landscape_of(self, beta: float | Tensor) -> ShardedLandscape:
        parts = (self.similarity, self.separation, self.activation, beta)
        return ShardedLandscape(self.keys, *parts, ranks=self.ranks, slots=len(self))

    def _keep_only(self, places: range) -> None:
        """Keep some of the slots of a trainable memory, with Parameters of their own."""
        for name in self._stored():
            rows = getattr(self, name).detach()[places.start : places.stop].clone()
            self._buffers.pop(name, None)
            setattr(self, name, nn.Parameter(rows)) if name in ("keys", "values") else self.register_buffer(name, rows)

    def _load_from_state_dict(self, *given: Any) -> None:
        super()._load_from_state_dict(*given)
        self._sizes = None


def _check_parts(memory: ShardedMemory) -> None:
    if not isinstance(memory.separation, Softmax):
        raise ArgumentError(f"only reads by Softmax() can be merged over ranks; got separation {memory.separation!r}")
    if isinstance(memory.activation, Flips):
        raise ArgumentError(
            "Flips() asks all keys for every unit: settle with Identity(), Sign() or Sphere() over ranks"
        )
    if isinstance(memory.similarity, nn.Module) and any(True for _ in memory.similarity.parameters()):
        raise ArgumentError(f"a similarity with parameters cannot be spread over ranks; got {memory.similarity!r}")
