"""The inverse temperature of a memory: one number, one a head, or learned."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["Beta", "beta_for", "bounded", "is_steep", "made", "refusal"]

_STEEP = 1e12
"""From here on beta times a similarity may leave the range of float32."""


@dataclass(frozen=True)
class Beta:
    """A beta of a given shape, all of it `start`: (h,) is one number a head, () one for all.

    trainable: whether it is a Parameter. A state that is loaded brings other numbers.

    >>> Beta((2,), start=0.5).tensor()
    tensor([0.5000, 0.5000], dtype=torch.float64)
    """

    shape: tuple[int, ...] = ()
    start: float = 1.0
    trainable: bool = False

    def tensor(self) -> Tensor:
        """Give the numbers: float64, or a Parameter of the default dtype."""
        numbers = torch.full(tuple(self.shape), self.start, dtype=None if self.trainable else torch.float64)
        return nn.Parameter(numbers) if self.trainable else numbers

    @classmethod
    def like(cls, beta: float | Tensor) -> "float | Beta":
        """Give what makes a beta of the same form: a number is itself."""
        if not isinstance(beta, Tensor):
            return beta
        return cls(tuple(beta.shape), trainable=isinstance(beta, nn.Parameter))


def made(beta: "float | Tensor | Beta") -> float | Tensor:
    """Give a beta, once it is found to be finite and above 0; ArgumentError if it is not."""
    found = beta.tensor() if isinstance(beta, Beta) else beta
    wrong = refusal(found)
    if wrong is not None:
        raise ArgumentError(wrong)
    return found if isinstance(found, Tensor) else float(found)


def refusal(beta: float | Tensor) -> str | None:
    """Say what is wrong with a beta, if anything is."""
    if isinstance(beta, Tensor):
        good = beta.is_floating_point() and bool(((beta > 0) & (beta < math.inf)).all())
        shown: object = beta.detach().flatten()[:4].tolist() if beta.is_floating_point() else beta.dtype
    else:
        good, shown = 0 < beta < math.inf, beta
    return None if good else f"beta must be finite and above 0; got {shown}"


def is_steep(beta: float | Tensor) -> bool:
    """Tell whether scores may leave the range of float32, so that `bounded` has to look."""
    return bool((beta > _STEEP).any()) if isinstance(beta, Tensor) else beta > _STEEP


def beta_for(beta: float | Tensor, lead: tuple[int, ...]) -> float | Tensor:
    """Give the beta of queries (..., d) laid out as rows: a number, (), or (q, 1). `lead` is their (...)."""
    if not isinstance(beta, Tensor) or not beta.ndim:
        return beta
    try:
        return beta.expand(lead).reshape(-1, 1)
    except RuntimeError as error:
        shape = tuple(beta.shape)
        raise ShapeError(f"query must have leading axes that beta {shape} broadcasts to; got {lead}") from error


def bounded(beta: float | Tensor, query: Tensor, longest: Tensor, width: int) -> Tensor:
    """Give beta (q, 1), lowered where scores of queries (q, d) and keys would leave the range of their dtype.

    `longest` (), is the length of the longest key and `width` its d.

    Such a beta lets the best slot win alone, before and after, unless two are equal to the last digit of their scores.
    """
    wide = torch.promote_types(query.dtype, torch.float32)
    length = torch.linalg.vector_norm(query.detach().to(wide), dim=-1, keepdim=True)
    reach = (1 + length + longest.to(wide)).square() * width
    most = torch.finfo(wide).max / 16 / reach
    if query.dtype == torch.float16:  # `read` multiplies queries by a tensor
        most = torch.minimum(most, torch.finfo(torch.float16).max / (2 + 2 * length))
    beta = torch.as_tensor(beta, dtype=torch.float64 if isinstance(beta, float) else None, device=query.device)
    return torch.minimum(beta.to(torch.float64), most.to(torch.float64)).to(wide)
