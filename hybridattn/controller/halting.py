"""When a question has walked far enough."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

__all__ = ["Converged", "Halt", "Reached"]


class Halt(Protocol):
    """Says of every walking query whether it stops; each is judged by itself, never by its batch."""

    def __call__(self, query: Tensor, following: Tensor, value: Tensor, question: Tensor) -> Tensor:
        """Judge one hop.

        Args:
            query: (w, d) what was asked.
            following: (w, d') the next query.
            value: (w, v) what was read.
            question: (w,) int64 row of the batch that each belongs to.

        Returns:
            (w,) bool, True where the walk stops.
        """
        ...


@dataclass(frozen=True)
class Converged:
    """Stops a query that a hop moved by at most `tol` (Euclidean)."""

    tol: float = 1e-4

    def __call__(self, query: Tensor, following: Tensor, value: Tensor, question: Tensor) -> Tensor:
        """See `Halt`."""
        return torch.le((following - query).norm(dim=-1), self.tol)


@dataclass(frozen=True)
class Reached:
    """Stops a question whose value has at least cosine `cos` with its goal.

    Args:
        goal: (b, v) a goal for each question; a row of zeros is never reached.
        cos: threshold in (0, 1].
    """

    goal: Tensor
    cos: float = 1 - 1e-4

    def __call__(self, query: Tensor, following: Tensor, value: Tensor, question: Tensor) -> Tensor:
        """See `Halt`."""
        return torch.ge(cosine_similarity(value, self.goal[question], dim=-1), self.cos)
