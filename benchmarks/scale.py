"""The constants of docs/scale.md, and how well its formulas foretell a larger memory: `python benchmarks/scale.py`.

Costs are CPU time a query at d = v = 128, for batches of 128 queries: a slot that is read exactly or by a code, a list
of which only the summary is looked at, and a slot in a list that is looked into. They are fitted at small sizes; then a
larger memory is foretold and measured. Target: within a factor of 1.5. Lists are dealt at random here, which costs what
good lists cost: only errors would differ, and `large.py` measures those.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from measuring import machine
from torch import Tensor
from torch.nn.functional import normalize

from hybridattn.attention import read
from hybridattn.memory import Bfloat16Codes, CodedBlocks, IndexedMemory, Int8Codes, TensorBlocks, read_coded

WIDTH, BATCH, BETA, FACTOR = 128, 128, 16.0, 1.5


@dataclass(frozen=True)
class Dealt:
    """Lists that are dealt in turn."""

    lists: int

    def fit(self, keys: Tensor) -> "Dealt":
        return self

    def assign(self, keys: Tensor) -> Tensor:
        return torch.arange(len(keys)) % self.lists


def units(rows: int, seed: int) -> Tensor:
    return normalize(torch.randn(rows, WIDTH, generator=torch.Generator().manual_seed(seed)), dim=-1)


def cpu(act: Callable[[], object], rounds: int) -> float:
    """The least CPU seconds a query of some rounds: what else the machine does can only add to it."""
    act()
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        act()
        spent.append(time.process_time() - start)
    return min(spent) / BATCH


def of_lists(slots: int, lists: int, probes: int, rounds: int) -> float:
    memory = IndexedMemory(WIDTH, WIDTH, index=Dealt(lists), probes=probes, beta=BETA)
    memory.write(units(slots, 0), units(slots, 1))
    memory.build_index()
    query = units(BATCH, 2)
    return cpu(lambda: memory.estimate(query), rounds)


def constants(rounds: int) -> dict[str, float]:
    """Fit the costs in nanoseconds, each by two sizes."""
    keys, values, query = units(1 << 16, 0), units(1 << 16, 1), units(BATCH, 2)
    coded = {
        name: CodedBlocks(TensorBlocks(keys, values), coding)
        for name, coding in (("bfloat16", Bfloat16Codes()), ("int8", Int8Codes()))
    }
    found = {"exact": cpu(lambda: read(query, keys, values, beta=BETA), rounds) / len(keys)}
    for name, blocks in coded.items():
        found[name] = cpu(lambda blocks=blocks: read_coded(query, blocks, beta=BETA), rounds) / len(keys)
    few, many, more = (of_lists(1 << 16, lists, probes, rounds) for lists, probes in ((256, 1), (4096, 1), (256, 9)))
    slot = (more - few) / (8 * (1 << 16) / 256)
    found["list"] = (many - few + slot * ((1 << 16) / 256 - (1 << 16) / 4096)) / (4096 - 256)
    found["listed slot"] = slot
    found["query"] = max(0.0, few - 256 * found["list"] - 256 * slot)
    return {name: 1e9 * cost for name, cost in found.items()}


def foretold(cost: dict[str, float], slots: int, lists: int, probes: int) -> float:
    """Nanoseconds a query, as docs/scale.md has it."""
    return cost["query"] + cost["list"] * lists + cost["listed slot"] * probes * slots / lists


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    print(machine(chosen.threads, f"d = v = {WIDTH}", f"batches of {BATCH}"))
    cost = constants(chosen.rounds)
    print("nanoseconds of CPU a query: " + ", ".join(f"{name} {number:.3g}" for name, number in cost.items()))
    wrong = []
    for slots, lists, probes in ((1 << 18, 2048, 8), (1 << 18, 2048, 32), (400_000, 2530, 8)):
        said, took = foretold(cost, slots, lists, probes), 1e9 * of_lists(slots, lists, probes, chosen.rounds)
        wrong.append(max(said / took, took / said))
        print(
            f"  {slots:,} slots in {lists} lists, {probes} looked into: foretold {said / 1e3:.0f} us, "
            f"took {took / 1e3:.0f} us"
        )
    met = statistics.median(wrong) <= FACTOR
    print(f"foretold within a factor of {FACTOR}, by the median: {'met' if met else 'MISSED'}")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
