"""A slot memory of a million slots: written, saved, loaded, read and erased: `python benchmarks/slots.py`.

Targets: a pattern written alone takes at most 1.5 times as long at 10^6 slots as at 10^4, amortised; a batched write
takes at most 2 copies of what it stores. Its peer is `Tensor.clone` into fresh memory, in turns; peak memory is that of
a fresh process.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from measuring import MEBI, extremes, machine, most_held, ratios, seconds

from hybridattn.memory import SlotMemory, load, save

SLOTS, WIDTH, BATCH = 1_000_000, 64, 100_000
WRITES, SINGLE, COPY = 5_000, 1.5, 2.0


def filled(slots: int) -> SlotMemory:
    memory = SlotMemory(WIDTH)
    memory.write(torch.randn(slots, WIDTH, generator=torch.Generator().manual_seed(0)))
    return memory


def single(rounds: int) -> bool:
    """Write one by one; each bears its part, 1 / n, of the move of the store to twice the room."""
    per_write: dict[int, list[float]] = {10_000: [], 1_000_000: []}
    row = torch.randn(WIDTH, generator=torch.Generator().manual_seed(1))
    for _ in range(rounds):
        for slots, found in per_write.items():
            memory = filled(slots)
            moved = seconds(lambda memory=memory: memory.write(row))  # type: ignore[misc]
            alone = seconds(lambda memory=memory: [memory.write(row) for _ in range(WRITES)]) / WRITES  # type: ignore[misc]
            found.append(alone + moved / slots)
    found = ratios(*reversed(per_write.values()))
    shown = ", ".join(f"{1e6 * statistics.median(found):.1f} us at {slots:,}" for slots, found in per_write.items())
    print(f"one pattern a write: {shown}: ratio {extremes(found)}")
    return statistics.median(found) <= SINGLE


def batched(rounds: int) -> bool:
    rows = torch.randn(BATCH, WIDTH, generator=torch.Generator().manual_seed(2))
    copies: list[float] = []
    times: list[float] = []
    for _ in range(rounds):
        memory = filled(SLOTS)
        memory.write(rows)  # moves; from here on there is room
        kept: list[torch.Tensor] = []  # so that every copy goes to memory that nobody had, as a write does
        copied = statistics.median(seconds(lambda kept=kept: kept.append(rows.clone())) for _ in range(5))  # type: ignore[misc]
        written = statistics.median(seconds(lambda memory=memory: memory.write(rows)) for _ in range(5))  # type: ignore[misc]
        copies.append(written / copied)
        times.append(written)
    speed = rows.nbytes / statistics.median(times) / 1e9
    print(f"{BATCH:,} patterns a write: {speed:.2f} GB/s, {extremes(copies)} copies")
    return statistics.median(copies) <= COPY


def life() -> None:
    """Write, save, load, read and erase a million slots; print the seconds of each, and the peak of this process."""
    base, generator = most_held(), torch.Generator().manual_seed(0)
    memory, told = SlotMemory(WIDTH, beta=8.0), {}

    def write() -> None:
        for _ in range(SLOTS // BATCH):
            memory.write(torch.randn(BATCH, WIDTH, generator=generator))

    told["write (numbers drawn)"] = seconds(write)
    query = memory.keys[::10_000].clone()
    told["read 100, top 8"] = seconds(lambda: memory.read(query, top=8))
    told["settle 100, 3 steps"] = seconds(lambda: memory.settle(query, steps=3))
    told["state_dict"] = seconds(memory.state_dict)
    with TemporaryDirectory() as folder:
        path, loaded = Path(folder) / "slots.safetensors", []
        told["save"] = seconds(lambda: save(memory, path))
        told["load"] = seconds(lambda: loaded.append(load(path)))
        size, [other] = path.stat().st_size / MEBI, loaded
    assert other.read(query, top=1).slots.flatten().tolist() == list(range(0, SLOTS, 10_000))
    told["erase half"] = seconds(lambda: memory.erase(memory.ids[::2]))
    assert len(memory) == SLOTS // 2
    print("  " + ", ".join(f"{name} {value:.2f} s" for name, value in told.items()))
    stored = sum(part.nbytes for part in other.state_dict().values()) / MEBI
    held = f"two memories of {stored:.0f} MiB and a file of {size:.0f}"
    print(f"  peak {(most_held() - base) / MEBI:.0f} MiB with {held}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--life", action="store_true", help="the life of a million slots only")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.life:
        life()
        return
    print(machine(chosen.threads, f"width {WIDTH}", f"{chosen.rounds} rounds"))
    met = single(chosen.rounds), batched(chosen.rounds)
    print(f"{SLOTS:,} slots, in a fresh process:", flush=True)
    subprocess.run([sys.executable, __file__, "--threads", str(chosen.threads), "--life"], check=True)
    print(f"one at most {SINGLE}, a batch at most {COPY} copies: {'met' if all(met) else 'MISSED'}")
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
