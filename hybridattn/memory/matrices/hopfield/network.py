"""The binary Hopfield network."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from hybridattn.attention import Read
from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory.device import device_shown
from hybridattn.memory.matrices.cycles import settle_states
from hybridattn.memory.matrices.hopfield.codings import Bipolar, UnitCoding
from hybridattn.memory.matrices.hopfield.hebb import Hebb
from hybridattn.memory.matrices.hopfield.rule import LearningRule, Unlearning
from hybridattn.memory.matrices.hopfield.updates import Asynchronous, Dynamics, Synchronous, UnitUpdate
from hybridattn.memory.matrices.store import MatrixMemory
from hybridattn.memory.settling import Settled
from hybridattn.memory.taken import check_finite, check_top

__all__ = ["HopfieldNetwork"]

_HEBB, _SYNCHRONOUS, _BIPOLAR = Hebb(), Synchronous(), Bipolar()


class HopfieldNetwork(MatrixMemory):
    """Binary units that remember patterns in symmetric weights (Hopfield 1982): patterns in, completed patterns out.

    A read is one update of all units, settling is updates until nothing changes. More patterns than the rule's
    `capacity` may be written: older and newer ones are then recalled with errors, or not at all. What is written or
    asked has to consist of the coding's two states exactly, which is looked at, and makes a GPU wait. Weights are kept
    in `dtype`: in float32 whole sums of Hebb's rule are exact to 2^24 patterns, in bfloat16 they are rounded.

    Args:
        dim: number n of units, at least 2.
        rule: how patterns become weights: `Hebb()`, `Storkey()`, `PseudoInverse()`.
        update: `Synchronous()`, or `Asynchronous(generator=...)`, which never raises the energy.
        diagonal: whether units act on themselves, W_ii as the rule has it; else W_ii = 0.
        threshold: what a field has to exceed, a number or (n,); None is the coding's own, 0 for `Bipolar()`.
        coding: the states of a unit: `Bipolar()`, `Sparse(activity)`, `WinnersTakeAll(activity)`.
        device, dtype: of the weights.

    >>> network = HopfieldNetwork(6)
    >>> ids = network.write(torch.tensor([[1, 1, 1, -1, -1, -1], [1, -1, 1, -1, 1, -1]]))
    >>> network.read(torch.tensor([1, 1, 1, -1, -1, 1])).value
    tensor([ 1.,  1.,  1., -1., -1., -1.])
    """

    sums: Tensor
    """(n, n): the weights before the rule's scale, diagonal included."""
    thresholds: Tensor
    """(n,)."""

    def __init__(
        self,
        dim: int,
        *,
        rule: LearningRule = _HEBB,
        update: UnitUpdate = _SYNCHRONOUS,
        diagonal: bool = False,
        threshold: float | Tensor | None = None,
        coding: UnitCoding = _BIPOLAR,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        if dim < 2:
            raise ArgumentError(f"dim must be at least 2 units; got {dim}")
        if not coding.apart and not isinstance(update, Synchronous):
            raise ArgumentError(f"update must be Synchronous() where units compete; got {update!r} with {coding!r}")
        super().__init__(dim, device=device)
        self.rule, self.update, self.diagonal, self.coding = rule, update, diagonal, coding
        self._threshold = None if isinstance(threshold, Tensor) else threshold
        self.register_buffer("sums", torch.zeros(dim, dim, device=device, dtype=dtype))
        chosen = coding.threshold if threshold is None else threshold
        self.register_buffer("thresholds", _checked_thresholds(chosen, self.sums))

    @property
    def weights(self) -> Tensor:
        """(n, n): the symmetric weights W that updates use."""
        return self._dynamics().sums * self.rule.scale(self.key_dim)

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Learn patterns (m, n), or one (n,), as one by one in their order: their numbers (m,) int64.

        Raises ArgumentError, ShapeError, and then learns nothing; values and evidence have to be None.
        """
        rows, _ = self._pairs(keys, values, evidence, self.sums)
        self.sums = self._changed("keys", rows, self.rule.learn)
        return self._number(rows.shape[0])

    def unlearn(self, patterns: Tensor) -> None:
        """Take patterns (m, n), or one (n,), back as if never written; ones that were not become repelling.

        Raises ArgumentError unless the rule is a plain sum, as `Hebb` is: Storkey's weights hang on the order of all
        that was written, and a projection does not know which patterns span it.
        """
        if not isinstance(self.rule, Unlearning):
            raise ArgumentError(f"{self.rule!r} cannot unlearn: what a pattern added hangs on the other patterns")
        rows = self._rows("patterns", patterns, self.key_dim, self.sums)
        self.sums = self._changed("patterns", rows, self.rule.unlearn)

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        """Update states (..., n) once, each unit of them: the value (..., n)."""
        check_top(self, top)
        states = self._states("query", query)
        return Read(self.update(self._dynamics(), states).reshape(query.shape))

    def settle(self, query: Tensor, *, steps: int | None = None, tol: float = 1e-4) -> Settled:
        """Update states (..., n) until none of their units changes, or `steps` times (None: 1000).

        A step of `Asynchronous` is a sweep. Synchronous updates may end in two states that follow each other for ever:
        that is noticed, and such a query stops with `converged` False, at a step below the limit.
        """
        dynamics, states = self._dynamics(), self._states("query", query)
        found = settle_states(lambda rows: self.update(dynamics, rows), states, steps=steps, tol=tol)
        return found.shaped(query.shape[:-1])

    def energy(self, state: Tensor) -> Tensor:
        """Give E = -s^T W s / 2 + theta^T s of states (..., n): (...), with s less the coding's mean.

        Never raised by asynchronous updates where no W_ii is negative (Hopfield 1982), as with a zero diagonal.
        """
        dynamics, states = self._dynamics(), self._states("state", state)
        centred = states - self.coding.mean
        energy = centred @ self.thresholds - ((centred @ dynamics.sums) * centred).sum(-1) * (dynamics.scale / 2)
        return energy.reshape(state.shape[:-1])

    def capacity(self) -> float:
        """Give how many random +-1 patterns the rule holds in so many units, by theory."""
        return self.rule.capacity(self.key_dim)

    def arguments(self) -> dict[str, Any]:
        """Give the keyword arguments of an empty network of this form; generator and (n,) thresholds are not in it.

        `load_state_dict` restores the thresholds; a generator has to be given again (see `Asynchronous`).
        """
        update = replace(self.update, generator=None) if isinstance(self.update, Asynchronous) else self.update
        form = {"dim": self.key_dim, "rule": self.rule, "update": update, "diagonal": self.diagonal}
        return {**form, "threshold": self._threshold, "coding": self.coding}

    def extra_repr(self) -> str:
        """Describe the network in one line."""
        form = ", ".join(f"{name}={part!r}" for name, part in self.arguments().items())
        return f"{form}, written={int(self.next_id)}, {device_shown(self)}"

    def _changed(self, name: str, rows: Tensor, change: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        wide = torch.promote_types(self.sums.dtype, torch.float32)
        learnt = (self.coding.checked(name, rows).to(wide) - self.coding.mean) / self.coding.spread
        return change(self.sums.to(wide), learnt).to(self.sums.dtype)

    def _states(self, name: str, states: Tensor) -> Tensor:
        return self.coding.checked(name, self._queries(states, self.sums, name=name))

    def _dynamics(self) -> Dynamics:
        sums = self.sums if self.diagonal else self.sums - self.sums.diagonal().diag()
        scale, largest = self.rule.scale(self.key_dim), self.sums.abs().amax()
        return Dynamics(sums, scale, self.thresholds, self.coding, largest)


def _checked_thresholds(threshold: float | Tensor, sums: Tensor) -> Tensor:
    thresholds = torch.as_tensor(threshold).detach().to(sums)
    if thresholds.shape not in ((), sums.shape[:1]):
        raise ShapeError(f"threshold must be a number or ({sums.shape[0]},); got shape {tuple(thresholds.shape)}")
    check_finite("threshold", thresholds)
    return thresholds.expand(sums.shape[0]).clone()
