"""Settling with a record of every step."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from hybridattn.attention import MeanShift
from hybridattn.errors import ArgumentError
from hybridattn.memory.settling.flips import Flips
from hybridattn.memory.settling.landscape import Landscape, Look
from hybridattn.memory.settling.run import MOST_STEPS, Plan, Updating
from hybridattn.memory.settling.settled import Drop, Record, Settled

__all__ = ["Recording"]


@dataclass(frozen=True)
class Recording(Plan):
    """A plan that writes down what `record` names; `level`, () or (q,), is added to every energy.

    All queries are updated until the last has come to rest. A step costs one pass over the slots, and so does the end.
    """

    record: Record = Record.STATES
    level: Tensor | float = 0.0

    def settle(self, updating: Updating, query: Tensor) -> Settled:
        """Settle queries (q, d) in a `Landscape`; ArgumentError where no energy, or no certificate, is known."""
        assert isinstance(updating, Landscape)
        if Record.DROPS in self.record:
            _must_have_drops(updating)
        log = _Log(updating, self.record, self.damping, self.level)
        state, converged = query, torch.zeros(len(query), dtype=torch.bool, device=query.device)
        taken, seen = torch.zeros_like(converged, dtype=torch.int64), log.start(query)
        for _ in range(MOST_STEPS if self.steps is None else self.steps):
            if self.steps is None and bool(converged.all()):
                break
            after = self.damped(state, updating.update(state) if seen is None else updating.follow(state, seen))
            still = self.still(state, after)
            after = torch.where(converged[:, None], state, after)
            seen = log.step(state, seen, after)
            taken, state, converged = taken + ~converged, after, converged | still
        return Settled(state, taken, converged, *log.kept())


def _must_have_drops(landscape: Landscape) -> None:
    if isinstance(landscape.activation, Flips):
        raise ArgumentError("drops are known for updates of all entries at once; got activation Flips()")
    if isinstance(landscape.separation, MeanShift) and not landscape.distance:
        raise ArgumentError(f"under a dot product drops are not known for {landscape.separation!r}")


@dataclass
class _Log:
    landscape: Landscape
    record: Record
    damping: float
    level: Tensor | float
    states: list[Tensor] = field(default_factory=list)
    energies: list[Tensor] = field(default_factory=list)
    moved: list[Tensor] = field(default_factory=list)
    divergence: list[Tensor] = field(default_factory=list)

    def start(self, query: Tensor) -> Look | None:
        """Write down the queries."""
        seen = self.landscape.look(query) if self.record & (Record.ENERGIES | Record.DROPS) else None
        self._write(query, seen)
        return seen

    def step(self, before: Tensor, seen: Look | None, after: Tensor) -> Look | None:
        """Write down an update of states that saw `seen`; gives what the states after it see."""
        later = None if seen is None else self.landscape.look(after)
        self._write(after, later)
        if seen is not None and later is not None and Record.DROPS in self.record:
            drop = self.landscape.drop(before, seen, after, later, self.damping)
            self.moved.append(drop.moved)
            self.divergence.append(drop.divergence)
        return later

    def kept(self) -> tuple[Tensor | None, Tensor | None, Drop | None]:
        """Give states, energies and drops, as far as they were to be recorded."""
        drops = None
        if Record.DROPS in self.record:
            none = self.states[0].new_zeros(0, len(self.states[0]))
            moved, divergence = (torch.stack(part) if part else none for part in (self.moved, self.divergence))
            drops = Drop(moved, divergence)
        return (
            torch.stack(self.states) if Record.STATES in self.record else None,
            torch.stack(self.energies) if self.energies else None,
            drops,
        )

    def _write(self, state: Tensor, seen: Look | None) -> None:
        if Record.STATES in self.record or not self.states:
            self.states.append(state)
        if seen is not None and Record.ENERGIES in self.record:
            self.energies.append(self.landscape.height(state, seen) + self.level)
