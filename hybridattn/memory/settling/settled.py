"""Reading a query back as its own key until it no longer changes."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError

__all__ = ["Settled", "settle_rows"]

_MOST_STEPS = 1000


class Settled(NamedTuple):
    """Where settling ended, for each query."""

    state: Tensor
    """(..., d): the last state."""
    steps: Tensor
    """(...) int64: how many updates it took."""
    converged: Tensor
    """(...) bool: whether the last update moved the state by no more than the tolerance."""


def settle_rows(update: Callable[[Tensor], Tensor], query: Tensor, *, steps: int | None, tol: float) -> Settled:
    """Update queries (q, d) until each moves by at most `tol` (Euclidean), at most `steps` times (None: 1000).

    A query that has converged is left alone, so no answer depends on its neighbours in the batch.
    """
    if steps is not None and steps < 0:
        raise ArgumentError(f"steps must be at least 0, or None; got {steps}")
    if not tol >= 0:
        raise ArgumentError(f"tol must be at least 0; got {tol}")
    state, active = query, torch.arange(query.shape[0], device=query.device)
    taken, converged = torch.zeros_like(active), torch.zeros_like(active, dtype=torch.bool)
    for _ in range(_MOST_STEPS if steps is None else steps):
        if not active.numel():
            break
        before = state[active]
        after = update(before)
        still = torch.linalg.vector_norm((after - before).detach(), dim=-1) <= tol
        state = state.index_copy(0, active, after)
        taken[active] += 1
        converged[active] = still
        active = active[~still]
    return Settled(state, taken, converged)
