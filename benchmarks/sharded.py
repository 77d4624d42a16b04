"""Claim: two ranks, each with a core of its own, read at least 1.6 times as much as one does.

Each round starts one rank and two ranks over the same slots and queries, one after the other, each rank with one
thread, and compares the time of the slowest rank. What a hop passes is counted from its shape: q x (v + 1) numbers.
"""

import argparse
import os
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

import torch
import torch.distributed as dist
from measuring import machine, quartiles

from hybridattn import ShardedMemory

CONTEXT = get_context("forkserver")


def rank(folder: str, number: int, size: int, slots: int, width: int, queries: int, reads: int) -> None:
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=number, world_size=size)
    generator = torch.Generator().manual_seed(0)
    memory = ShardedMemory(width, beta=8.0)
    memory.write(torch.nn.functional.normalize(torch.randn(slots, width, generator=generator), dim=-1))
    asked = torch.randn(queries, width, generator=generator)
    memory.read(asked)
    dist.barrier()
    start = time.perf_counter()
    for _ in range(reads):
        memory.read(asked)
    Path(folder, str(number)).write_text(str(time.perf_counter() - start))
    dist.destroy_process_group()


def slowest(size: int, *work: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        ranks = [CONTEXT.Process(target=rank, args=(folder, number, size, *work)) for number in range(size)]
        for one in ranks:
            one.start()
        for one in ranks:
            one.join()
        return max(float(Path(folder, str(number)).read_text()) for number in range(size))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--slots", type=int, default=200_000)
    options.add_argument("--width", type=int, default=128)
    options.add_argument("--queries", type=int, default=64)
    options.add_argument("--reads", type=int, default=5)
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    print(machine(1, f"{given.slots} slots of {given.width}, {given.queries} queries"))
    work = (given.slots, given.width, given.queries, given.reads)
    rounds = [(slowest(1, *work), slowest(2, *work)) for _ in range(given.rounds)]
    print(f"one rank: {sorted(one for one, _ in rounds)[given.rounds // 2] / given.reads:.3f} s a read")
    print(f"throughput of two ranks, of one: {quartiles(one / two for one, two in rounds)}, wanted 1.6")
    print(f"passed by each rank a hop: {4 * given.queries * (given.width + 1):,} bytes")


if __name__ == "__main__":
    main()
