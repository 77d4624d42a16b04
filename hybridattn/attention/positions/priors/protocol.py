"""What a prior by position is: what is added to the score of a row and a slot for where they stand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

from hybridattn.errors import ArgumentError

__all__ = ["Multiplied", "PositionPrior", "Sum"]


@runtime_checkable
class PositionPrior(Protocol):
    """A prior that position alone decides, computed where it is needed."""

    @property
    def heads(self) -> int | None:
        """How many heads it differs by, axis -3 of the query; None where it is the same for all."""
        ...

    def bias(self, head: Tensor, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Give what is added to the scores, for int64 tensors that broadcast; `head` is 0 where there are none."""
        ...


@dataclass(frozen=True)
class Sum:
    """Two priors added: under a softmax, their weights multiplied; ArgumentError where their heads differ."""

    one: PositionPrior
    other: PositionPrior

    def __post_init__(self) -> None:
        heads = self.one.heads, self.other.heads
        if None not in heads and heads[0] != heads[1]:
            raise ArgumentError(f"priors must have as many heads; got {heads[0]} and {heads[1]}")

    @property
    def heads(self) -> int | None:
        """The heads of the one that has some."""
        return self.other.heads if self.one.heads is None else self.one.heads

    def bias(self, head: Tensor, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Give the sum."""
        return self.one.bias(head, rows, slots) + self.other.bias(head, rows, slots)


@dataclass(frozen=True)
class Multiplied:
    """Softmax weights multiplied by weight(rows, slots) at least 0, and divided by their new sum: its log is added.

    softmax(s + log p) = p softmax(s) / sum p softmax(s), as in Lin et al. 2022 (arXiv 2106.04554, section 4.5), where
    priors and generated weights become one distribution. Weight 0 is a slot that may not be read.

    >>> import torch
    >>> prior = Multiplied(lambda rows, slots: 1.0 / (1 + (rows - slots).abs()))
    >>> prior.bias(torch.tensor(0), torch.tensor(3), torch.tensor(4)).exp()
    tensor(0.5000)
    """

    weight: Callable[[Tensor, Tensor], Tensor]

    @property
    def heads(self) -> None:
        """None: the same for all heads."""
        return None

    def bias(self, head: Tensor, rows: Tensor, slots: Tensor, /) -> Tensor:
        """Give the log of the weight."""
        return self.weight(rows, slots).log()
