"""Damage the files of a store and ask it: python tests/store_mutations.py DAMAGES SEED.

Each answer must be an error of this library, or what it was. It ends with an error where an answer is wrong; a crash
and a hang are the caller's to see.
"""

import shutil
import sys
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import stores
import torch

from hybridattn.errors import MemoryFileError
from hybridattn.memory import HebbianMemory, MemoryStore, StoreReader, verify_store


def damage(folder: Path, random: Random) -> str:
    """Change one file somehow, and say how."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = random.choices(files, [1 + path.stat().st_size ** 0.5 for path in files])[0]
    data = bytearray(path.read_bytes())
    how = random.choice(
        ("flip", "flip", "zero", "cut", "junk", "swap", "remove", "longer", "link", "shuffle", "number")
    )
    place, length = random.randrange(len(data) or 1), random.choice((1, 8, 100, 4096))
    if how == "flip" and data:
        data[place] ^= 1 << random.randrange(8)
    elif how == "zero":
        data[place : place + length] = bytes(len(data[place : place + length]))
    elif how == "junk":
        data[place : place + length] = random.randbytes(len(data[place : place + length]))
    elif how == "number":
        data[place : place + 4] = random.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1"))
    elif how == "shuffle":
        other = random.randrange(len(data) // 512 + 1) * 512
        place = place // 512 * 512
        data[place : place + 512], data[other : other + 512] = data[other : other + 512], data[place : place + 512]
    elif how == "cut":
        del data[place:]
    elif how == "longer":
        data += random.randbytes(length)
    elif how == "swap":
        data = bytearray(random.choice(files).read_bytes())
    if how in ("remove", "link"):
        path.unlink()
        if how == "link":
            path.symlink_to(random.choice(("/etc/passwd", "/dev/zero", "..", random.choice(files))))
    else:
        path.write_bytes(data)
    return f"{path.relative_to(folder)}: {how} at {place}"


def answers(path: Path, query: torch.Tensor) -> list[object]:
    """Ask all that a store can be asked."""
    with StoreReader(path) as memory:
        found = memory.read(query, top=3)
        ids = memory.ids
        kept = memory.kept("matrix")
        return [
            stores.held(memory),
            *(part.tolist() for part in found if part is not None),
            memory.keys_of(ids[::7]).tolist(),
            memory.values_of(ids[::11]).tolist(),
            [part.tolist() for part in memory.truth()],
            kept.about,
            kept.memories["a"].state_dict()["positive"].tolist(),
        ]


def prepared(path: Path, seed: int, *, closed: bool) -> MemoryStore | None:
    """Fill a store; unless it is closed its newest commits are in the log."""
    memory, model, random = stores.new_store(path), stores.Model(), Random(seed)
    memory.keep("matrix", {"a": HebbianMemory(3, 3)}, about={"seed": seed})
    for _ in range(25):
        op = model.random_op(random)
        stores.act(memory, op)
        model = model.after(op)
    stores.act(memory, ("append", [(1.0, 1.0, "last")] * 5))
    if closed:
        memory.close()
        return None
    return memory


def asked(path: Path, query: torch.Tensor, wanted: list[object], what: str) -> str:
    sound = verify_of(path)
    try:
        found = answers(path, query)
    except MemoryFileError:
        assert not sound, f"{what}: there is an error, and verify finds nothing"
        return "error"
    assert found == wanted, f"{what}: the answer is wrong"
    return "unchanged" if sound else "unchanged, and verify finds the damage"


def verify_of(path: Path) -> bool:
    try:
        return verify_store(path).is_sound
    except MemoryFileError:
        return False


def main(damages: int, seed: int) -> None:
    random, counted = Random(seed), Counter[str]()
    query = torch.randn(4, stores.KEY_DIM, generator=torch.Generator().manual_seed(seed))
    for closed in (True, False):
        with TemporaryDirectory() as folder:
            memory = prepared(Path(folder, "store"), seed, closed=closed)
            wanted = answers(Path(folder, "store"), query)
            shutil.copytree(Path(folder, "store"), Path(folder, "whole"), ignore=shutil.ignore_patterns("*-shm"))
            if memory is not None:
                memory.close()
            for _ in range(damages // 2):
                path = Path(folder, "damaged")
                shutil.copytree(Path(folder, "whole"), path)
                what = damage(path, random)
                counted[asked(path, query, wanted, what)] += 1
                shutil.rmtree(path)
    sys.stdout.write(
        f"{damages} damages: {', '.join(f'{count} {name}' for name, count in sorted(counted.items()))}" + "\n"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    stores.make_small()
    main(int(sys.argv[1]), int(sys.argv[2]))
