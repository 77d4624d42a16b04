"""The rows of the memories whose keys are composed of codes."""

import torch

from hybridattn.memory import CodebookMemory

from .row import Row, numbers


def codebook(entries: int) -> Row:
    """A memory of whose codebook the first keys and values are, or are not, entries yet."""
    entities, cues = numbers(64, 8, 2), numbers(4, 4, 3)
    return Row(
        CodebookMemory,
        lambda: CodebookMemory(entities[:entries], cues, beta=20.0),
        lambda m: torch.cat([entities[:m], cues.repeat(16, 1)[:m]], -1),
        lambda m: entities.flip(0)[:m],
    )


ROWS = {"codebook": codebook(64), "growing codebook": codebook(3)}
