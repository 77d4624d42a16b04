"""Copies of a store: the same store elsewhere, or shards of a size that any tool can load."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from hybridattn.errors import ArgumentError, MemoryFileError
from hybridattn.memory.durable.care.verification import verify_store
from hybridattn.memory.durable.files import Database, Folder
from hybridattn.memory.durable.reading.blocks import Slots, joined
from hybridattn.memory.durable.reading.kept import files_of
from hybridattn.memory.durable.reading.reader import StoreReader
from hybridattn.memory.durable.records import State
from hybridattn.memory.durable.writing.making import made_beside, new_store
from hybridattn.memory.keeping import save
from hybridattn.memory.slots import SlotMemory

__all__ = ["INDEX", "export_store", "snapshot_store"]

INDEX = "memory.safetensors.index.json"
SHARD = 1 << 18
"""Slots in a shard, unless told otherwise."""


def snapshot_store(store: StoreReader, path: str | os.PathLike[str]) -> None:
    """Copy the state that a store shows to a new folder, whole or not at all; a writer may go on meanwhile.

    Ids, evidence, labels, kept memories and the number of the commit are the same. The copy is verified. Raises
    MemoryFileError where the folder exists and is not empty, cannot be written, or the store is damaged.
    """
    with made_beside(Path(path)) as draft:
        folder, state = Folder(draft), store._state
        new_store(folder, State(state.form))
        for name in sorted(files_of(state)):
            shutil.copyfile(store._folder.file(name), folder.file(name), follow_symlinks=False)
        _copy_tables(store._database, folder, state)
        if problems := verify_store(draft).problems:
            raise MemoryFileError(f"cannot copy {store.path}: {problems[0]}")


def _copy_tables(source: Database, folder: Folder, state: State) -> None:
    target = Database(folder.database, writes=True)
    try:
        target.run("BEGIN IMMEDIATE")
        for table in ("state", "segments", "counts", "labels", "tail", "kept"):
            target.run(f"DELETE FROM {table}")
            rows = source.rows(f"SELECT * FROM {table}")
            if rows:
                target.run_many(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)
        target.run("COMMIT")
    finally:
        target.close()


def export_store(store: StoreReader, path: str | os.PathLike[str], *, slots: int = SHARD) -> dict[str, Any]:
    """Write all living slots to a new folder as shards of at most `slots`, with an index; gives the index.

    Each shard `memory-00001-of-00004.safetensors` is a file that `hybridattn.memory.load` loads as a `SlotMemory`, and
    any reader of safetensors as tensors: ids, keys, values, evidence and beta. The index, the file
    `memory.safetensors.index.json`, lists the shards with their slots and SHA-256; labels are in a `.labels.json`
    beside a shard that has any. The folder is there whole or not at all. A shard is held in memory while it is written.

    Raises MemoryFileError where the folder exists and is not empty, or cannot be written; ArgumentError unless `slots`
    is at least 1.
    """
    if slots < 1:
        raise ArgumentError(f"slots must be at least 1; got {slots}")
    count = max(1, -(-len(store) // slots))
    with made_beside(Path(path)) as draft:
        shards = [
            _write_shard(store, shard, draft / f"memory-{number:05d}-of-{count:05d}.safetensors")
            for number, shard in enumerate(_shards(store, slots), 1)
        ]
        form = asdict(store._state.form)
        index = {
            "metadata": {**form, "beta": store.beta, "slots": len(store), "next_id": store.next_id},
            "shards": shards,
        }
        (draft / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return index


def _shards(store: StoreReader, slots: int) -> Iterator[Slots]:
    """Cut the stream of blocks anew; without slots there is one empty shard."""
    held: list[Slots] = []
    count = 0
    for block in store.segments(rows=slots):
        while count + len(block.ids) >= slots:
            yield joined([*held, block.part(0, slots - count)])
            block, held, count = block.part(slots - count, len(block.ids)), [], 0
        if len(block.ids):
            held, count = [*held, block], count + len(block.ids)
    if held or not len(store):
        yield joined(held or [store._nothing()])


def _write_shard(store: StoreReader, shard: Slots, path: Path) -> dict[str, Any]:
    memory = SlotMemory(store.key_dim, store.value_dim, beta=store.beta, dtype=store.dtype)
    memory.write(shard.keys, shard.values, evidence=store.evidence_of(shard.ids))
    memory.ids = shard.ids.clone()
    memory.next_id = torch.tensor(store.next_id)
    save(memory, path)
    about: dict[str, Any] = {"file": path.name, "slots": len(shard.ids), "sha256": _sum(path)}
    labels = store.labels_of(shard.ids)
    if any(label is not None for label in labels):
        beside = path.with_suffix(".labels.json")
        beside.write_text(json.dumps(labels) + "\n", encoding="utf-8")
        about |= {"labels": beside.name, "labels_sha256": _sum(beside)}
    return about


def _sum(path: Path) -> str:
    whole = sha256()
    with path.open("rb") as file:
        while data := file.read(1 << 20):
            whole.update(data)
    return whole.hexdigest()
