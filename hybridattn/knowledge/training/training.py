"""What is trained and how long: the noun that runs, files and reports share."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from hybridattn.errors import ArgumentError
from hybridattn.knowledge.training.trainer import Trainer

__all__ = ["Training"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Training:
    """A model to be trained from several seeds, each run judged by one figure of its epochs.

    Raises ArgumentError where name, epochs or patience are out of range, or the settings are no plain data.
    """

    name: str
    """Names the files of the runs: letters, digits, dots, underscores and dashes."""
    build: Callable[[int], Trainer]
    """Makes a fresh trainer from a seed; what it makes depends on the seed and the settings alone."""
    epochs: int
    judge: str
    """The figure by which epochs and runs are compared: the least is the best."""
    patience: int | None = None
    """How many epochs in a row without a better one end a run; None trains all epochs."""
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Plain data that decides every number: what is trained, on what."""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ArgumentError(f"name must be letters, digits, dots, underscores and dashes; got {self.name!r}")
        for name, number in (("epochs", self.epochs), ("patience", self.patience)):
            if number is not None and number < 1:
                raise ArgumentError(f"{name} must be at least 1; got {number}")
        try:
            json.dumps(dict(self.settings), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"settings must be plain data, as JSON has it; {error}") from None

    def described(self) -> dict[str, Any]:
        """Give all that decides the numbers of a run but its seed, as JSON gives it back."""
        own = {"name": self.name, "epochs": self.epochs, "judge": self.judge, "patience": self.patience}
        described: dict[str, Any] = json.loads(json.dumps({**own, **self.settings}))
        return described
