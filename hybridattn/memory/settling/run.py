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
    queries are updated as often, and those that have come to rest are left as they are. Without, only those that still
    move are updated. Either way a query ends in the same state, whatever its neighbours in the batch.
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

    def step(self, updating: Updating, state: Tensor) -> tuple[Tensor, Tensor]:
        """Update states (q, d) once: the states that follow, and whether they are still, (q,) bool."""
        return self.damped(state, updating.update(state))

    def damped(self, state: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        """Go from states (q, d) towards those that would follow: where they get, and whether they are still there."""
        if self.damping != 1:
            after = torch.lerp(state, after, self.damping)
        still = torch.linalg.vector_norm((after - state).detach(), dim=-1) <= self.tol
        return after, still

    def _so_often(self, updating: Updating, query: Tensor, steps: int) -> Settled:
        state, converged = query, torch.zeros(len(query), dtype=torch.bool, device=query.device)
        taken = torch.zeros_like(converged, dtype=torch.int64)
        for step in range(steps):
            after, still = self.step(updating, state)
            taken = taken + ~converged
            state = torch.where(converged[:, None], state, after) if step else after
            converged = converged | still
        return Settled(state, taken, converged)

    def _until_still(self, updating: Updating, query: Tensor) -> Settled:
        state, active = query, torch.arange(len(query), device=query.device)
        taken, converged = torch.zeros_like(active), torch.zeros_like(active, dtype=torch.bool)
        for _ in range(MOST_STEPS):
            if not active.numel():
                break
            after, still = self.step(updating.of(active), state[active])
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
