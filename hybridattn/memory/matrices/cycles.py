"""Settling of states that can only take a few values, where an update may go round in a circle of two."""

from collections.abc import Callable

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.memory.settling import Settled

__all__ = ["settle_states"]

_MOST_STEPS = 1000


def settle_states(update: Callable[[Tensor], Tensor], query: Tensor, *, steps: int | None, tol: float) -> Settled:
    """Update queries (q, d) until each moves by at most `tol`, or is back where it was two updates ago.

    At most `steps` updates (None: 1000). A query in a circle of two stops there with `converged` False: the state given
    is one of the two. Each query stops on its own, so no answer depends on its neighbours in the batch.
    """
    if steps is not None and steps < 0:
        raise ArgumentError(f"steps must be at least 0, or None; got {steps}")
    if not tol >= 0:
        raise ArgumentError(f"tol must be at least 0; got {tol}")
    state, earlier, active = query, query, torch.arange(query.shape[0], device=query.device)
    taken, converged = torch.zeros_like(active), torch.zeros_like(active, dtype=torch.bool)
    for _ in range(_MOST_STEPS if steps is None else steps):
        if not active.numel():
            break
        before = state[active]
        after = update(before)
        still = torch.linalg.vector_norm(after - before, dim=-1) <= tol
        circles = (after == earlier[active]).all(-1)
        earlier, state = earlier.index_copy(0, active, before), state.index_copy(0, active, after)
        taken[active] += 1
        converged[active] = still
        active = active[~(still | circles)]
    return Settled(state, taken, converged)
