"""Where settling ended, and what was recorded on the way."""

from collections.abc import Sequence
from enum import Flag, auto
from typing import NamedTuple

from torch import Tensor

__all__ = ["Drop", "Record", "Settled"]


class Record(Flag):
    """What to write down at every step: `Record.STATES | Record.ENERGIES`, say."""

    STATES = auto()
    """Every state, from the query on."""
    ENERGIES = auto()
    """The energy of every state; one more pass over the slots at the end, and log masses on the way."""
    DROPS = auto()
    """The certificate of every update: the two parts, never below 0, that its drop of the energy consists of."""


class Drop(NamedTuple):
    """Two parts of the drop of the energy in an update: their sum is E(q) - E(q+), both at least 0 but for rounding.

    For `Identity` under the dot product E(q) - E(q+) = |q - q+|^2 / 2 + D_F(s+, s) / beta, with the scores s = beta X q
    and the Bregman divergence D_F(s+, s) = F(s+) - F(s) - p . (s+ - s), p the weights; for `Softmax` it is
    KL(p || p+). An update damped to q+ = q + r (f(q) - q) has |f(q) - q|^2 (r - r^2 / 2) in the first place. Under
    minus the squared distance that is twice as much, times the sum of the weights; for `Sign` and `Sphere` it is f .
    (q+ - q). The second part is at least 0 because F is convex; that of `LogSumReLU` and of `Power` of odd n is not
    everywhere.
    """

    moved: Tensor
    """(steps, ...): by how much the tangent of the energy fell; 0 from where a query stopped."""
    divergence: Tensor
    """(steps, ...): how far the energy is below its tangent, D_F(s+, s) / beta."""


class Settled(NamedTuple):
    """Where settling ended, for each query; what was not asked for is None."""

    state: Tensor
    """(..., d): the last state."""
    steps: Tensor
    """(...) int64: how many updates it took."""
    converged: Tensor
    """(...) bool: whether the last update moved the state by no more than the tolerance."""
    states: Tensor | None = None
    """(steps + 1, ..., d): the query and the state after every update of the slowest query."""
    energies: Tensor | None = None
    """(steps + 1, ...): the energies of these states; the first is that of the query, the last that of the end."""
    drops: Drop | None = None
    """(steps, ...): what the energy fell by in every update, in two parts."""

    def shaped(self, lead: Sequence[int]) -> "Settled":
        """Give the axis of queries (q, ...) the shape `lead`."""

        def late(part: Tensor) -> Tensor:
            return part.reshape((part.shape[0], *lead, *part.shape[2:]))

        state, steps, converged = (part.reshape((*lead, *part.shape[1:])) for part in self[:3])
        states, energies = (None if part is None else late(part) for part in self[3:5])
        drops = None if self.drops is None else Drop(*map(late, self.drops))
        return Settled(state, steps, converged, states, energies, drops)
