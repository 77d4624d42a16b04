"""Time and memory of `read` against raw `scaled_dot_product_attention`: `python benchmarks/read.py`.

Targets: without top at most 1.15 times the time of the peer; the cost of the log mass and of top=8 is shown beside it,
and five updates and a read against six calls of the peer; memory O(q + n). All take turns in one process; peak memory
is that of a fresh process a way, above what it held before the read.
"""

import argparse
import statistics
from collections.abc import Callable

import torch
from measuring import MEBI, by_turns, machine, of_fresh_process, print_added, quartiles, ratios
from torch.nn.functional import scaled_dot_product_attention

from hybridattn.attention import read

CASES = {
    f"{q}x{n}": (q, n, d)
    for q, n, d in [
        (1, 1024, 64),
        (16, 1024, 64),
        (64, 1024, 64),
        (1024, 1024, 64),
        (1, 65_536, 64),
        (256, 4096, 64),
        (1024, 65_536, 64),
        (256, 213_228, 128),
    ]
}
WAYS = ("peer", "read", "log_mass", "top", "settle")
UPDATES = 5
PEERS = {"settle": "peer_settle"}
SCORES_A_ROUND = 1 << 24


def ways(case: str) -> dict[str, Callable[[], object]]:
    q, n, d = CASES[case]
    generator = torch.Generator().manual_seed(0)
    query, keys, values = (torch.randn(rows, d, generator=generator) for rows in (q, n, n))
    beta = d**-0.5
    four = [side[None, None] for side in (query, keys, values)]
    return {
        "peer": lambda: scaled_dot_product_attention(*four, scale=beta),
        "read": lambda: read(query, keys, values, beta=beta),
        "log_mass": lambda: read(query, keys, values, beta=beta, log_mass=True),
        "top": lambda: read(query, keys, values, beta=beta, top=8),
        "peer_settle": lambda: settled(
            lambda state: scaled_dot_product_attention(state, *four[1:2] * 2, scale=beta), four[0]
        ),
        "settle": lambda: settled(lambda state: read(state, keys, keys, beta=beta).value, query),
    }


def settled(update: Callable[[torch.Tensor], torch.Tensor], state: torch.Tensor) -> torch.Tensor:
    for _ in range(UPDATES + 1):
        state = update(state)
    return state


def times(case: str, rounds: int) -> None:
    q, n, d = CASES[case]
    acts = ways(case)
    repeats = max(1, min(100, SCORES_A_ROUND // (q * n)))
    for act in acts.values():
        act()
    found = by_turns(acts, rounds, repeats)
    print(
        f"{case}: q {q}, n {n}, d {d}: peer {1e3 * statistics.median(found['peer']):.3f} ms (median of {rounds} rounds)"
    )
    for name in WAYS[1:]:
        print(f"  {name:8} {quartiles(ratios(found[name], found[PEERS.get(name, 'peer')]))} times the peer")


def peaks(case: str, threads: int) -> None:
    q, n, d = CASES[case]
    added = {way: of_fresh_process(__file__, "--threads", threads, "--peak", case, way) for way in WAYS}
    grown = ", ".join(f"{way} {mebi:.0f}" for way, mebi in added.items())
    matrix, stored = 4 * q * n / MEBI, 4 * 2 * n * d / MEBI
    print(f"  MiB above the arguments ({stored:.0f}): {grown}; a matrix of scores would be {matrix:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--cases", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--peak", nargs=2, metavar=("CASE", "WAY"), help="measure the memory of one way only")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.peak:
        case, way = chosen.peak
        print_added(ways(case)[way])
        return
    print(machine(chosen.threads))
    for case in chosen.cases:
        times(case, chosen.rounds)
        peaks(case, chosen.threads)


if __name__ == "__main__":
    main()
