"""Time and memory of settling against raw `scaled_dot_product_attention`, as often: `python benchmarks/settle.py`.

Target: 5 steps take at most 1.15 times as long as 5 softmaxes of the peer; what certificates and gradients cost stands
beside it. Both sides take turns in one process; peak memory is that of a fresh process a way.
"""

import argparse
import statistics
import sys
from collections.abc import Callable

import torch
from measuring import MEBI, by_turns, machine, of_fresh_process, print_added, quartiles, ratios
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from hybridattn.memory import Record, SlotMemory

CASES = {"large": (1024, 65_536, 64), "middle": (256, 4096, 64), "small": (64, 1024, 64), "tiny": (8, 128, 64)}
STEPS, TARGET = 5, 1.15
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


def times(case: str, rounds: int) -> bool:
    q, n, d = CASES[case]
    acts = ways(case)
    repeats = max(1, min(200, (1 << 24) // (STEPS * q * n)))
    torch.testing.assert_close(acts["settle"]().state, acts["peer"]()[0, 0], atol=1e-5, rtol=1e-4)  # type: ignore[attr-defined, index]
    found = by_turns(acts, rounds, repeats)
    print(f"{case}: q {q}, n {n}, d {d}, {STEPS} steps: peer {1e3 * statistics.median(found['peer']):.3f} ms")
    for name in WAYS[1:]:
        print(f"  {name:9}{quartiles(ratios(found[name], found['peer']))} times the peer")
    return statistics.median(ratios(found["settle"], found["peer"])) <= TARGET


def peaks(case: str, threads: int) -> None:
    added = {way: of_fresh_process(__file__, "--threads", threads, "--peak", case, way) for way in WAYS}
    grown = ", ".join(f"{way} {mebi:.0f}" for way, mebi in added.items())
    q, n, _ = CASES[case]
    print(f"  MiB above the stored: {grown}; a matrix of scores would be {4 * q * n / MEBI:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--peak", nargs=2, metavar=("CASE", "WAY"), help="measure the memory of one way only")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.peak:
        case, way = chosen.peak
        print_added(ways(case)[way])
        return
    print(machine(chosen.threads, f"{chosen.rounds} rounds"))
    met = []
    for case in chosen.cases:
        met.append(times(case, chosen.rounds))
        peaks(case, chosen.threads)
    print(f"settling takes at most {TARGET} times the peer: {'met' if all(met) else 'MISSED'}")
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
