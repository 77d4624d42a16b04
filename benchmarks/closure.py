"""Claims of `hybridattn.reasoning.batched`, each beside plain Python in the same run: `python benchmarks/closure.py`.

1. All is_a and instance_of statements of WordNet close to 743,241 in under 2 s of CPU, with a proof for each.
2. Two cores draw at least 10 million deductions a second.
3. A 20-hop chain among 10,000 shuffled statements is answered exactly, with its proof, in under 0.1 s after loading.

Both sides take turns in one process. CPU seconds (user and system), except for 2, which is about two cores at once.
"""

import heapq
import lzma
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

import hybridattn
from hybridattn.reasoning import Truth, replay, truth
from hybridattn.reasoning.batched import closure, from_arrays

FILE = Path(hybridattn.__path__[0]) / "knowledge" / "sources" / "data" / "wordnet-nouns.tsv.xz"
ROUNDS = 7
CLOSED = 743_241
BATCH = 1_000_000
HOPS, STATEMENTS = 20, 10_000

Pairs = list[tuple[int, int]]
Best = dict[int, tuple[float, float, int]]


def measured(acts: dict[str, Callable[[], object]], clock: Callable[[], float]) -> dict[str, list[float]]:
    """Seconds of each act, ROUNDS times in turn, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in acts}
    for turn in range(ROUNDS + 1):
        for name, act in acts.items():
            start = clock()
            act()
            if turn:
                seconds[name].append(clock() - start)
    return seconds


def spread(values: Sequence[float], unit: str = "s") -> str:
    return f"{statistics.median(values):10.4g} {unit} (min {min(values):.4g}, max {max(values):.4g})"


def verdict(name: str, met: bool) -> bool:
    print(f"  {name}: {'met' if met else 'MISSED'}\n")
    return met


def hypernyms() -> Pairs:
    names: dict[str, int] = {}
    pairs = []
    for line in lzma.decompress(FILE.read_bytes()).decode().splitlines():
        source, relation, target = line.split("\t")
        if relation in ("is_a", "instance_of"):
            pairs.append((names.setdefault(source, len(names)), names.setdefault(target, len(names))))
    return pairs


def plain_closure(pairs: Pairs) -> dict[int, Best]:
    """Breadth-first search in dictionaries, right for f = 1 and one c throughout: f, c and the node before."""
    up: dict[int, list[int]] = {}
    for source, target in pairs:
        up.setdefault(source, []).append(target)
    closed = {}
    for source in up:
        reached: Best = {source: (1.0, 1.0, -1)}
        frontier = [source]
        while frontier:
            after = []
            for node in frontier:
                f, c, _ = reached[node]
                for target in up.get(node, ()):
                    if target not in reached:
                        reached[target] = (f, c * 0.9 * f, node)
                        after.append(target)
            frontier = after
        del reached[source]
        closed[source] = reached
    return closed


def wordnet() -> bool:
    pairs = hypernyms()
    source, target = torch.tensor(pairs).unbind(1)
    statements = from_arrays(source, target)
    print(f"1. WordNet: {len(pairs)} statements, one thread, CPU seconds")
    torch.set_num_threads(1)
    seconds = measured(
        {
            "closure of prepared statements": lambda: closure(statements),
            "the same from raw arrays": lambda: closure(from_arrays(source, target)),
            "plain Python, dictionaries": lambda: plain_closure(pairs),
        },
        time.process_time,
    )
    for name, values in seconds.items():
        print(f"  {name:36}{spread(values)}")
    closed, plain = closure(statements), plain_closure(pairs)
    assert len(closed) == CLOSED == sum(map(len, plain.values()))
    rows = zip(closed.source.tolist(), closed.target.tolist(), closed.confidence.tolist(), strict=True)
    assert all(abs(plain[a][b][1] - c) < 1e-12 for a, b, c in rows)
    deepest = int(closed.hops.argmax())
    proof = closed.proof(int(closed.source[deepest]), int(closed.target[deepest]))
    assert proof is not None
    assert abs(replay(proof).truth.confidence - float(closed.confidence[deepest])) < 1e-12
    print(f"  {len(closed)} conclusions, the same confidences; a proof of {len(proof.facts)} facts replays")
    return verdict("under 2 s of CPU", max(seconds["the same from raw arrays"]) < 2)


def deductions() -> bool:
    torch.set_num_threads(2)
    numbers = torch.rand(4, BATCH, dtype=torch.float64)
    few = [Truth(*values) for values in (numbers[:2, :10_000].T * 0.99).tolist()]
    tensors = Truth(numbers[0], numbers[1]), Truth(numbers[2], numbers[3])
    print(f"2. Deductions of hybridattn.reasoning.truth, two threads, a batch of {BATCH}, float64")
    seconds = measured(
        {
            "tensors": lambda: [truth.deduction(*tensors) for _ in range(10)],
            "plain Python, one by one": lambda: [truth.deduction(one, one) for one in few],
        },
        time.perf_counter,
    )
    rates = {
        "tensors": [10 * BATCH / value / 1e6 for value in seconds["tensors"]],
        "plain Python, one by one": [len(few) / value / 1e6 for value in seconds["plain Python, one by one"]],
    }
    for name, values in rates.items():
        print(f"  {name:36}{spread(values, 'million a second')}")
    return verdict("at least 10 million a second", min(rates["tensors"]) >= 10)


def shuffled() -> tuple[Pairs, list[float], list[float]]:
    """A chain over the nodes 0 to HOPS, of mixed truths, among statements that branch off it and among themselves."""
    generator = random.Random(0)
    pairs = {(node, node + 1): (generator.choice([0.9, 0.95, 1.0]), 0.9) for node in range(HOPS)}
    while len(pairs) < STATEMENTS:
        one, other = generator.randrange(4000), generator.randrange(HOPS + 1, 4000)
        if one != other:
            pairs[one, other] = (generator.choice([0.9, 0.95, 1.0]), 0.9)
    rows = list(pairs.items())
    generator.shuffle(rows)
    return [pair for pair, _ in rows], [f for _, (f, _) in rows], [c for _, (_, c) in rows]


def plain_query(up: dict[int, list[tuple[int, float, float]]], start: int, goal: int) -> tuple[float, float] | None:
    """Best first over the Pareto fronts, in heaps and dictionaries."""
    waiting = [(-1.0, -1.0, start)]
    fronts: dict[int, list[float]] = {}
    while waiting:
        c, f, node = heapq.heappop(waiting)
        if node == goal:
            return -f, -c
        front = fronts.setdefault(node, [])
        if any(-f <= other for other in front):
            continue
        front.append(-f)
        for target, g, d in up.get(node, ()):
            if target != start:
                after = f * g
                waiting_c = c * d * (-after if node != start else 1.0)
                heapq.heappush(waiting, (waiting_c, after, target))
    return None


def query() -> bool:
    torch.set_num_threads(1)
    pairs, frequency, confidence = shuffled()
    source, target = torch.tensor(pairs).unbind(1)
    f, c = torch.tensor(frequency, dtype=torch.float64), torch.tensor(confidence, dtype=torch.float64)
    statements = from_arrays(source, target, f, c)
    up: dict[int, list[tuple[int, float, float]]] = {}
    for (one, other), g, d in zip(pairs, frequency, confidence, strict=True):
        up.setdefault(one, []).append((other, g, d))
    print(f"3. {HOPS} hops among {len(pairs)} shuffled statements of mixed truth, one thread, CPU seconds")
    seconds = measured(
        {
            "query of prepared statements": lambda: closure(statements, sources=[0], targets=[HOPS]).proof(0, HOPS),
            "the same, all from one source": lambda: closure(statements, sources=[0]).proof(0, HOPS),
            "preparing them": lambda: from_arrays(source, target, f, c),
            "plain Python, heap, no proof": lambda: plain_query(up, 0, HOPS),
        },
        time.process_time,
    )
    for name, values in seconds.items():
        print(f"  {name:36}{spread(values)}")
    closed = closure(statements, sources=[0], targets=[HOPS])
    assert closed.proof(0, HOPS) == closure(statements, sources=[0]).proof(0, HOPS)
    proof, expected = closed.proof(0, HOPS), plain_query(up, 0, HOPS)
    assert proof is not None
    assert expected is not None
    again = replay(proof).truth
    assert abs(again.frequency - expected[0]) < 1e-12
    assert abs(again.confidence - expected[1]) < 1e-12
    print(f"  the answer {again} is that of plain Python")
    return verdict("under 0.1 s", max(seconds["query of prepared statements"]) < 0.1)


if __name__ == "__main__":
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"Python {platform.python_version()}, torch {torch.__version__}; {ROUNDS} rounds, median (min, max)\n")
    sys.exit(not all([wordnet(), deductions(), query()]))
