"""Compaction: small segments become large ones, and the room of erased slots comes back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hybridattn.memory.durable.reading.blocks import Slots
from hybridattn.memory.durable.records import Segment
from hybridattn.memory.durable.writing.changing import SEGMENT_BYTES

__all__ = ["Living", "runs_to_join"]


@dataclass(frozen=True)
class Living:
    """The living slots of segments in a row, in blocks; gone through again for each tensor of a new segment."""

    blocks_of: Callable[[Segment], Iterator[Slots]]
    segments: Sequence[Segment]

    def __iter__(self) -> Iterator[Slots]:
        """Iterate over blocks."""
        return (block for segment in self.segments for block in self.blocks_of(segment))


def runs_to_join(living: Sequence[tuple[Segment, int]], row_bytes: int) -> Iterator[tuple[list[Segment], int]]:
    """Choose runs of segments, given with their living slots, that become one each; with the living slots of the run.

    A segment without erased slots that is more than half full stays as it is, and so does one that is alone.
    """
    run: list[Segment] = []
    count = 0
    for segment, alive in living:
        settled = alive == segment.rows and 2 * alive * row_bytes > SEGMENT_BYTES
        if settled or (count + alive) * row_bytes > SEGMENT_BYTES:
            yield from _worth(run, count)
            run, count = [], 0
        if not settled:
            run, count = [*run, segment], count + alive
    yield from _worth(run, count)


def _worth(run: list[Segment], count: int) -> Iterator[tuple[list[Segment], int]]:
    if len(run) > 1 or (run and count < run[0].rows):
        yield run, count
