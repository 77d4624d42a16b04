"""How a reader is trained: on answers alone, in batches, with a linear start, judged on questions held out."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from hybridattn.attention import Linear
from hybridattn.errors import ArgumentError
from hybridattn.knowledge.reading.reader import Noise, StoryReader
from hybridattn.knowledge.reading.stories import Batch, StoryTensors

__all__ = ["ReaderTrainer", "Schedule"]

ASKED_AT_ONCE = 256


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a reader learns. Raises ArgumentError where a number is out of range."""

    epochs: int = 50
    linear: int = 20
    """Epochs at the start in which the shares of a hop are its scores, without the softmax."""
    batch: int = 32
    rate: float = 0.005
    """The learning rate of Adam: even during the linear start, then falling to 0 as a cosine."""
    time: float = 0.1
    dropout: float = 0.1
    """The shares of `Noise`."""
    clip: float = 1.0
    """The largest norm of a gradient; longer ones are scaled down to it."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch"):
            if getattr(self, name) < 1:
                raise ArgumentError(f"{name} must be at least 1; got {getattr(self, name)}")
        for name in ("rate", "clip"):
            if not 0 < getattr(self, name) < math.inf:
                raise ArgumentError(f"{name} must be above 0 and finite; got {getattr(self, name)}")
        if not 0 <= self.linear < self.epochs:
            raise ArgumentError(f"linear must be at least 0 and less than epochs={self.epochs}; got {self.linear}")

    def rate_at(self, epoch: float) -> float:
        """Give the learning rate at a moment, in epochs from the start."""
        left = max(0.0, epoch - self.linear) / (self.epochs - self.linear)
        return self.rate * (1 + math.cos(math.pi * left)) / 2

    def to_json(self) -> dict[str, Any]:
        """Give plain data."""
        return asdict(self)


class ReaderTrainer:
    """Trains a reader by cross-entropy; see `hybridattn.knowledge.training.Trainer`.

    Figures of an epoch: `train_loss` and `train_error` as they were met, with noise; `valid_loss` and `valid_error`
    without, by the reader's own separation also during the linear start. Errors are shares. A training question whose
    label is unknown cannot be learned from; a validation question of this kind counts as wrong.

    Args:
        reader: what is trained.
        train: questions to learn from.
        valid: questions held out.
        schedule: how long and how fast.

    Raises:
        ArgumentError: there is no question to learn from, or none held out.
    """

    def __init__(
        self, reader: StoryReader, train: StoryTensors, valid: StoryTensors, *, schedule: Schedule | None = None
    ) -> None:
        if not len(train) or not len(valid):
            raise ArgumentError(f"expected questions to learn from and held out; got {len(train)} and {len(valid)}")
        self.module, self.train, self.valid = reader, train, valid
        self.schedule = schedule or Schedule()
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(reader.parameters(), self.schedule.rate, fused=True)

    def epoch(self, number: int, generator: torch.Generator) -> Mapping[str, float]:
        """Go once over all questions, in random order."""
        noise = Noise(generator, self.schedule.time, self.schedule.dropout)
        known = (self.train.labels >= 0).nonzero()[:, 0]
        rows = torch.split(known[torch.randperm(len(known), generator=generator)], self.schedule.batch)
        met = [self._step(self.train.batch(some), number + at / len(rows), noise) for at, some in enumerate(rows)]
        losses, wrong = torch.stack(met).sum(0).tolist()
        return {
            "train_loss": losses / len(known),
            "train_error": wrong / len(known),
            **dict(zip(("valid_loss", "valid_error"), losses_and_errors(self.module, self.valid), strict=True)),
        }

    def _step(self, batch: Batch, moment: float, noise: Noise) -> Tensor:
        """Learn from a batch: the sum of its losses, and how many answers were wrong."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.rate_at(moment)
        separation = Linear() if moment < self.schedule.linear else None
        logits = self.module(batch, separation=separation, noise=noise).logits
        loss = cross_entropy(logits, batch.labels)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.module.parameters(), self.schedule.clip)
        self.optimizer.step()
        wrong = (logits.detach().argmax(-1) != batch.labels).sum()
        return torch.stack([loss.detach() * len(batch.labels), wrong.to(loss.dtype)])


@torch.no_grad()
def losses_and_errors(reader: StoryReader, asked: StoryTensors) -> tuple[float, float]:
    """Give the mean cross-entropy of the questions of known labels, and the share of all that is answered wrong."""
    total, wrong, known = 0.0, 0, int((asked.labels >= 0).sum())
    for rows in torch.split(torch.arange(len(asked)), ASKED_AT_ONCE):
        batch = asked.batch(rows)
        logits = reader(batch).logits
        total += float(cross_entropy(logits, batch.labels, ignore_index=-1, reduction="sum"))
        wrong += int((logits.argmax(-1) != batch.labels).sum())
    return total / max(1, known), wrong / len(asked)
