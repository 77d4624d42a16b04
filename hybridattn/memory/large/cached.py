"""An indexed memory of what a durable store holds; which list each slot is in is kept beside the store."""

import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from hybridattn.errors import ArgumentError, MemoryFileError
from hybridattn.memory.durable import StoreReader
from hybridattn.memory.keeping.writing import write_whole
from hybridattn.memory.large.indexed import IndexedMemory
from hybridattn.memory.large.lists import Index
from hybridattn.memory.large.stored import StoreBlocks

__all__ = ["indexed_store"]

OLD = 0.25
"""From this share of fresh slots on, lists are learnt anew."""


def indexed_store(
    store: StoreReader, *, index: Index, probes: int = 8, beta: float | None = None, cache: bool = True
) -> IndexedMemory:
    """Give the living slots of a store as an `IndexedMemory`, with the same ids and evidence, in RAM.

    Learning lists takes long, so their numbers are kept in the folder `cache` of the store, which may be removed at any
    time. Slots written since are fresh, and erased ones gone: lists that are there are never wrong for being old. Where
    more than a quarter is fresh, or the file is damaged or of another index, they are learnt again. A folder that
    cannot be written keeps nothing.

    Args:
        store: a store, or a reader of one.
        index: how slots are put into lists; its `repr` names the file.
        probes: how many lists a read looks into.
        beta: inverse temperature; None is that of the store.
        cache: whether to use that folder at all.

    Raises: as `IndexedMemory`; ArgumentError where the store is none, such as the path of one.
    """
    if not isinstance(store, StoreReader):
        raise ArgumentError(f"store must be a MemoryStore or a StoreReader; got {type(store).__name__}")
    memory = IndexedMemory(
        store.key_dim, store.value_dim, index=index, probes=probes, beta=store.beta if beta is None else beta
    ).to(store.dtype)
    _fill(memory, store)
    path = store.path / "cache" / f"lists-{sha256(repr(index).encode()).hexdigest()[:16]}.safetensors"
    known = _read(path, repr(index)) if cache else None
    if known is None or not memory.take_lists(*known) or memory.fresh > OLD * len(memory):
        memory.build_index()
        if cache and len(memory):
            _write(path, memory, repr(index))
    return memory


def _fill(memory: IndexedMemory, store: StoreReader) -> None:
    """Take the slots of all blocks, under their ids."""
    for ids, keys, values in StoreBlocks(store):  # a block is gone when the next one comes
        memory.take(ids, keys, None if store.value_dim is None else values, evidence=store.evidence_of(ids))
    memory.next_id = torch.tensor(store.next_id)


def _read(path: Path, index: str) -> tuple[Tensor, Tensor] | None:
    """Give ids and lists that were kept; None where they are missing, damaged, or of something else."""
    try:
        raw = path.read_bytes()
        length = int.from_bytes(raw[:8], "little")
        about = json.loads(raw[8 : 8 + length])["__metadata__"]
        found = load(raw)
        ids, lists = found["ids"], found["lists"]
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None
    return (ids, lists) if about == _about(index, ids, lists) else None


def _write(path: Path, memory: IndexedMemory, index: str) -> None:
    ids, lists = memory.ids.cpu(), memory.list_of.cpu()
    data = save({"ids": ids, "lists": lists}, _about(index, ids, lists))
    with suppress(OSError, MemoryFileError):
        path.parent.mkdir(exist_ok=True)
        write_whole(path, lambda file: file.write(data))


def _about(index: str, *parts: Tensor) -> dict[str, str]:
    """Give what the file says of itself: whose lists they are, and their checksum."""
    return {"index": index, "sum": sha256(b"".join(part.numpy().tobytes() for part in parts)).hexdigest()}
