"""Time of a product-key read as its slots grow, against the dense read: `python benchmarks/product_key.py`.

Targets: the time grows with an exponent of at most 0.6 of the number of slots n^2 (0.5 is that of n), and at a million
slots a read takes at most a tenth of the dense one. Both sides take turns in one process.
"""

import argparse
import math
import statistics
import sys

import torch
from measuring import extremes, machine, seconds

from hybridattn.memory import ProductKeyMemory

SUBKEYS, WIDTH, VALUE, QUERIES, KEPT = (64, 128, 256, 512, 1024), 64, 16, 64, 16
EXPONENT, SHARE = 0.6, 0.1


def slope(sizes: list[int], times: list[float]) -> float:
    """Fit times = c * sizes^slope, least squares of logarithms."""
    x, y = [math.log(size) for size in sizes], [math.log(time) for time in times]
    middle = statistics.fmean(x)
    return sum((a - middle) * b for a, b in zip(x, y, strict=True)) / sum((a - middle) ** 2 for a in x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    print(machine(chosen.threads, f"{QUERIES} queries", f"d {WIDTH}", f"k {KEPT}"))
    ours, dense = [], []
    for n in SUBKEYS:
        generator = torch.Generator().manual_seed(n)
        memory = ProductKeyMemory(WIDTH, VALUE, subkeys=n, kept=KEPT, trainable=True, generator=generator)
        query, keys = torch.randn(QUERIES, WIDTH, generator=generator), memory.keys_of(torch.arange(n * n)).detach()

        def peer(query=query, keys=keys, memory=memory) -> torch.Tensor:  # type: ignore[no-untyped-def]
            best, slots = (query @ keys.mT).topk(KEPT, -1)
            return (best.softmax(-1)[..., None] * memory.values[slots]).sum(-2)

        with torch.no_grad():
            torch.testing.assert_close(memory.read(query).value, peer(), atol=1e-4, rtol=1e-4)
            pairs = [
                (seconds(lambda memory=memory, query=query: memory.read(query), 5), seconds(peer, 1))  # type: ignore[misc]
                for _ in range(chosen.rounds)
            ]
        ours.append(statistics.median(mine for mine, _ in pairs))
        dense.append(statistics.median(theirs for _, theirs in pairs))
        shown = f"{1e3 * ours[-1]:8.2f} ms, dense {1e3 * dense[-1]:8.2f} ms"
        spread = extremes((mine / theirs for mine, theirs in pairs), 3)
        print(f"  n {n:5}, {n * n:8,} slots: {shown}, ratio {spread}")
    slots = [n * n for n in SUBKEYS]
    print(f"exponent of the number of slots: {slope(slots, ours):.2f}, dense {slope(slots, dense):.2f}")
    met = slope(slots, ours) <= EXPONENT and ours[-1] <= SHARE * dense[-1]
    print(
        f"an exponent of at most {EXPONENT}, at a million slots at most {SHARE} of dense: {'met' if met else 'MISSED'}"
    )
    sys.exit(not met)


if __name__ == "__main__":
    main()
