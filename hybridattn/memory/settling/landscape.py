"""The slots that states settle among: what an update does to a state, and the energy that it goes down."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.attention import (
    Dot,
    MeanShift,
    NegativeSquaredEuclidean,
    Read,
    ScaledDot,
    Separation,
    Similarity,
    Softmax,
    read,
)
from hybridattn.attention.read import potential
from hybridattn.attention.tiles.lookup import Lookup
from hybridattn.attention.tiles.rows import Parts, read_rows
from hybridattn.errors import ArgumentError
from hybridattn.memory.settling.activation import Activation, Identity
from hybridattn.memory.settling.flips import Flips
from hybridattn.memory.settling.settled import Drop

__all__ = ["Landscape", "Look", "scale_of"]


class Look(NamedTuple):
    """What states see of the slots: one pass over them."""

    value: Tensor
    """(q, d): sum of weights times keys; under a distance their mean, the state itself where nothing has weight."""
    weight: Tensor | None
    """(q, 1): the sum of the weights, under a distance."""
    mass: Tensor
    """(q,): the potential F of the scores."""


@dataclass(frozen=True)
class Landscape:
    """Keys (n, d) and the parts of a memory, with one beta for all states or (q, 1) of their own.

    A state that is near stays near: the update is `activation(separation(beta * similarity(q, keys)) @ keys, q)`. Under
    `NegativeSquaredEuclidean` the weights are divided by their sum, which is the mean shift (Cheng 1995, eq. 5).
    """

    keys: Tensor
    similarity: Similarity
    separation: Separation
    activation: Activation | Flips
    beta: float | Tensor

    @property
    def distance(self) -> bool:
        """Whether slots are compared by distance, so that an update is a mean of keys."""
        return isinstance(self.similarity, NegativeSquaredEuclidean)

    @property
    def steepness(self) -> float | Tensor:
        """The factor of q . k (or of minus the squared distance) in the scores, () or (q,); ArgumentError if none."""
        beta = self.beta.squeeze(-1) if isinstance(self.beta, Tensor) and self.beta.ndim else self.beta
        return beta * scale_of(self.similarity, self.separation, self.activation, self.keys.shape[-1])

    def of(self, rows: Tensor) -> "Landscape":
        """Give the landscape of some of the states."""
        return replace(self, beta=self.beta[rows]) if isinstance(self.beta, Tensor) and self.beta.ndim else self

    def update(self, state: Tensor) -> Tensor:
        """Give the states (q, d) that follow."""
        if isinstance(self.activation, Flips):
            return self.activation(state, self.keys, separation=self.separation, steepness=self.steepness)
        return self.activation(self.look(state).value if self.distance else self._read(state, False).value, state)

    def look(self, state: Tensor) -> Look:
        """Read the keys with states (q, d), and keep the potential (0 without any key)."""
        if not len(self.keys):
            nothing = state.new_zeros(len(state))
            return Look(state, nothing[:, None], nothing) if self.distance else Look(0 * state, None, nothing)
        if self.distance:
            seen, mass = self._rows(state, self._with_ones(), self.separation)
            total, weight = seen[:, :-1], seen[:, -1:]
            mean = torch.where(weight > 0, total / weight.where(weight > 0, 1.0), state)
            return Look(mean, self._weight(state, weight), mass)
        if isinstance(self.separation, Softmax):
            found = self._read(state, True)
            assert found.log_mass is not None
            return Look(found.value, None, found.log_mass)
        value, mass = self._rows(state, self.keys, self.separation)
        return Look(value, None, mass)

    def follow(self, state: Tensor, seen: Look) -> Tensor:
        """Give the states that follow states which saw `seen`: `update`, without another pass over the slots."""
        if isinstance(self.activation, Flips):
            return self.update(state)
        return self.activation(seen.value, state)

    def count(self) -> int:
        """Count the keys."""
        return len(self.keys)

    def longest(self) -> Tensor:
        """Give the length M of the longest key, () and at least float32, without gradient; 0 without any key."""
        wide = torch.promote_types(self.keys.dtype, torch.float32)
        lengths: Tensor = torch.linalg.vector_norm(self.keys.detach(), dim=-1, dtype=wide)
        return lengths.amax() if len(lengths) else lengths.sum()

    def largest_square(self) -> Tensor:
        """Give M^2, () and at least float32; 0 without any key."""
        squares = self.keys.to(torch.promote_types(self.keys.dtype, torch.float32)).square().sum(-1)
        return squares.amax() if len(squares) else squares.sum()

    def ground(self) -> Tensor:
        """Give F(0), the potential of scores that are all 0, () and at least float32; 0 without any key."""
        wide = torch.promote_types(self.keys.dtype, torch.float32)
        zeros = self.keys.new_zeros(self.count(), dtype=wide)
        return self.separation.potential(zeros) if len(zeros) else zeros.sum()

    def energy(self, state: Tensor) -> Tensor:
        """Give the energy (q,) of states (q, d), up to a constant: their own, minus F / steepness."""
        return self._alone(state) - self._mass(state) / self.steepness

    def height(self, state: Tensor, seen: Look) -> Tensor:
        """Give the energy of states which saw `seen`."""
        return self._alone(state) - seen.mass / self.steepness

    def drop(self, before: Tensor, seen: Look, after: Tensor, later: Look, rate: float) -> Drop:
        """Give the two parts of E(before) - E(after) for an update that was damped by `rate`."""
        wide = torch.promote_types(before.dtype, torch.float32)
        moved = after.to(wide) - before.to(wide)
        same = later.mass == seen.mass  # -inf, too, where nothing is near
        rise = torch.where(same, 0.0, later.mass - seen.mass) / self.steepness
        if seen.weight is not None:
            fell = seen.weight.squeeze(-1) * moved.square().sum(-1) * (2 / rate - 1)
            return Drop(fell, rise - fell)
        along = (seen.value * moved).sum(-1)
        fell = moved.square().sum(-1) * (1 / rate - 0.5) if isinstance(self.activation, Identity) else along
        return Drop(fell, rise - along)

    def _alone(self, state: Tensor) -> Tensor:
        wide = state.to(torch.promote_types(state.dtype, torch.float32))
        if self.distance or isinstance(self.activation, Flips):
            return wide.new_zeros(wide.shape[:-1])
        return self.activation.energy(wide)

    def _mass(self, state: Tensor) -> Tensor:
        if not len(self.keys):
            return state.new_zeros(len(state))
        parts = {"similarity": self.similarity, "separation": self.separation}
        return potential(state, self.keys, **parts, beta=self.beta)  # type: ignore[arg-type]

    def _read(self, state: Tensor, log_mass: bool) -> Read:
        parts = {"similarity": self.similarity, "separation": self.separation, "beta": self.beta}
        return read(state, self.keys, self.keys, **parts, log_mass=log_mass)  # type: ignore[arg-type]

    def _with_ones(self) -> Tensor:
        return torch.cat((self.keys, self.keys.new_ones(len(self.keys), 1)), -1)

    def _weight(self, state: Tensor, weight: Tensor) -> Tensor:
        # A mean shift divides the weights by their sum; the slope of its potential is the sum itself.
        if not isinstance(self.separation, MeanShift):
            return weight
        ones = self.keys.new_ones(len(self.keys), 1)
        return self._rows(state, ones, self.separation.separation)[0]

    def _rows(self, state: Tensor, values: Tensor, separation: Separation) -> tuple[Tensor, Tensor]:
        beta = self.beta[None] if isinstance(self.beta, Tensor) and self.beta.ndim else self.beta
        lookup = Lookup(state[None], self.keys[None], values[None], beta)
        value, mass = read_rows(lookup, Parts(self.similarity, separation), None, with_potential=True)
        return value[0], mass[0]


def scale_of(similarity: Similarity, separation: Separation, activation: Activation | Flips, width: int) -> float:
    """Give the factor of q . k, or of -|q - k|^2, in a similarity; ArgumentError where settling goes down no energy."""
    if isinstance(similarity, NegativeSquaredEuclidean):
        if not isinstance(activation, Identity):
            raise ArgumentError(
                f"under a distance the energy is known for Identity() only; got activation {activation!r}"
            )
        return 1.0
    if not isinstance(similarity, Dot | ScaledDot):
        known = "Dot(), ScaledDot() and NegativeSquaredEuclidean()"
        raise ArgumentError(f"the energy is known for similarity {known} only; got {similarity!r}")
    if isinstance(separation, MeanShift) and isinstance(activation, Identity):
        raise ArgumentError(f"under a dot product {separation!r} goes down no energy: it belongs to a distance")
    return width**-0.5 if isinstance(similarity, ScaledDot) else 1.0
