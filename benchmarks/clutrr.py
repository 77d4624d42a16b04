"""Claim: learning CLUTRR's rules and answering all of its test files takes under 20 s of CPU.

Run `HYBRIDATTN_DATA=... python benchmarks/clutrr.py`. The peer, in the same run, composes from left to right only, with
the same rules: what the chart over all bracketings costs, and what it gains.
"""

import os
import platform
import resource
import time
from pathlib import Path

import torch
from measuring import unpacked

from hybridattn import Composer, evaluate_clutrr, learn_stories, read_clutrr

SET = "data_089907f8"


def left_to_right(folder: Path, hops: int) -> float:
    """Accuracy of the likeliest composition, one fact after the other."""
    rules, _ = learn_stories([row.story for row in read_clutrr(folder / "1.2,1.3_train.csv")])
    table, number = rules.probabilities().argmax(-1), {name: n for n, name in enumerate(rules.relations)}
    rows = read_clutrr(folder / f"1.{hops}_test.csv")
    right = 0
    for row in rows:
        here, *rest = (number[fact.relation] for fact in row.story.facts)
        for step in rest:
            here = int(table[here, step])
        right += rules.relations[here] == row.story.relation
    return right / len(rows)


def main() -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, {torch.get_num_threads()} threads")
    with unpacked("clutrr.tar.xz") as place:
        folder = next(place.rglob(SET))
        files = [folder / f"1.{hops}_test.csv" for hops in range(2, 11)]
        for ordered in (True, False):
            start = time.process_time()
            generator = torch.Generator().manual_seed(0)
            report = evaluate_clutrr([folder / "1.2,1.3_train.csv"], files, generator=generator, ordered=ordered)
            used = time.process_time() - start
            print(
                f"{'walk order' if ordered else 'unordered'}: {used:.1f} s of CPU, {report.seconds:.1f} s of wall clock"
            )
            print("  ", ", ".join(f"k={one.hops} {100 * one.accuracy:.1f} %" for one in report.files))
        rules, _ = learn_stories([row.story for row in read_clutrr(folder / "1.2,1.3_train.csv")])
        stories = [row.story for row in read_clutrr(files[-1])]
        start = time.process_time()
        Composer(rules).answer(stories, ordered=True)
        print(f"{len(stories)} stories of ten facts, proofs included: {time.process_time() - start:.2f} s of CPU")
        print(f"left to right alone, k=10: {100 * left_to_right(folder, 10):.1f} %")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
