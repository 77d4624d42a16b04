"""Time and memory of settling against raw `scaled_dot_product_attention`, as often: `python benchmarks/settle.py`.

Target: 5 steps take at most 1.15 times as long as 5 softmaxes of the peer; what certificates and gradients cost stands
beside it. Both sides take turns in one process; peak memory is that of a fresh process a way.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from hybridattn.memory import Record, SlotMemory

CASES = {"large": (1024, 65_536, 64), "middle": (256, 4096, 64), "small": (64, 1024, 64), "tiny": (8, 128, 64)}
STEPS, TARGET, MEBI = 5, 1.15, 1 << 20
WAYS = ("peer", "settle", "energies", "drops")


def ways(case: str) -> dict[str, Callable[[], object]]:
    q, n, d = CASES[case]
    generator = torch.Generator().manual_seed(0)
    query, keys = torch.randn(q, d, generator=generator), torch.randn(n, d, generator=generator)
    beta = d**-0.5
    memory = SlotMemory(d, beta=beta)
    memory.write(keys)

    def peer() -> Tensor:
        state, stored = query[None, None], keys[None, None]
        for _ in range(STEPS):
            state = scaled_dot_product_attention(state, stored, stored, scale=beta)
        return state

    return {
        "peer": peer,
        "settle": lambda: memory.settle(query, steps=STEPS, tol=0),
        "energies": lambda: memory.settle(query, steps=STEPS, tol=0, record=Record.ENERGIES),
        "drops": lambda: memory.settle(query, steps=STEPS, tol=0, record=Record.ENERGIES | Record.DROPS),
    }


def timed(act: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        act()
    return (time.perf_counter() - start) / repeats


def times(case: str, rounds: int) -> bool:
    q, n, d = CASES[case]
    acts = ways(case)
    repeats = max(1, min(200, (1 << 24) // (STEPS * q * n)))
    torch.testing.assert_close(acts["settle"]().state, acts["peer"]()[0, 0], atol=1e-5, rtol=1e-4)  # type: ignore[attr-defined, index]
    found: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, act in acts.items():
            found[name].append(timed(act, repeats))
    print(f"{case}: q {q}, n {n}, d {d}, {STEPS} steps: peer {1e3 * statistics.median(found['peer']):.3f} ms")
    for name in WAYS[1:]:
        ratios = sorted(mine / theirs for mine, theirs in zip(found[name], found["peer"], strict=True))
        low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
        print(f"  {name:9}{statistics.median(ratios):6.2f} times the peer (quartiles {low:.2f} to {high:.2f})")
    return statistics.median(a / b for a, b in zip(found["settle"], found["peer"], strict=True)) <= TARGET


def peak(case: str, way: str) -> None:
    """Print how many MiB a way adds to the peak of this fresh process."""
    act = ways(case)[way]
    scaled_dot_product_attention(*[torch.zeros(1, 1, 2, 2)] * 3)
    before = most_held()
    act()
    print((most_held() - before) / MEBI)


def most_held() -> int:
    """Give the most bytes that this process held so far (Linux only)."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def peaks(case: str, threads: int) -> None:
    grown = []
    for way in WAYS:
        command = [sys.executable, __file__, "--threads", str(threads), "--peak", case, way]
        grown.append(f"{way} {float(subprocess.run(command, check=True, capture_output=True, text=True).stdout):.0f}")
    q, n, _ = CASES[case]
    print(f"  MiB above the stored: {', '.join(grown)}; a matrix of scores would be {4 * q * n / MEBI:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--peak", nargs=2, metavar=("CASE", "WAY"), help="measure the memory of one way only")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.peak:
        peak(*chosen.peak)
        return
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {chosen.threads} threads, float32")
    print(f"torch {torch.__version__}, load {os.getloadavg()[0]:.1f}, {chosen.rounds} rounds")
    met = []
    for case in chosen.cases:
        met.append(times(case, chosen.rounds))
        peaks(case, chosen.threads)
    print(f"settling takes at most {TARGET} times the peer: {'met' if all(met) else 'MISSED'}")
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
