"""What a learning rule promises, and what all of them check."""

from typing import Protocol, runtime_checkable

from torch import Tensor

from hybridattn.errors import ArgumentError

__all__ = ["LearningRule", "Unlearning", "check_units"]


@runtime_checkable
class LearningRule(Protocol):
    """How patterns become the weights of a Hopfield network: W = scale(n) * sums, symmetric."""

    def learn(self, sums: Tensor, patterns: Tensor, /) -> Tensor:
        """Give the sums (n, n), its diagonal included, after patterns (m, n), as one by one in their order."""
        ...

    def scale(self, n: int, /) -> float:
        """Give what the sums of n units are multiplied by."""
        ...

    def capacity(self, n: int, /) -> float:
        """Give how many random +-1 patterns n units hold, as the theory says for large n."""
        ...


@runtime_checkable
class Unlearning(LearningRule, Protocol):
    """A rule that can take a pattern back exactly, whenever it was learnt."""

    def unlearn(self, sums: Tensor, patterns: Tensor, /) -> Tensor:
        """Give the sums (n, n) as if patterns (m, n) had not been learnt."""
        ...


def check_units(n: int) -> int:
    """Give n back; raises ArgumentError below 2, where ln n is 0 or less."""
    if n < 2:
        raise ArgumentError(f"n must be at least 2 units; got {n}")
    return n
