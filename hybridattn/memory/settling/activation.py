"""What a state may be: the map from what a state reads to the state that follows it."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

__all__ = ["Activation", "Identity", "Sign", "Sphere"]


@runtime_checkable
class Activation(Protocol):
    """The state that follows what was read, and the energy of a state by itself.

    The next state is the one of highest `value . state - energy(state)`: of all states, of the corners of a cube, of a
    sphere. So a settling goes down energy(state) - F(scores) / beta for every convex potential F of a separation: F
    lies above its tangent, and the update makes the tangent as high as it can be (the Lagrangians of Krotov and
    Hopfield 2021, arXiv 2008.06996; the concave-convex procedure of Yuille and Rangarajan 2003).
    """

    def __call__(self, value: Tensor, state: Tensor, /) -> Tensor:
        """Give the next state (..., d) from the value (..., d) that the state (..., d) read."""
        ...

    def energy(self, state: Tensor, /) -> Tensor:
        """Give the energy that states (..., d) have without any memory: (...)."""
        ...


@dataclass(frozen=True)
class Identity:
    """The state is what was read; its own energy is |q|^2 / 2 (Ramsauer et al. 2021, arXiv 2008.02217, eq. 2-3).

    >>> Identity()(torch.tensor([0.5, -2.0]), torch.tensor([1.0, 1.0]))
    tensor([ 0.5000, -2.0000])
    """

    def __call__(self, value: Tensor, state: Tensor, /) -> Tensor:
        """Give the value."""
        return value

    def energy(self, state: Tensor, /) -> Tensor:
        """Give |q|^2 / 2."""
        return state.square().sum(-1) / 2


@dataclass(frozen=True)
class Sign:
    """The sign of every entry of what was read, all at once; an entry that reads 0 stays. States are of -1 and +1.

    The energy is that of the memory alone, -F / beta. As every slot counts its own agreement with the state, the
    diagonal of a Hopfield network is kept, which holds a noisy state where it is once patterns are many: `Flips` leaves
    it out.

    >>> Sign()(torch.tensor([0.5, -2.0, 0.0]), torch.tensor([-1.0, 1.0, -1.0]))
    tensor([ 1., -1., -1.])
    """

    def __call__(self, value: Tensor, state: Tensor, /) -> Tensor:
        """Give the signs."""
        return torch.where(value == 0, state, value.sign())

    def energy(self, state: Tensor, /) -> Tensor:
        """Give 0."""
        return torch.zeros_like(state[..., 0])


@dataclass(frozen=True)
class Sphere:
    """The direction of what was read, at the length of the state; a state that reads 0 stays.

    Potentials that grow faster than |q|^2, such as s^n / n with n > 2, have no lowest energy among all states; among
    those of one length they have. The energy is that of the memory alone, -F / beta.

    >>> Sphere()(torch.tensor([30.0, 40.0]), torch.tensor([0.0, 1.0]))
    tensor([0.6000, 0.8000])
    """

    def __call__(self, value: Tensor, state: Tensor, /) -> Tensor:
        """Give the value, at the length of the state."""
        largest = value.detach().abs().amax(-1, keepdim=True)  # first, so that no square leaves the range
        scaled = value / largest.where(largest > 0, 1.0)
        length: Tensor = torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
        wanted: Tensor = torch.linalg.vector_norm(state, dim=-1, keepdim=True)
        return torch.where(largest > 0, scaled * (wanted / length.where(length > 0, 1.0)), state)

    def energy(self, state: Tensor, /) -> Tensor:
        """Give 0."""
        return torch.zeros_like(state[..., 0])
