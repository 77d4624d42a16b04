"""Updating states until each no longer changes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.memory.settling.settled import Settled

__all__ = ["MOST_STEPS", "Plan", "Updating", "settle_rows"]

MOST_STEPS = 1000
"""How often a query that does not come to rest is updated."""


_BURST = 8
"""So many updates are made before it is looked up where each query came to rest: small ones cost calls."""


class Updating(Protocol):
    """What states can be settled by."""

    def of(self, rows: Tensor, /) -> "Updating":
        """Give what settles some of the states, numbered by `rows`."""
        ...

    def update(self, state: Tensor, /) -> Tensor:
        """Give the states (q, d) that follow the states (q, d)."""
        ...


@dataclass(frozen=True)
class Plan:
    """How to settle: at most `steps` updates (None: 1000), each query until it moves by at most `tol` (Euclidean).

    Updates are damped to q + damping * (update(q) - q), 0 < damping <= 1. With `steps` nothing waits for a GPU: all
    queries are updated as often, and the state in which each came to rest is picked afterwards. Without, only those
    that still move are updated. Either way a query ends in the same state, whatever its neighbours in the batch.
    """

    steps: int | None = None
    tol: float = 1e-4
    damping: float = 1.0

    def __post_init__(self) -> None:
        if self.steps is not None and self.steps < 0:
            raise ArgumentError(f"steps must be at least 0, or None; got {self.steps}")
        if not self.tol >= 0:
            raise ArgumentError(f"tol must be at least 0; got {self.tol}")
        if not 0 < self.damping <= 1:
            raise ArgumentError(f"damping must be above 0 and at most 1; got {self.damping}")

    def settle(self, updating: Updating, query: Tensor) -> Settled:
        """Settle queries (q, d)."""
        return self._until_still(updating, query) if self.steps is None else self._so_often(updating, query, self.steps)

    def damped(self, state: Tensor, after: Tensor) -> Tensor:
        """Go from states (q, d) towards those that would follow."""
        return after if self.damping == 1 else torch.lerp(state, after, self.damping)

    def still(self, state: Tensor, after: Tensor) -> Tensor:
        """Tell for an update of states (..., d) which of them it left where they were: (...) bool."""
        moved: Tensor = torch.linalg.vector_norm((after - state).detach(), dim=-1)
        return moved <= self.tol

    def _so_often(self, updating: Updating, query: Tensor, steps: int) -> Settled:
        state, converged = query, torch.zeros(len(query), dtype=torch.bool, device=query.device)
        taken = torch.zeros_like(converged, dtype=torch.int64)
        for done in range(0, steps, _BURST):
            path = [state]
            for _ in range(min(_BURST, steps - done)):
                path.append(self.damped(path[-1], updating.update(path[-1])))
            state, count, still = self._first_still(torch.stack(path), converged)
            taken, converged = taken + count, converged | still
        return Settled(state, taken, converged)

    def _first_still(self, path: Tensor, converged: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Find where on its path (steps + 1, q, d) each state came to rest: it, the updates until then, and whether."""
        still = self.still(path[:-1], path[1:])
        moving = (~still).cumprod(0).sum(0)
        count = (moving + 1).clamp(max=len(still)).masked_fill(converged, 0)
        state = path.gather(0, count[None, :, None].expand(1, *path.shape[1:]))[0]
        return state, count, moving < len(still)

    def _until_still(self, updating: Updating, query: Tensor) -> Settled:
        state, active = query, torch.arange(len(query), device=query.device)
        taken, converged = torch.zeros_like(active), torch.zeros_like(active, dtype=torch.bool)
        for _ in range(MOST_STEPS):
            if not active.numel():
                break
            before = state[active]
            after = self.damped(before, updating.of(active).update(before))
            still = self.still(before, after)
            state = state.index_copy(0, active, after)
            taken[active] += 1
            converged[active] = still
            active = active[~still]
        return Settled(state, taken, converged)


@dataclass(frozen=True)
class _Alike:
    """One update for all states."""

    update: Callable[[Tensor], Tensor]

    def of(self, rows: Tensor, /) -> "_Alike":
        return self


def settle_rows(
    update: Callable[[Tensor], Tensor], query: Tensor, *, steps: int | None, tol: float, damping: float = 1.0
) -> Settled:
    """Settle queries (q, d) by an update of states (q, d) that treats every row alike, as `Plan` says."""
    return Plan(steps, tol, damping).settle(_Alike(update), query)
