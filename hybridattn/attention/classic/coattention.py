"""Two inputs that attend to each other: at once, or in turns."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["AlternatingCoattention", "Coattended", "ParallelCoattention"]


class Coattended(NamedTuple):
    """What was read of each of two inputs."""

    first: Tensor
    """(b, dim)"""
    second: Tensor
    """(b, dim)"""
    first_shares: Tensor
    """(b, m)"""
    second_shares: Tensor
    """(b, n)"""


class ParallelCoattention(nn.Module):
    """Both inputs at once, by the affinity of each pair (Lu et al. 2016, arXiv 1606.00061, section 3.3, eq. 3-5).

    C = tanh(Q W_b V^T); H_v = tanh(V W_v + C^T (Q W_q)) and H_q = tanh(Q W_q + C (V W_v)), rows for places; shares are
    softmax(H w_v) and softmax(H w_q).

    Args:
        dim: width of both inputs.
        hidden: units.
        generator: where weights start, normal of variance 1 / width.
    """

    def __init__(self, dim: int, hidden: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        _check_sizes(dim, hidden)
        self.dim = dim
        self.affinity = _weight(dim, dim, generator=generator)
        self.to_first, self.to_second = (_weight(dim, hidden, generator=generator) for _ in range(2))
        self.first_vector, self.second_vector = (_weight(hidden, 1, generator=generator) for _ in range(2))

    def forward(self, first: Tensor, second: Tensor) -> Coattended:
        """Attend inputs (b, m, dim), the Q of the paper, and (b, n, dim), its V."""
        _check_inputs(self.dim, first, second)
        affinity = (first @ self.affinity @ second.mT).tanh()
        one, other = first @ self.to_first, second @ self.to_second
        first_scores = ((one + affinity @ other).tanh() @ self.first_vector).squeeze(-1)
        second_scores = ((other + affinity.mT @ one).tanh() @ self.second_vector).squeeze(-1)
        shares = first_scores.softmax(-1), second_scores.softmax(-1)
        return Coattended(_sum(shares[0], first), _sum(shares[1], second), *shares)


class AlternatingCoattention(nn.Module):
    """First a summary of the first input, then the second by that, then the first again (Lu et al. 2016, eq. 6).

    A step attends to X with guidance g: H = tanh(X W_x + g W_g), shares softmax(H w), value the sum; the first has g 0.
    Weights are of their own in each of the three steps.

    Args: as `ParallelCoattention`.
    """

    def __init__(self, dim: int, hidden: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        _check_sizes(dim, hidden)
        self.dim = dim
        self.to_input = nn.ParameterList([_weight(dim, hidden, generator=generator) for _ in range(3)])
        self.to_guide = nn.ParameterList([_weight(dim, hidden, generator=generator) for _ in range(3)])
        self.vectors = nn.ParameterList([_weight(hidden, 1, generator=generator) for _ in range(3)])

    def forward(self, first: Tensor, second: Tensor) -> Coattended:
        """Attend inputs (b, m, dim) and (b, n, dim)."""
        _check_inputs(self.dim, first, second)
        summary, _ = self._step(0, first, first.new_zeros(len(first), self.dim))
        other, second_shares = self._step(1, second, summary)
        one, first_shares = self._step(2, first, other)
        return Coattended(one, other, first_shares, second_shares)

    def _step(self, number: int, x: Tensor, guide: Tensor) -> tuple[Tensor, Tensor]:
        units = (x @ self.to_input[number] + (guide @ self.to_guide[number]).unsqueeze(1)).tanh()
        shares = (units @ self.vectors[number]).squeeze(-1).softmax(-1)
        return _sum(shares, x), shares


def _weight(rows: int, columns: int, *, generator: torch.Generator | None) -> nn.Parameter:
    return nn.Parameter(torch.randn(rows, columns, generator=generator) / math.sqrt(rows))


def _sum(shares: Tensor, x: Tensor) -> Tensor:
    return (shares.unsqueeze(1) @ x).squeeze(1)


def _check_sizes(dim: int, hidden: int) -> None:
    if dim < 1 or hidden < 1:
        raise ArgumentError(f"dim and hidden must be at least 1; got {dim} and {hidden}")


def _check_inputs(dim: int, first: Tensor, second: Tensor) -> None:
    for name, x in (("first", first), ("second", second)):
        if x.ndim != 3 or x.shape[-1] != dim or not x.shape[1]:
            raise ShapeError(f"{name} must have shape (b, n, {dim}) with n at least 1; got {tuple(x.shape)}")
    if len(first) != len(second):
        raise ShapeError(f"first and second must be as many; got {len(first)} and {len(second)}")
