"""The rows of the memories that look into some of their lists only."""

from hybridattn.memory import IndexedMemory, KMeansLists

from .row import Row, numbers


def indexed(value_dim: int | None, probes: int, most_fresh: int | None) -> Row:
    parts = {"index": KMeansLists(3), "probes": probes, "beta": 20.0, "most_fresh": most_fresh}
    return Row(
        IndexedMemory,
        lambda: IndexedMemory(8, value_dim, **parts),
        lambda m: numbers(m, 8, 0),
        lambda m: None if value_dim is None else numbers(m, value_dim, 1),
    )


ROWS = {
    "indexed": indexed(None, 1, 0),
    "indexed, with values": indexed(3, 2, 0),
    "indexed, some fresh": indexed(3, 1, 4),
    "indexed, all fresh": indexed(3, 1, None),
}
