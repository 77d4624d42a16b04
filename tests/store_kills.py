"""Kill a writer at random moments, again and again, and look at what is left: python tests/store_kills.py KILLS SEED.

It ends with an error where an acknowledged change is lost, a store is not sound, or an export is there in part.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import stores
import torch

from hybridattn.memory import HebbianMemory, MemoryStore, export_store, load, snapshot_store, verify_store
from hybridattn.memory.durable.care.copies import INDEX

LIVES = 5
"""Kills that one store goes through."""


def work(path: Path, model: stores.Model, seed: int, out: int) -> None:
    """Change the store for ever, and say before each change what it is, and after it that it is done."""
    random = Random(seed)
    with MemoryStore(path) as memory:
        for step in range(10**6):
            chance = random.random()
            if chance < 0.1:
                export_store(memory, path.with_name(f"export-{seed}-{step}"), slots=100)
            elif chance < 0.15:
                snapshot_store(memory, path.with_name(f"snapshot-{seed}-{step}"))
            elif chance < 0.2:
                memory.keep("matrix", {"a": HebbianMemory(4, 4)}, about={"step": step})
            else:
                op = model.random_op(random)
                os.write(out, json.dumps(op).encode() + b"\n")
                stores.act(memory, op)
                os.write(out, b"done\n")
                model = model.after(op)


def killed(path: Path, model: stores.Model, seed: int, random: Random) -> tuple[stores.Model, stores.Model]:
    """Let a child work, and kill it; gives the model after what it acknowledged, and after what it had begun."""
    incoming, out = os.pipe()
    child = os.fork()
    if not child:
        os.close(incoming)
        try:
            work(path, model, seed, out)
        finally:
            os._exit(1)
    os.close(out)
    with os.fdopen(incoming, "rb") as lines:
        told = []
        wanted = random.randrange(1, 25)
        while len(told) < wanted and (line := lines.readline()):
            told.append(line)
        time.sleep(random.random() * 0.02)
        os.kill(child, signal.SIGKILL)
        told += lines.readlines()
    assert os.waitpid(child, 0)[1] == signal.SIGKILL, "the writer ended by itself"
    begun = model
    for line in told:
        if line == b"done\n":
            model = begun
        elif line.endswith(b"\n"):
            begun = model.after(json.loads(line))
    return model, begun


def looked_at(folder: Path, path: Path, model: stores.Model, begun: stores.Model) -> stores.Model:
    """Check all that a kill left behind; gives the model of what the store holds."""
    sound = verify_store(path)
    assert sound.is_sound, sound.problems
    found = stores.read_back(path)
    assert found in (model, begun), "an acknowledged change is lost"
    for copy in folder.glob("export-*"):
        shards = json.loads((copy / INDEX).read_text())["shards"]
        assert sum(len(load(copy / shard["file"])) for shard in shards) == sum(shard["slots"] for shard in shards)
    for copy in folder.glob("snapshot-*"):
        assert verify_store(copy).is_sound
    return found


def main(kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    stores.make_small()
    random, between = Random(seed), 0
    for number in range(kills):
        if number % LIVES == 0:
            folder = TemporaryDirectory()
            path, model = Path(folder.name, "store"), stores.Model()
            stores.new_store(path).close()
        acknowledged, begun = killed(path, model, seed + number, random)
        between += acknowledged != begun
        model = looked_at(Path(folder.name), path, acknowledged, begun)
    sys.stdout.write(f"{kills} kills, {between} within a change" + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
