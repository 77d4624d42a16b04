"""What comes back from a read that did not look everywhere, and how sure it is."""

from typing import NamedTuple, Protocol, runtime_checkable

from torch import Tensor

from hybridattn.attention import Read

__all__ = ["Estimate", "Estimating"]


class Estimate(NamedTuple):
    """A read with what it may be off by, for queries (...)."""

    read: Read
    """The value, its log mass and, if asked for, the best slots of those that were looked at."""
    error: Tensor
    """(...): a bound on the Euclidean length of the value less the exact one; what kind of bound, says who gives it."""
    missing: Tensor
    """(...) in [0, 1]: the share of the attention that is due to slots that were not looked at, as it is estimated."""


@runtime_checkable
class Estimating(Protocol):
    """A memory that can say how sure a read is."""

    def estimate(self, query: Tensor, *, top: int | None = None) -> Estimate:
        """Read with queries (..., d) as `read` does, with an error and the missing mass (...) of each."""
        ...
