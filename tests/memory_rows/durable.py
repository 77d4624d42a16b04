"""The rows of the stores in folders: they are no modules, and have no state beside their folder."""

from tempfile import TemporaryDirectory

from hybridattn.memory import MemoryStore

from .row import Row, numbers

__all__ = ["ROWS"]


class Passing(MemoryStore):
    """A store whose folder goes with it."""

    def __init__(self, value_dim: int | None) -> None:
        self.folder = TemporaryDirectory()
        super().__init__(f"{self.folder.name}/store", 8, value_dim, beta=20.0)


def store(value_dim: int | None = None) -> Row:
    return Row(
        MemoryStore,
        lambda: Passing(value_dim),
        lambda m: numbers(m, 8, 0),
        lambda m: None if value_dim is None else numbers(m, value_dim, 1),
    )


ROWS = {"store of keys": store(), "store of keys and values": store(3)}
