"""Let the power fail while a store is written: python tests/store_power.py LOSSES SEED [FOLDER].

A writer is recorded by strace. Then the disk is put together as it may be after a loss of power at random moments; it
ends with an error where an acknowledged change is lost, or the store is not sound.
"""

import json
import subprocess
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import stores
import torch
from simulated_disk import CALLS, Disk, Event, events

from hybridattn.memory import HebbianMemory, MemoryStore, verify_store

CHANGES = 40


def work(path: Path, seed: int) -> None:
    """Change the store, opened a few times, and tell each change before and after."""
    model, random = stores.Model(), Random(seed)
    for _ in range(4):
        with MemoryStore(path) as memory:
            memory.keep("matrix", {"a": HebbianMemory(4, 4)})
            for _ in range(CHANGES // 4):
                op = model.random_op(random)
                sys.stdout.write(json.dumps(op) + "\n")
                sys.stdout.flush()
                stores.act(memory, op)
                sys.stdout.write("done\n")
                sys.stdout.flush()
                model = model.after(op)


def recorded(path: Path, seed: int) -> list[Event]:
    trace = path.with_name("trace")
    command = ["strace", "-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}", "-o", trace]
    command += [sys.executable, __file__, "work", str(seed), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return list(events(trace))


def main(losses: int, seed: int) -> None:
    random = Random(seed)
    with TemporaryDirectory() as folder:
        path = Path(folder, "store").resolve()
        stores.new_store(path).close()
        disk = Disk(path)
        lines = recorded(path, seed)
        first = next(place for place, one in enumerate(lines) if one.path.startswith(disk.folder))
        moments = {random.randrange(first, len(lines)) for _ in range(losses)}
        acknowledged = begun = stores.Model()
        for place, event in enumerate(lines):
            if place in moments:
                look(Path(folder, f"after-{place}"), disk.after_a_loss(random), acknowledged, begun)
            disk.take(event)
            if event.call == "write" and event.fd == 1:
                text = event.data.decode()
                acknowledged, begun = (
                    (begun, begun) if text == "done\n" else (acknowledged, begun.after(json.loads(text)))
                )
    sys.stdout.write(f"{len(moments)} losses of power among {len(lines) - first} calls" + "\n")


def look(path: Path, files: dict[str, bytes], acknowledged: stores.Model, begun: stores.Model) -> None:
    (path / "segments").mkdir(parents=True)
    for name, data in files.items():
        (path / name).write_bytes(data)
    sound = verify_store(path)
    assert sound.is_sound, (path, sound.problems)
    found = stores.read_back(path)
    assert found in (acknowledged, begun), f"{path}: an acknowledged change is lost"
    with MemoryStore(path) as memory:
        stores.act(memory, ("append", [(1.0, 1.0, None)]))
    assert verify_store(path).is_sound


if __name__ == "__main__":
    torch.set_num_threads(1)
    stores.make_small()
    if sys.argv[1] == "work":
        work(Path(sys.argv[3]), int(sys.argv[2]))
    else:
        main(int(sys.argv[1]), int(sys.argv[2]))
