"""How the gradient gets through a settling: through every step, or through the fixed point alone."""

from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError, ConvergenceError
from hybridattn.memory.settling.run import Plan, Updating
from hybridattn.memory.settling.settled import Settled

__all__ = ["Gradient", "Implicit", "Unrolled"]


@runtime_checkable
class Gradient(Protocol):
    """How the gradient gets through a settling."""

    def settle(self, updating: Updating, query: Tensor, plan: Plan, /) -> Settled:
        """Settle queries (q, d) as `plan` says, with a state that carries this gradient."""
        ...


@dataclass(frozen=True)
class Unrolled:
    """The gradient of every update, one after the other: exact for any number of steps; memory grows with the steps."""

    def settle(self, updating: Updating, query: Tensor, plan: Plan, /) -> Settled:
        """Settle, and let autograd keep every step."""
        return plan.settle(updating, query)


@dataclass(frozen=True)
class Implicit:
    """The gradient of the fixed point q = f(q): memory of one update, however many steps it took.

    By the implicit function theorem the gradient by what f depends on is that of one update, applied to u with
    u = g + J^T u, where g is the gradient by the state and J = df/dq at the fixed point (Bai et al. 2019, arXiv
    1909.01377, theorem 1). u is found by the iteration u <- u + damping (g + J^T u - u), which converges at the rate
    of the settling itself where the fixed point attracts. The gradient by the query is 0: queries nearby end in the
    same state. It is as exact as the state is settled, so choose a small `tol` of the settling, too. `Sphere` has
    fixed points at every length, none of which attracts.

    Args:
        tol: where the iteration stops, relative to |g|, for every query.
        steps: how many vector-Jacobian products it may take.

    Raises:
        ArgumentError: tol or steps is not above 0.
        ConvergenceError: a query did not settle (while gradients are on), or, in the backward pass, a fixed point does
            not attract.
    """

    tol: float = 1e-6
    steps: int = 1000

    def __post_init__(self) -> None:
        if not (self.tol > 0 and self.steps > 0):
            raise ArgumentError(f"tol and steps of Implicit must be above 0; got tol={self.tol}, steps={self.steps}")

    def settle(self, updating: Updating, query: Tensor, plan: Plan, /) -> Settled:
        """Settle without gradients, and attach that of the fixed point."""
        with torch.no_grad():
            found = plan.settle(updating, query)
        state = found.state.detach()
        after = updating.update(state)
        if not torch.is_grad_enabled() or not (after.requires_grad or query.requires_grad):
            return found
        if not bool(found.converged.all()):
            lost = int((~found.converged).sum())
            raise ConvergenceError(f"an implicit gradient needs settled states; {lost} of {len(query)} did not settle")
        if after.requires_grad:
            kept = state + (after - after.detach())
            kept.register_hook(partial(self._solved, updating, state, plan.damping))  # type: ignore[no-untyped-call]
            state = kept
        return found._replace(state=state + 0 * query if query.requires_grad else state)

    def _solved(self, updating: Updating, state: Tensor, damping: float, slope: Tensor | None) -> Tensor | None:
        """Solve u = slope + J^T u for every row."""
        if slope is None:
            return None
        with torch.enable_grad():
            state = state.detach().requires_grad_()
            after = updating.update(state)
        size: Tensor = torch.linalg.vector_norm(slope, dim=-1)
        found = slope
        for _ in range(self.steps):
            (pulled,) = torch.autograd.grad(after, state, found, retain_graph=True)
            change = slope + pulled - found
            found = found + damping * change
            left: Tensor = torch.linalg.vector_norm(change, dim=-1)
            if not bool((left > self.tol * size).any()):
                return found
            if not bool((left <= _DIVERGED * size).all()):
                break
        lost = int((~(left <= self.tol * size)).sum())
        raise ConvergenceError(
            f"the implicit gradient of {lost} of {len(slope)} states was not found in {self.steps} steps: "
            "their fixed points do not attract, or attract too slowly"
        )


_DIVERGED = 1e6
"""A residual that has grown by so much is that of a fixed point which does not attract."""
