"""Repair: what is damaged is set aside, and every slot that can still be read is kept."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from hybridattn.errors import MemoryFileError
from hybridattn.memory.durable.reading.blocks import Slots, joined
from hybridattn.memory.durable.records import DEAD, Segment
from hybridattn.memory.durable.writing.store import MemoryStore

__all__ = ["Repair", "repair_store"]

ASIDE = "damaged"


@dataclass(frozen=True)
class Repair:
    """What a repair has done."""

    lost: tuple[int, ...]
    """Ids of slots whose keys or values could not be read: they are erased now."""
    set_aside: tuple[str, ...]
    """Damaged files, which are in the folder `damaged` of the store now."""

    def to_json(self) -> dict[str, Any]:
        """Give plain data."""
        return {"lost": list(self.lost), "set_aside": list(self.set_aside)}


def repair_store(path: str | os.PathLike[str]) -> Repair:
    """Mend a store whose segments are damaged: sound slots are written anew, the others are erased and named.

    Leftovers of an interrupted writer go as well. Damaged files are moved to the folder `damaged`, not removed. A
    damaged database cannot be mended: take a snapshot's place. Each segment is a commit of its own.

    Raises StoreBusyError where the store has a writer, MemoryFileError where its database is damaged.
    """
    lost: list[int] = []
    aside: list[str] = []
    with MemoryStore(path) as store:
        for segment in store._state.segments:
            whole = _whole(store, segment)
            if whole is None:
                lost += _mend(store, segment, [])
            elif not bool(whole.all()):
                lost += _mend(store, segment, _sound(store, segment, whole))
            else:
                continue
            aside += _set_aside(store, segment)
    return Repair(tuple(lost), tuple(aside))


def _whole(store: MemoryStore, segment: Segment) -> Tensor | None:
    """Tell which rows of a segment are sound, None where its header is not."""
    try:
        return store._file(segment).sound_rows()
    except MemoryFileError:
        return None


def _sound(store: MemoryStore, segment: Segment, whole: Tensor) -> list[Slots]:
    """Give copies of the sound slots that live, run by run."""
    blocks = []
    edges = torch.cat((torch.tensor([False]), whole, torch.tensor([False]))).int().diff().nonzero()[:, 0].tolist()
    for low, high in zip(edges[::2], edges[1::2], strict=True):
        blocks.append(store._mapped(store._state, segment, low, high))
    return blocks


def _mend(store: MemoryStore, segment: Segment, sound: Sequence[Slots]) -> list[int]:
    """Write the sound slots of a segment in its place, and erase the others: their ids."""
    blocks = [block for block in sound if len(block.ids)]
    counts = store._ledger.counts(segment.first, segment.last + 1)
    living = segment.first + (counts[:, 1] >= 0).nonzero()[:, 0]
    kept = torch.cat([block.ids for block in blocks]) if blocks else living[:0]
    gone = living[~torch.isin(living, kept)]
    with store._changing() as change:
        fresh = change.write_segments(joined(list(blocks))) if blocks else []
        store._ledger.put(gone, torch.full((len(gone), 2), DEAD, dtype=torch.float64), [None] * len(gone))
        place = change.state.segments.index(segment)
        segments = (*change.state.segments[:place], *fresh, *change.state.segments[place + 1 :])
        change.state = replace(change.state, segments=segments, live=change.state.live - len(gone))
    found: list[int] = gone.tolist()
    return found


def _set_aside(store: MemoryStore, segment: Segment) -> list[str]:
    file = store._folder.file(segment.file)
    if not os.path.lexists(file):
        return []
    aside = store.path / ASIDE
    aside.mkdir(exist_ok=True)
    os.replace(file, aside / segment.file)
    return [segment.file]
