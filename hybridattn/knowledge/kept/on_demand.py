"""A list whose items are made when they are first asked for."""

from collections.abc import Callable, Iterable, MutableSequence
from typing import Any, TypeVar

__all__ = ["OnDemand"]

_T = TypeVar("_T")
_NOTHING: Any = object()


class OnDemand(MutableSequence[_T]):
    """A list of what `make` makes of raw things; what is put into it later is as it is."""

    def __init__(self, raw: Iterable[Any], make: Callable[[Any], _T]) -> None:
        self._raw, self._make = list(raw), make
        self._made: list[_T] = [_NOTHING] * len(self._raw)

    def __len__(self) -> int:
        """Count the items."""
        return len(self._made)

    def __getitem__(self, place: Any) -> Any:
        """Give an item, or a list of some."""
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        found = self._made[place]
        if found is _NOTHING:
            found = self._made[place] = self._make(self._raw[place])
        return found

    def __setitem__(self, place: Any, item: Any) -> None:
        """Put an item in the place of another."""
        self._made[place] = item

    def __delitem__(self, place: Any) -> None:
        """Remove an item."""
        del self._made[place], self._raw[place]

    def insert(self, index: int, value: _T) -> None:
        """Put an item before another."""
        self._made.insert(index, value)
        self._raw.insert(index, None)
