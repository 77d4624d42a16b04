"""Claims: a bAbI task trains in about a minute a run on one core; batches of stories beat one story at a time.

The peer is the same reader with the same weights, walking one story after another instead of a batch: what a store for
every query saves. Give numbers of tasks, or none for 1, 2 and 16.
"""

import sys
import time
from collections.abc import Callable

import torch
from measuring import by_turns, extremes, machine, ratios, unpacked
from torch import Tensor
from torch.nn.functional import cross_entropy

from hybridattn import BabiQuestion, Schedule, StoryReader, StoryTensors, babi_files, read_babi, reader_training

BATCH, ROUNDS = 32, 5


def step(reader: StoryReader, stories: StoryTensors, rows: tuple[Tensor, ...]) -> Callable[[], None]:
    """One gradient of the mean loss of a batch, taken in as many pieces as there are rows."""

    def act() -> None:
        reader.zero_grad()
        for some in rows:
            batch = stories.batch(some)
            (cross_entropy(reader(batch).logits, batch.labels, reduction="sum") / BATCH).backward()

    return act


def main(task: int, questions: list[BabiQuestion]) -> None:
    training = reader_training(f"babi-{task}", questions[:900], questions[900:], schedule=Schedule())
    trainer = training.build(0)
    began = time.process_time()
    for number in (0, 30):  # one with the linear start, one without
        trainer.epoch(number, torch.Generator().manual_seed(number))
    epoch = (time.process_time() - began) / 2
    reader, stories = trainer.module, StoryTensors(questions[:BATCH], trainer.module.vocabulary)
    rows = torch.arange(BATCH)
    acts = {"batch": step(reader, stories, (rows,)), "stories": step(reader, stories, rows.split(1))}
    found = by_turns(acts, ROUNDS)
    gain = extremes(ratios(found["stories"], found["batch"]))
    print(f"task {task}: {epoch:.2f} s of CPU an epoch, {training.epochs * epoch:.0f} s a run")
    print(f"  a step of {BATCH} stories: {1000 * min(found['batch']):.1f} ms; one by one takes {gain} times as long")


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(machine(1))
    with unpacked("babi-en.tar.xz") as place:
        folder = next(path for path in place.rglob("en") if path.is_dir())
        for task in map(int, sys.argv[1:] or ("1", "2", "16")):
            main(task, read_babi(babi_files(folder, task).train))
