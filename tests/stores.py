"""A plain model of a store, and what is done to both of them: what slot i holds follows from i."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor

from hybridattn.memory import MemoryStore, StoreReader
from hybridattn.memory.durable.files import database
from hybridattn.memory.durable.reading import blocks
from hybridattn.memory.durable.writing import changing, compaction, store

KEY_DIM, VALUE_DIM = 5, 3
KINDS = ("append", "append", "append", "erase", "evidence", "compact", "flush")

Op = tuple[str, list[Any]]
Slot = tuple[float, float, str | None]


def make_small() -> None:
    """Let segments, blocks and checkpoints be so small that a few slots meet all of them."""
    store.FLUSH_BYTES = 2000
    changing.SEGMENT_BYTES = compaction.SEGMENT_BYTES = 6000
    blocks.BLOCK_BYTES = 1000
    database.PAGES = 24


def keys_of(ids: Tensor) -> Tensor:
    return torch.sin(ids[:, None] * torch.arange(1, KEY_DIM + 1) + 0.5).float()


def values_of(ids: Tensor) -> Tensor:
    return torch.cos(ids[:, None] * torch.arange(1, VALUE_DIM + 1) + 0.25).float()


@dataclass(frozen=True)
class Model:
    """What a store should hold: (w+, w, label) of each living slot, by its id."""

    slots: dict[int, Slot] = field(default_factory=dict)
    next_id: int = 0

    def after(self, op: Op) -> "Model":
        kind, what = op
        slots = dict(self.slots)
        if kind == "append":
            slots |= {self.next_id + place: tuple(one) for place, one in enumerate(what)}
            return Model(slots, self.next_id + len(what))
        if kind == "erase":
            for one in what:
                del slots[one]
        if kind == "evidence":
            for one, positive, total in what:
                slots[one] = (slots[one][0] + positive, slots[one][1] + total, slots[one][2])
        return replace(self, slots=slots)

    def random_op(self, random: Random, kinds: tuple[str, ...] = KINDS) -> Op:
        kind = random.choice(kinds)
        alive = list(self.slots)
        if kind == "append":
            label = random.choice((None, "slot {}", "платок \N{SLIGHTLY SMILING FACE} {}"))
            rows = range(random.choice((1, 2, 7, 40, 130, 400)))
            return kind, [(1.0, 2.0, label and label.format(random.random())) for _ in rows]
        if kind == "erase":
            return kind, random.sample(alive, random.randint(0, min(len(alive), random.choice((3, 60)))))
        if kind == "evidence":
            some = random.choices(alive, k=random.randint(1, 50)) if alive else []
            return kind, [(one, float(random.randint(0, 3)), 3.0) for one in some]
        return kind, []


def act(memory: MemoryStore, op: Op) -> None:
    """Do to a store what `after` does to a model."""
    kind, what = op
    if kind == "append":
        ids = torch.arange(memory.next_id, memory.next_id + len(what))
        evidence = torch.tensor([one[:2] for one in what])
        memory.write(keys_of(ids), values_of(ids), evidence=evidence, labels=[one[2] for one in what])
    elif kind == "erase":
        memory.erase(torch.tensor(what, dtype=torch.int64))
    elif kind == "evidence":
        memory.add_evidence(
            torch.tensor([w[0] for w in what], dtype=torch.int64), torch.tensor([w[1:] for w in what]).reshape(-1, 2)
        )
    elif kind == "compact":
        memory.compact()
    else:
        memory.flush()


def held(memory: StoreReader) -> Model:
    """Read all of a store, and hold every number against what its id says."""
    blocks_seen = list(memory.segments())
    for block in blocks_seen:
        assert block.keys.equal(keys_of(block.ids)), "a key is another"
        assert block.values is not None
        assert block.values.equal(values_of(block.ids)), "a value is another"
    ids = torch.cat([block.ids for block in blocks_seen]) if blocks_seen else torch.empty(0, dtype=torch.int64)
    assert ids.equal(memory.ids), "segments hold other slots than those with evidence"
    assert len(memory) == len(ids)
    counts, labels = memory.evidence_of(ids).tolist(), memory.labels_of(ids)
    slots = {one: (w[0], w[1], label) for one, w, label in zip(ids.tolist(), counts, labels, strict=True)}
    return Model(slots, memory.next_id)


def read_back(path: Path) -> Model:
    with StoreReader(path) as memory:
        return held(memory)


def new_store(path: Path) -> MemoryStore:
    return MemoryStore(path, KEY_DIM, VALUE_DIM, beta=4.0)
