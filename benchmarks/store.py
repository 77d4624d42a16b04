"""A durable store of a million slots (d = v = 128): appending, opening, the first read, evidence, and the memory held.

    python benchmarks/store.py [--threads 1] [--slots 1000000] [--batch 1000] [--folder /tmp]

It takes some 1.2 GB of disk while it runs. The memory held by a read is that of a fresh process, whose budget of
address space is a fraction of the store: what is read does not fit at once.
"""

import argparse
import resource
import shutil
import statistics
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

import torch
from measuring import MEBI, extremes, machine, most_held, of_fresh_process, seconds

from hybridattn.attention import read
from hybridattn.memory import MemoryStore, StoreReader

WIDTH = 128
RATE, OPENING, FIRST_READ, EVIDENCE = 30_000, 0.05, 1.0, 0.2
"""What is promised: rows a second, and seconds."""
BLOCK = 1 << 16
"""Slots in a block of 64 MiB: a read holds less."""
QUERIES = 16


def filled(path: Path, slots: int, batch: int) -> float:
    """Fill a store in batches; gives the rows a second."""
    generator = torch.Generator().manual_seed(0)
    keys, values = (torch.randn(batch, WIDTH, generator=generator) for _ in range(2))
    with MemoryStore(path, WIDTH, WIDTH) as store:
        took = sum(seconds(lambda n=n: store.write(keys + 1e-6 * n, values)) for n in range(slots // batch))  # type: ignore[misc]
    return slots / took


def queries() -> torch.Tensor:
    return torch.randn(QUERIES, WIDTH, generator=torch.Generator().manual_seed(1))


def in_fresh_process(path: Path, what: str) -> float:
    return of_fresh_process(__file__, "--measure", what, "--folder", path)


def measured(what: str, path: Path) -> float:
    """Measure one thing in this process, which should be a fresh one."""
    if what == "opening":
        found: list[StoreReader] = []
        took = seconds(lambda: found.append(StoreReader(path)))
        found[0].close()
        return took
    if what == "first read":
        query = queries()[:1]
        return seconds(lambda: StoreReader(path).read(query, top=8))
    if what == "first read, CPU":
        query, before = queries()[:1], time.process_time()
        StoreReader(path).read(query, top=8)
        return time.process_time() - before
    if what == "memory":
        read(
            torch.zeros(QUERIES, WIDTH), torch.zeros(99, WIDTH), torch.zeros(99, WIDTH), top=8
        )  # what its first call holds
        query, before = queries(), most_held()
        with StoreReader(path) as store:
            store.read(query, top=8)
        return (most_held() - before) / MEBI
    limit = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + 256 * MEBI
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with StoreReader(path) as store:
        assert store.read(queries(), top=8).slots is not None
    return 1.0


def evidence(path: Path, slots: int) -> list[float]:
    """Add evidence to 1,000 slots at random places, five times: the seconds of each."""
    generator = torch.Generator().manual_seed(2)
    with MemoryStore(path) as store:
        some = [torch.randint(slots, (1000,), generator=generator) for _ in range(5)]
        return [seconds(lambda ids=ids: store.add_evidence(ids, torch.tensor([1.0, 1.0]))) for ids in some]  # type: ignore[misc]


def upkeep(path: Path, slots: int) -> None:
    """Tell how long the rest takes; nothing is promised."""
    with MemoryStore(path) as store:
        erasing = seconds(lambda: store.erase(torch.arange(0, slots, 2)))
        reading = seconds(lambda: store.read(queries(), top=8))
        compacting = seconds(store.compact)
        again = seconds(lambda: store.read(queries(), top=8))
        truths = seconds(store.truth)
    print(
        f"erase half {erasing:.2f} s, read around them {reading:.2f} s, compact {compacting:.2f} s, read {again:.2f} s,"
        f" all truths {truths:.3f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--slots", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.measure:
        print(measured(chosen.measure, chosen.folder))
        return
    print(machine(chosen.threads, f"width {WIDTH}", f"{chosen.slots:,} slots in batches of {chosen.batch:,}"))
    folder = Path(mkdtemp(dir=chosen.folder))
    try:
        sys.exit(not run(folder / "store", chosen.slots, chosen.batch))
    finally:
        shutil.rmtree(folder)


def run(path: Path, slots: int, batch: int) -> bool:
    rate = filled(path, slots, batch)
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    print(f"append: {rate:,.0f} rows a second (wanted {RATE:,}); {size / 1e9:.2f} GB on disk", flush=True)
    opening = [in_fresh_process(path, "opening") for _ in range(5)]
    print(f"open: {1e3 * statistics.median(opening):.1f} ms, {extremes(1e3 * one for one in opening)}", flush=True)
    first = [in_fresh_process(path, "first read") for _ in range(5)]
    print(f"first read: {extremes(first)} s, {in_fresh_process(path, 'first read, CPU'):.2f} s of a core", flush=True)
    added = evidence(path, slots)
    print(f"1,000 evidence updates: {extremes(added, 3)} s", flush=True)
    result = QUERIES * (WIDTH * 4 + 8 * 12 + 4) / MEBI
    held, block = in_fresh_process(path, "memory"), BLOCK * WIDTH * 8 / MEBI
    print(
        f"a read of {QUERIES} queries adds {held:.0f} MiB; a block and the result are {block + result:.0f} MiB",
        flush=True,
    )
    within = in_fresh_process(path, "limit") == 1.0
    print(f"a read with 256 MiB of address space to spare, of {size / MEBI:.0f} MiB: {'done' if within else 'failed'}")
    upkeep(path, slots)
    met = {
        "append": rate >= RATE,
        "open": statistics.median(opening) < OPENING,
        "first read": statistics.median(first) < FIRST_READ,
        "evidence": statistics.median(added) < EVIDENCE,
        "memory": held < block + result and within,
    }
    print(", ".join(f"{name} {'met' if yes else 'MISSED'}" for name, yes in met.items()))
    return all(met.values())


if __name__ == "__main__":
    main()
