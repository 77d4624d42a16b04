"""Which rank gets which of the slots that are written."""

from collections.abc import Sequence

__all__ = ["apportioned", "range_of"]


def apportioned(sizes: Sequence[int], rows: int) -> list[int]:
    """Give how many of `rows` each rank gets, so that the fewest are on the fullest; of equal ones lower ranks first.

    >>> apportioned([5, 0, 3], 4)
    [0, 4, 0]
    >>> apportioned([0, 0, 0], 4)
    [2, 1, 1]
    """
    order = sorted(range(len(sizes)), key=lambda rank: (sizes[rank], rank))
    given = [0] * len(sizes)
    for filled in range(len(order), 0, -1):  # the `filled` emptiest ranks are brought to one level
        level, over = divmod(rows + sum(sizes[rank] for rank in order[:filled]), filled)
        if level >= sizes[order[filled - 1]]:
            for place, rank in enumerate(sorted(order[:filled])):
                given[rank] = level - sizes[rank] + (place < over)
            break
    return given


def range_of(counts: Sequence[int], rank: int) -> range:
    """Give the places of a rank's rows, where rank after rank gets so many."""
    first = sum(counts[:rank])
    return range(first, first + counts[rank])
