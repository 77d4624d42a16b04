"""Collectives with the gradients of one process: right for a loss that every rank computes from the same numbers.

`torch.distributed.nn.functional.all_reduce` sums the gradients of all ranks as well, and so multiplies them by the
number of ranks where the loss is the same on each. Here what goes to all ranks (`share`) sums on the way back, and what
comes from all (`gather`, `total`) hands each rank its own part: the conjugate pair f and g of Shoeybi et al. 2019,
Megatron-LM (arXiv 1909.08053), section 3.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

__all__ = ["gather", "share", "total"]

Collective = Callable[[Tensor], Tensor]


def share(summed: Collective, tensor: Tensor) -> Tensor:
    """Give the tensor; its gradient is summed over ranks."""
    found: Tensor = _Share.apply(summed, tensor) if tensor.requires_grad else tensor  # type: ignore[no-untyped-call]
    return found


def gather(gathered: Collective, rank: int, tensor: Tensor) -> Tensor:
    """Gather (...) to (ranks, ...); the gradient is that of this rank's part."""
    found: Tensor = _Gather.apply(gathered, rank, tensor)  # type: ignore[no-untyped-call]
    return found


def total(summed: Collective, tensor: Tensor) -> Tensor:
    """Sum over ranks; the gradient of a part is that of the sum."""
    found: Tensor = _Total.apply(summed, tensor)  # type: ignore[no-untyped-call]
    return found


class _Share(Function):
    @staticmethod
    def forward(ctx: Any, summed: Collective, tensor: Tensor) -> Tensor:
        ctx.summed = summed
        return tensor.view_as(tensor)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[None, Tensor]:
        return None, ctx.summed(slope)


class _Gather(Function):
    @staticmethod
    def forward(ctx: Any, gathered: Collective, rank: int, tensor: Tensor) -> Tensor:
        ctx.rank = rank
        return gathered(tensor)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[None, None, Tensor]:
        return None, None, slope[ctx.rank]


class _Total(Function):
    @staticmethod
    def forward(ctx: Any, summed: Collective, tensor: Tensor) -> Tensor:
        return summed(tensor)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[None, Tensor]:
        return None, slope
