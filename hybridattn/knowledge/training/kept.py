"""Runs in a folder, a file each: never half-written, never run, and refused where they were trained otherwise."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.training.training import Training
from hybridattn.running import write_bytes

__all__ = ["Kept", "RunFolder"]

FORMAT = "hybridattn-run-1"
KEY = "run"
NOW, BEST = "now.", "best."


class Kept(NamedTuple):
    """All of a run that its next epoch, or a report, depends on."""

    history: list[Mapping[str, float]]
    seconds: float
    finished: bool
    now: Mapping[str, Tensor]
    """The state after the last epoch; empty where the run is finished."""
    best: Mapping[str, Tensor]
    """The weights after the best epoch."""


class RunFolder:
    """A folder with a file `NAME-SEED.safetensors` for each run: weights as tensors, figures as JSON in its header.

    A file is replaced whole, so that after a crash or Ctrl-C it holds the run as it was last kept. The folder is made
    where it is missing.

    Raises:
        ArgumentError: it cannot be made.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ArgumentError(f"runs need a folder to write; got {str(folder)!r}: {reason}") from None

    def path(self, training: Training, seed: int) -> Path:
        """Give the file of a run."""
        return self.folder / f"{training.name}-{seed}.safetensors"

    def write(self, training: Training, seed: int, kept: Kept) -> None:
        """Keep a run, finished or not, in place of what was kept of it before.

        Raises:
            ArgumentError: the file cannot be written, or a figure is no finite number.
        """
        told = {"format": FORMAT, "seed": seed, "settings": training.described()}
        told |= {"history": kept.history, "seconds": kept.seconds, "finished": kept.finished}
        tensors = {f"{NOW}{name}": tensor for name, tensor in kept.now.items()}
        tensors |= {f"{BEST}{name}": tensor for name, tensor in kept.best.items()}
        tensors = {name: tensor.clone().contiguous() for name, tensor in tensors.items()}  # a file holds none twice
        write_bytes(self.path(training, seed), save(tensors, {KEY: json.dumps(told, allow_nan=False)}))

    def read(self, training: Training, seed: int) -> Kept | None:
        """Give what was kept of a run; None where there is no file.

        Raises:
            ArgumentError: the file is none of these, or its run was trained with other settings.
        """
        path = self.path(training, seed)
        if not path.exists():
            return None
        try:
            with safe_open(path, "pt") as file:
                told = json.loads((file.metadata() or {})[KEY])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if told["format"] != FORMAT or told["seed"] != seed:
                raise ValueError
            kept = Kept(told["history"], told["seconds"], told["finished"], _of(NOW, tensors), _of(BEST, tensors))
            settings = dict(told["settings"])
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            raise ArgumentError(f"{path} must be a run that was kept, seed {seed}; it is not, or not whole") from None
        _must_match(path, settings, training.described())
        return kept


def _of(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _must_match(path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    for key in [*new, *old]:
        if old.get(key) != new.get(key):
            had, asked = (json.dumps(side.get(key)) for side in (old, new))
            raise ArgumentError(f"{path} holds a run with {key} {had:.80}; got {asked:.80}: name another folder")
