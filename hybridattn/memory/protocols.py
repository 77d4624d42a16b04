"""What memories promise: a small protocol for each thing that only some of them can do."""

from typing import Protocol, runtime_checkable

from torch import Tensor

from hybridattn.attention import Read

__all__ = ["Addressable", "Energetic", "Erasable", "Evidential", "Memory", "Selective", "Settled", "Settling"]


@runtime_checkable
class Memory(Protocol):
    """A store that can be written to and read from by content."""

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Store keys (m, d) with values (m, v), or one (d,) with (v,): the slot ids (m,) int64.

        An id is stable for the life of its slot and never used again. evidence (m, 2) or (2,) holds for each slot how
        many observations were positive (w+) and how many there were (w); None is one positive observation each.
        """
        ...

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        """Read with queries (..., d): value (..., v), and with top=k ids and shares (..., k) of the k best slots."""
        ...


@runtime_checkable
class Erasable(Protocol):
    """A memory that can forget slots."""

    def erase(self, ids: Tensor) -> None:
        """Forget the slots with these ids (m,); raises SlotError, and forgets none, where one does not live."""
        ...


@runtime_checkable
class Energetic(Protocol):
    """A memory whose settling goes down an energy."""

    def energy(self, state: Tensor) -> Tensor:
        """Give the energy of states (..., d): (...)."""
        ...


class Settled(Protocol):
    """Where settling ended: `state` (..., d), `steps` (...) int64 and `converged` (...) bool, for each query."""

    @property
    def state(self) -> Tensor:
        """(..., d): the last state of each query."""
        ...

    @property
    def steps(self) -> Tensor:
        """(...) int64: how many updates each query took."""
        ...

    @property
    def converged(self) -> Tensor:
        """(...) bool: whether the last update moved the query by no more than the tolerance."""
        ...


@runtime_checkable
class Settling(Protocol):
    """A memory that can read a query back as its own key until it no longer changes."""

    def settle(self, query: Tensor, *, steps: int | None = None, tol: float = 1e-4) -> Settled:
        """Update queries (..., d) until each moves by no more than `tol`, or `steps` times."""
        ...


@runtime_checkable
class Evidential(Protocol):
    """A memory that knows how well each of its slots is supported."""

    def truth(self) -> tuple[Tensor, Tensor]:
        """Give frequency w+ / w and confidence w / (w + k) of every slot, in slot order: both (n,) in [0, 1]."""
        ...


@runtime_checkable
class Addressable(Protocol):
    """A memory whose slots can be looked up by id."""

    def keys_of(self, ids: Tensor) -> Tensor:
        """Give the keys (..., d) of the slots with ids (...); raises SlotError where one does not live."""
        ...

    def values_of(self, ids: Tensor) -> Tensor:
        """Give the values (..., v) of the slots with ids (...); raises SlotError where one does not live."""
        ...


@runtime_checkable
class Selective(Protocol):
    """A memory that can tell, without reading, that nothing in it fits a query."""

    def answerable(self, query: Tensor, *, min_match: float) -> Tensor:
        """Tell for queries (..., d) whether a slot may fit: (...) bool.

        A slot fits with a cosine of at least `min_match` over the part of the key that a value replaces, and exactly in
        the rest. False is certain.
        """
        ...
