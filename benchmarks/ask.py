"""Claims: WordNet loads and answers its first question in under 6 s of CPU and 1.5 GB; 256 questions gain over 5 times.

The peer of the first is plain Python in a process of its own: the same file into a dictionary, breadth-first search,
the same truth. The peer of the second is the same 256 eight-hop questions, one by one, interleaved in one process.
"""

import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import hybridattn

FILE = Path(hybridattn.__file__).parent / "knowledge" / "sources" / "data" / "wordnet-nouns.tsv.xz"
QUESTION = ("cheetah.n.01", "animal.n.01")
ROUNDS, QUESTIONS, HOPS = 5, 256, 8

OURS = f"""
from hybridattn import FactMemory
answer = FactMemory.load("wordnet").ask("<{QUESTION[0]} --> {QUESTION[1]}>?")[0]
assert round(answer.truth.confidence, 6) == 0.430467, answer
"""
PLAIN = f"""
import lzma
up = {{}}
for line in lzma.open({str(FILE)!r}, "rt", encoding="utf-8"):
    source, relation, target = line.rstrip("\\n").split("\\t")
    if relation in ("is_a", "instance_of"):
        up.setdefault(source, []).append(target)
hops, frontier = 0, {{"{QUESTION[0]}"}}
while "{QUESTION[1]}" not in frontier:
    hops, frontier = hops + 1, {{target for source in frontier for target in up.get(source, ())}}
assert round(0.9**hops, 6) == 0.430467, hops
"""


def cost(code: str) -> tuple[float, float]:
    """CPU seconds and peak GiB of a fresh process."""
    probe = (
        code
        + """
import json, resource
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20]))
"""
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    cpu, memory = json.loads(done.stdout.splitlines()[-1])
    return cpu, memory


def spread(numbers: list[float]) -> str:
    return f"{statistics.median(numbers):.2f} ({min(numbers):.2f} to {max(numbers):.2f})"


def first_question() -> None:
    pairs = [(cost(OURS), cost(PLAIN)) for _ in range(ROUNDS)]
    print(f"load WordNet and answer the first question, {ROUNDS} fresh processes each, median (spread)")
    print(
        f"  hybridattn    {spread([ours[0] for ours, _ in pairs])} s CPU, {spread([o[1] for o, _ in pairs])} GiB peak"
    )
    print(
        f"  plain Python  {spread([plain[0] for _, plain in pairs])} s CPU, {spread([p[1] for _, p in pairs])} GiB peak"
    )
    print(f"  ratio         {spread([ours[0] / plain[0] for ours, plain in pairs])}")


def chains(memory: object, generator: random.Random) -> list[str]:
    """Questions whose answer is `HOPS` facts away."""
    up: dict[str, list[str]] = {}
    for fact in memory:  # type: ignore[attr-defined]
        if fact.relation in ("is_a", "instance_of"):
            up.setdefault(str(fact.source), []).append(str(fact.target))
    names, questions = sorted(up), []
    while len(questions) < QUESTIONS:
        start = here = generator.choice(names)
        for _ in range(HOPS):
            here = up.get(here, [""])[0]
        if here:
            questions.append(f"<{start} --> {here}>?")
    return questions


def batch() -> None:
    from hybridattn import FactMemory

    memory = FactMemory.load("wordnet")
    questions = chains(memory, random.Random(0))
    memory.ask_batch(questions[:2])
    together, alone = [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        answers = memory.ask_batch(questions)
        middle = time.perf_counter()
        singly = [memory.ask(question) for question in questions]
        alone.append(time.perf_counter() - middle)
        together.append(middle - start)
        assert list(map(str, answers)) == list(map(str, singly))
    print(f"{QUESTIONS} questions of {HOPS} hops, {ROUNDS} interleaved rounds, median (spread)")
    print(f"  one batch     {spread(together)} s")
    print(f"  one by one    {spread(alone)} s")
    print(f"  times faster  {spread([one / all_ for one, all_ in zip(alone, together, strict=True)])}")


if __name__ == "__main__":
    import torch

    torch.set_num_threads(min(2, os.cpu_count() or 1))
    print(f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, {torch.get_num_threads()} threads")
    first_question()
    batch()
    print(f"peak of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
