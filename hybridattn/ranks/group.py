"""A group of processes, each a rank, that all call the same in the same order (SPMD)."""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeAlias, Union

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.device_mesh import DeviceMesh

from hybridattn.errors import ArgumentError, RankError
from hybridattn.ranks.gradients import gather, share, total

__all__ = ["Group", "Ranks"]

Group: TypeAlias = Union[dist.ProcessGroup, DeviceMesh, "Ranks", None]
"""A process group, a device mesh of one axis, or None: all processes, or this one alone where there is no group."""


class Ranks:
    """The ranks of a group; every method but the properties is a collective: all ranks call it, or all wait.

    Without `torch.distributed.init_process_group` (which `torchrun` prepares) a process is a group of its own, so that
    a script runs with and without it.

    Gradients: `shared`, `gathered` and `summed` are made for one loss that every rank computes from the same numbers.
    Then each gradient is that of one process that has everything: it is not multiplied by the number of ranks.

    Args:
        group: which ranks.
        timeout: seconds after which a rank that does not answer is taken for dead; None is what the group has. A rank
            that has died is mostly noticed at once.

    Raises:
        ArgumentError: the mesh has several axes (take one: `mesh["name"]`), this process is not in the group, or the
            timeout is not above 0.
        RankError: from every collective, where a rank died, or did not answer in time.
    """

    def __init__(self, group: Group = None, *, timeout: float | None = None) -> None:
        if timeout is not None and not timeout > 0:
            raise ArgumentError(f"timeout must be above 0 seconds; got {timeout}")
        found = _process_group(group)
        self.rank = 0 if found is None else dist.get_rank(found)
        self.size = 1 if found is None else dist.get_world_size(found)
        if self.rank < 0:
            raise ArgumentError("this process is no rank of the group")
        if timeout is not None and found is not None:
            found = self._with(timeout, found)
        # torch keeps its groups until they are destroyed, and aborts a process that still holds one at its end
        self._held = None if found is None else weakref.ref(found)

    def __deepcopy__(self, memo: object) -> "Ranks":
        return self

    def __repr__(self) -> str:
        return f"rank {self.rank} of {self.size}"

    def gathered(self, tensor: Tensor) -> Tensor:
        """Give the tensors of all ranks, all of one shape (...), as (size, ...); gradients go back to whose it was."""
        return tensor.unsqueeze(0) if self.size == 1 else gather(self._gather, self.rank, tensor)

    def shared(self, tensor: Tensor) -> Tensor:
        """Give a tensor that all ranks have, as it is; its gradient is the sum of what each rank makes of it."""
        return tensor if self.size == 1 else share(self._sum, tensor)

    def summed(self, tensor: Tensor) -> Tensor:
        """Give the sum of the tensors of all ranks; the gradient goes to each of them."""
        return tensor if self.size == 1 else total(self._sum, tensor)

    def largest(self, tensor: Tensor) -> Tensor:
        """Give the largest of the tensors of all ranks, entry by entry, without gradient."""
        return tensor if self.size == 1 else self._reduced(tensor, dist.ReduceOp.MAX)

    def rows(self, tensor: Tensor) -> list[Tensor]:
        """Give the tensors (n, ...) of all ranks, in the order of ranks, where each has an n of its own."""
        if self.size == 1:
            return [tensor]
        counts = [int(count) for count in self.gathered(torch.tensor(len(tensor), device=tensor.device))]
        padded = tensor.detach().new_zeros((max(counts), *tensor.shape[1:]))
        padded[: len(tensor)] = tensor.detach()
        return [part[:count] for part, count in zip(self._gather(padded), counts, strict=True)]

    def agree(self, numbers: Tensor, what: str) -> None:
        """Raise RankError, on every rank, unless all ranks have the same int64 numbers."""
        given = self.gathered(numbers)
        different = (given != given[0]).flatten(1).any(1).nonzero().flatten().tolist()
        if different:
            raise RankError(f"all ranks must {what}; rank {different[0]} and rank 0 do not")

    def wait(self) -> None:
        """Wait until every rank is here."""
        if self.size > 1:
            self._sum(torch.zeros(1))

    @property
    def _group(self) -> dist.ProcessGroup | None:
        group = None if self._held is None else self._held()
        if self._held is not None and (group is None or not dist.is_initialized()):
            raise RankError(f"{self!r} has no group any more: it was destroyed")
        return group

    def _gather(self, tensor: Tensor) -> Tensor:
        found = tensor.new_empty((self.size, *tensor.shape))
        with self._watched():
            dist.all_gather(list(found.unbind(0)), tensor.detach().contiguous(), self._group)
        return found

    def _sum(self, tensor: Tensor) -> Tensor:
        return self._reduced(tensor, dist.ReduceOp.SUM)

    def _reduced(self, tensor: Tensor, how: dist.ReduceOp.RedOpType) -> Tensor:
        found = tensor.detach().clone(memory_format=torch.contiguous_format)
        with self._watched():
            dist.all_reduce(found, how, self._group)
        return found

    def _with(self, timeout: float, group: dist.ProcessGroup) -> dist.ProcessGroup:
        with self._watched():
            members = dist.get_process_group_ranks(group)
            made: dist.ProcessGroup = dist.new_group(
                members, timeout=timedelta(seconds=timeout), use_local_synchronization=True
            )
        return made

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except RankError:
            raise
        except RuntimeError as error:
            why = str(error).strip().splitlines()[0]
            raise RankError(f"{self!r} lost its group: a rank died or did not answer in time ({why})") from error


def _process_group(group: Group) -> dist.ProcessGroup | None:
    if isinstance(group, Ranks):
        return group._group
    if isinstance(group, DeviceMesh):
        if group.ndim != 1:
            raise ArgumentError(f"the mesh must have one axis; got {group.ndim}: take one by its name, mesh[name]")
        return group.get_group()
    if group is None and not (dist.is_available() and dist.is_initialized()):
        return None
    return dist.group.WORLD if group is None else group
