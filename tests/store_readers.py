"""Readers beside a writer: python tests/store_readers.py SECONDS READERS SEED.

Each reader opens the store or refreshes what it has open, reads all of it, and writes down what it saw of which commit;
it ends with an error where that is not what the writer had committed.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import stores
import torch

from hybridattn.memory import MemoryStore, StoreReader, verify_store


def summary(model: stores.Model) -> str:
    return sha256(json.dumps([sorted(model.slots.items()), model.next_id]).encode()).hexdigest()


def write(path: Path, seed: int, end: float, log: Path) -> None:
    """Change the store until the end; the log has what each commit holds."""
    model, random = stores.Model(), Random(seed)
    with MemoryStore(path) as memory, log.open("w", buffering=1) as told:
        told.write(f"{memory.generation} {summary(model)}\n")
        while time.monotonic() < end:
            op = model.random_op(random)
            if len(model.slots) > 3000:
                op = ("erase", random.sample(list(model.slots), 2000))
            model, before = model.after(op), memory.generation
            stores.act(memory, op)
            for generation in range(before + 1, memory.generation + 1):  # all commits of a compaction hold the same
                told.write(f"{generation} {summary(model)}\n")


def read(path: Path, seed: int, end: float, log: Path) -> None:
    random, memory = Random(seed), StoreReader(path)
    with log.open("w", buffering=1) as told:
        while time.monotonic() < end:
            if random.random() < 0.3:
                memory.close()
                memory = StoreReader(path)
            elif random.random() < 0.7:
                memory.refresh()
            time.sleep(random.random() * 0.02)
            told.write(f"{memory.generation} {summary(stores.held(memory))}\n")
    memory.close()


def started(act: Callable[..., None], *arguments: object) -> int:
    child = os.fork()
    if not child:
        try:
            act(*arguments)
            os._exit(0)
        except BaseException as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(1)
    return child


def lines(log: Path) -> list[list[str]]:
    return [line.split() for line in log.read_text().splitlines()]


def main(seconds: float, readers: int, seed: int) -> None:
    with TemporaryDirectory() as folder:
        path, end = Path(folder, "store"), time.monotonic() + seconds
        stores.new_store(path).close()
        logs = [Path(folder, f"log-{number}") for number in range(readers + 1)]
        children = [started(write, path, seed, end, logs[0])]
        children += [started(read, path, seed + number, end, log) for number, log in enumerate(logs[1:], 1)]
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(children), "one did not end in peace"
        committed = dict(lines(logs[0]))
        seen = [line for log in logs[1:] for line in lines(log)]
        assert all(what == committed[generation] for generation, what in seen), "a reader saw what was never committed"
        assert verify_store(path).is_sound
        sys.stdout.write(
            f"{len(seen)} reads of {len({generation for generation, _ in seen})} among {len(committed)} commits" + "\n"
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    stores.make_small()
    main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
