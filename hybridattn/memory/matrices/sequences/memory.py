"""Memories of sequences: each pattern recalls the next one."""

from typing import Any

import torch
from torch import Tensor

from hybridattn.attention import Read, Separation, Softmax
from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory.device import device_shown
from hybridattn.memory.matrices.sequences.overlaps import Overlap, PlainOverlap
from hybridattn.memory.matrices.store import bipolar, check_size, signs
from hybridattn.memory.slots.numbered import NumberedSlots
from hybridattn.memory.taken import check_one_a_key, check_top

__all__ = ["SequenceMemory"]

_PLAIN, _SOFTMAX = PlainOverlap(), Softmax()
_SCORES = 1 << 21
"""How many overlaps of states with patterns are held at a time, or those of one state."""


class SequenceMemory(NumberedSlots):
    """Transitions between +-1 patterns: s' = sgn(sum_mu x^(mu+1) f(beta m^mu)), m the overlaps (Chaudhry et al. 2023).

    Sequences are written one after the other and all recalled by the same update; where two share a pattern, what
    follows it is the sign of both continuations. A sum of 0 keeps the state. More transitions than the capacity may be
    written, and are recalled with errors. arXiv 2306.04532; `polynomial_sequence`, `exponential_sequence` and
    `pseudo_inverse_sequence` are its combinations.

    Args:
        dim: width d of a pattern, at least 2.
        separation: f as its weights: `Power(n)` is f(m) = m^(n-1), `Linear()` is f(m) = m, `Softmax()` is f(m) = exp(m)
            up to a positive factor, which signs do not see.
        beta: what overlaps, -1 to 1, are multiplied by before f: above 0.
        overlap: how m is taken: `PlainOverlap()`, or `DecorrelatedOverlap()` for the generalised pseudo-inverse.
        device, dtype: of the patterns.

    >>> memory = SequenceMemory(4, beta=3.0)
    >>> ids = memory.write(torch.tensor([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1]]), cyclic=True)
    >>> memory.recall(torch.tensor([1, -1, 1, -1]), steps=2)
    tensor([[ 1.,  1., -1., -1.],
            [ 1.,  1.,  1.,  1.]])
    """

    keys: Tensor
    """(n, d): from where each transition leads."""
    values: Tensor
    """(n, d): to where."""
    prepared: Tensor
    """What the overlaps keep beside the keys: (n, d), or (0, d)."""

    def __init__(
        self,
        dim: int,
        *,
        separation: Separation = _SOFTMAX,
        beta: float = 1.0,
        overlap: Overlap = _PLAIN,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(device=device)
        check_size("dim", dim, 2)
        if not 0 < beta < float("inf"):
            raise ArgumentError(f"beta must be finite and above 0; got {beta}")
        self.key_dim = self.value_dim = dim
        self.separation, self.beta, self.overlap = separation, beta, overlap
        for name in ("keys", "values", "prepared"):
            self.register_buffer(name, torch.empty(0, dim, device=device, dtype=dtype))

    def write(
        self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None, cyclic: bool = False
    ) -> Tensor:
        """Store a sequence (t, d), t at least 2, as t - 1 transitions, t where it is cyclic: their numbers int64.

        With values (t, d), or (d,) for keys (d,), store the transitions from each key to its value instead. Raises
        ArgumentError or ShapeError, and then stores nothing.
        """
        if evidence is not None:
            raise ArgumentError("SequenceMemory counts no evidence: evidence must be None; got a tensor")
        rows = self._patterns("keys", keys)
        if values is None:
            rows, nexts = _steps(rows, cyclic)
        elif cyclic:
            raise ArgumentError("cyclic needs values to be None: given values say themselves where each key leads")
        else:
            nexts = self._patterns("values", values)
        check_one_a_key(rows, nexts)
        ids = self.next_id + torch.arange(rows.shape[0], device=rows.device)
        for name, more in (("keys", rows), ("values", nexts), ("ids", ids)):
            setattr(self, name, torch.cat((getattr(self, name), more)))
        self.prepared, self.next_id = self.overlap.prepared(self.keys), self.next_id + rows.shape[0]
        return ids

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        """Take one step from states (..., d): the value (..., d)."""
        check_top(self, top)
        return Read(self._step(self._states(query)).reshape(query.shape))

    def recall(self, cue: Tensor, *, steps: int) -> Tensor:
        """Take steps from cues (..., d): the states after each, without the cue itself (..., steps, d)."""
        check_size("steps", steps)
        states = [self._states(cue)]
        for _ in range(steps):
            states.append(self._step(states[-1]))
        return torch.stack(states[1:], -2).reshape(*cue.shape[:-1], steps, self.key_dim)

    def arguments(self) -> dict[str, Any]:
        """Give the keyword arguments of an empty memory of this form."""
        return {"dim": self.key_dim, "separation": self.separation, "beta": self.beta, "overlap": self.overlap}

    def extra_repr(self) -> str:
        """Describe the memory in one line."""
        form = ", ".join(f"{name}={part}" for name, part in self.arguments().items())
        return f"{form}, transitions={len(self)}, {device_shown(self)}"

    def _step(self, states: Tensor) -> Tensor:
        rows = max(1, _SCORES // max(1, len(self)))
        return torch.cat([signs(self._drives(part), part) for part in torch.split(states, rows)])

    def _drives(self, states: Tensor) -> Tensor:
        return self.overlap.drives(states, self.keys, self.prepared, self.values, self.separation, self.beta)

    def _states(self, states: Tensor) -> Tensor:
        if not states.ndim or states.shape[-1] != self.key_dim:
            raise ShapeError(f"query must end in dim={self.key_dim}; got shape {tuple(states.shape)}")
        return bipolar("query", states.reshape(-1, self.key_dim).to(self.keys.device, self.keys.dtype))

    def _patterns(self, name: str, rows: Tensor) -> Tensor:
        if rows.ndim not in (1, 2) or rows.shape[-1] != self.key_dim:
            shapes = f"({self.key_dim},) or (m, {self.key_dim})"
            raise ShapeError(f"{name} must have shape {shapes}; got shape {tuple(rows.shape)}")
        return bipolar(name, rows.detach().reshape(-1, self.key_dim).to(self.keys.device, self.keys.dtype))

    def _stored(self) -> list[str]:
        return ["keys", "values", "ids"]

    def _sized(self) -> list[str]:
        return ["keys", "values", "ids", "prepared"]


def _steps(sequence: Tensor, cyclic: bool) -> tuple[Tensor, Tensor]:
    if sequence.shape[0] < 2:
        raise ShapeError(f"keys without values must be a sequence of at least 2 patterns; got {sequence.shape[0]}")
    nexts = sequence.roll(-1, 0)
    return (sequence, nexts) if cyclic else (sequence[:-1], nexts[:-1])
