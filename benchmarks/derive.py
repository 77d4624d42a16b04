"""Rule-table derivation with proofs, in judgements a CPU second: `python benchmarks/derive.py`.

Targets: on 10,000 inheritance statements at least 10,000 a second with NAL-1 and 2, and 2,000 with the whole table;
loading included, duplicates not counted. The peer is the same derivation by the plain definition of the rules, without
compiled ones, in turns in the same process. A sample of the proofs is replayed after each run, not measured.
"""

import argparse
import os
import platform
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from unittest.mock import patch

from hybridattn.reasoning import Atom, Judgement, Truth, inheritance
from hybridattn.reasoning.nal import Conclusions, derive, proof, replayed

STATEMENTS, TERMS, REPLAYED = 10_000, 5_000, 200
CASES = {"NAL-1 and 2": (2, 30_000, 10_000), "whole table": (6, 15_000, 2_000)}  # NAL up to, limit, target
PLAIN = patch("hybridattn.reasoning.nal.engine.plan.compiled", lambda rule: None)


def statements(seed: int) -> list[Judgement]:
    rng = random.Random(seed)
    pairs: set[tuple[int, int]] = set()
    while len(pairs) < STATEMENTS:
        source, target = rng.sample(range(TERMS), 2)
        pairs.add((source, target))
    return [
        Judgement(
            inheritance(Atom(f"t{source}"), Atom(f"t{target}")),
            Truth(1.0 if rng.random() < 0.7 else round(rng.uniform(0.1, 1), 2), 0.9),
            frozenset([stamp]),
        )
        for stamp, (source, target) in enumerate(sorted(pairs), 1)
    ]


def rate(run: Callable[[], Conclusions]) -> float:
    start = time.process_time()
    found = run()
    spent = time.process_time() - start
    for conclusion in random.Random(0).sample(list(found), REPLAYED):
        assert replayed(proof(conclusion)).stamp == conclusion.stamp
    return found.derived / spent


def spread(rates: list[float]) -> str:
    return f"{statistics.median(rates):8,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, {rounds} rounds")
    print(f"{STATEMENTS:,} statements over {TERMS:,} terms; new judgements a CPU second: median (spread)")
    for case, (nal, limit, target) in CASES.items():
        ours, plain = [], []
        for seed in range(rounds):
            known = statements(seed)
            run = partial(derive, known, nal=nal, limit=limit)
            ours.append(rate(run))
            with PLAIN:
                plain.append(rate(run))
        met = "met" if statistics.median(ours) >= target else "MISSED"
        print(f"{case:12} compiled {spread(ours)}  plain {spread(plain)}  target {target:,}: {met}")


if __name__ == "__main__":
    main()
