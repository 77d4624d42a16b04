"""Training a reader from answers: batches of stories, the loss on those that are held out."""

import hashlib
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.rules import Story
from hybridattn.knowledge.rules.story import paths_of, walk_of
from hybridattn.knowledge.training import Training
from hybridattn.knowledge.vectors.reader import ChainReader
from hybridattn.running import seeded

__all__ = ["chain_training"]

EPOCHS = 10
STEPS = 50  # in an epoch
BATCH = 128  # stories in a step
RATE, DECAY = 0.01, 0.5  # of AdamW; only the bilinear form decays, so that pairs that are never met stay nothing
HELD = 512  # stories that are held out, or a tenth where that is less
TINY = 1e-9  # least probability in the loss


def chain_training(stories: Sequence[Story], *, ordered: bool = False, epochs: int = EPOCHS) -> Training:
    """Give the training of a `ChainReader` on stories with answers, for `train_runs`.

    The loss of a story is -log of the probability of its answer, in nats. The figures of an epoch are `loss`, its mean
    over the steps, and `held_loss` and `held_accuracy` on stories that are held out, a tenth and at most 512 of them;
    the judge is `held_loss`. After each epoch the reader counts how often each pair of relations was used (see
    `EmbeddedRules.count`), which is the evidence of its proofs.

    Args:
        stories: what to learn from; those without an answer are left out.
        ordered: as for `ChainReader.forward`.
        epochs: of 50 steps, 128 stories each.

    Raises:
        ArgumentError: fewer than two stories have an answer.
    """
    known = [story for story in stories if story.relation is not None and story.facts]
    if len(known) < 2:
        raise ArgumentError(f"stories must hold at least two with facts and an answer; got {len(known)}")
    settings = {"stories": _digest(known), "ordered": ordered, "steps": STEPS, "batch": BATCH}
    settings |= {"rate": RATE, "decay": DECAY}
    name = "reader-ordered" if ordered else "reader"
    return Training(
        name, lambda seed: _ReaderTrainer(known, seed, ordered=ordered), epochs, "held_loss", None, settings
    )


def _digest(stories: Sequence[Story]) -> str:
    told = hashlib.sha256()
    for story in stories:
        facts = "; ".join(str(fact.judgement) for fact in story.facts)
        told.update(f"{facts} {story.source} {story.target} {story.relation}\n".encode())
    return told.hexdigest()


class _ReaderTrainer:
    """See `Trainer`."""

    def __init__(self, stories: Sequence[Story], seed: int, *, ordered: bool) -> None:
        generator = seeded(seed, "reader")
        order = torch.randperm(len(stories), generator=generator).tolist()
        held = max(1, min(HELD, len(stories) // 10))
        self.held, self.stories = ([stories[place] for place in some] for some in (order[:held], order[held:]))
        names = {fact.relation for story in stories for fact in story.facts}
        self.module = ChainReader(sorted(names | {str(story.relation) for story in stories}), generator=generator)
        self.ordered = ordered
        bilinear = self.module.rules.bilinear
        others = [parameter for parameter in self.module.parameters() if parameter is not bilinear]
        groups = [{"params": [bilinear], "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
        self.optimizer: torch.optim.Optimizer = torch.optim.AdamW(groups, lr=RATE)
        self._number = {name: number for number, name in enumerate(self.module.rules.relations)}

    def epoch(self, number: int, generator: torch.Generator) -> Mapping[str, float]:
        """Train some steps, and look at what was held out."""
        losses = []
        for _ in range(STEPS):
            places = torch.randint(len(self.stories), (BATCH,), generator=generator).tolist()
            self.optimizer.zero_grad()
            loss = self._loss(*self._read([self.stories[place] for place in places]))
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            losses.append(float(loss.detach()))
        with torch.no_grad():
            found, wanted = self._read(self.held)
        self.module.rules.count([_example(story) for story in self.stories if len(_path(story)) > 1])
        accuracy = float((found.argmax(1) == wanted).double().mean())
        return {"loss": sum(losses) / STEPS, "held_loss": float(self._loss(found, wanted)), "held_accuracy": accuracy}

    def _read(self, stories: Sequence[Story]) -> tuple[Tensor, Tensor]:
        parts = [stories[start : start + BATCH] for start in range(0, len(stories), BATCH)]
        found = torch.cat([self.module(part, ordered=self.ordered) for part in parts])
        return found, torch.tensor([self._number[str(story.relation)] for story in stories])

    def _loss(self, found: Tensor, wanted: Tensor) -> Tensor:
        return -found.gather(1, wanted.unsqueeze(1)).clamp_min(TINY).log().mean()


def _path(story: Story) -> tuple[str, ...]:
    links = next(iter(walk_of(story).found or paths_of(story, most=1).found), ())
    return tuple(link.fact.relation for link in links)


def _example(story: Story) -> tuple[tuple[str, ...], str]:
    return _path(story), str(story.relation)
