"""The slots of a durable store as blocks."""

from collections.abc import Iterator
from dataclasses import dataclass

from hybridattn.memory.durable import StoreReader
from hybridattn.memory.large.blocks import Block

__all__ = ["StoreBlocks"]


@dataclass(frozen=True)
class StoreBlocks:
    """The living slots of a store, mapped from its files, in blocks of at most `rows`; None is 16 MiB.

    A store as `read_blocks` and `CodedBlocks` take one, so that it may be larger than memory. Each pass sees the state
    that the store has then.

    >>> from tempfile import TemporaryDirectory
    >>> import torch
    >>> from hybridattn.memory import MemoryStore, read_blocks
    >>> with TemporaryDirectory() as folder, MemoryStore(f"{folder}/store", 2) as store:
    ...     ids = store.write(torch.eye(2))
    ...     read_blocks(torch.tensor([0.9, 0.1]), StoreBlocks(store), beta=8.0, top=1).slots
    tensor([0])
    """

    store: StoreReader
    rows: int | None = None

    def __iter__(self) -> Iterator[Block]:
        """Start again at the first block."""
        for slots in self.store.segments(rows=self.rows):
            yield Block(slots.ids, slots.keys, slots.keys if slots.values is None else slots.values)
