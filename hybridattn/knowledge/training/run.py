"""A run of a training, finished or under way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from hybridattn.errors import ArgumentError

__all__ = ["TrainingRun"]


@dataclass(frozen=True)
class TrainingRun:
    """What came of one seed: the figures of all epochs, and the weights of the best."""

    seed: int
    history: tuple[Mapping[str, float], ...]
    """The figures of each epoch."""
    best: int
    """The number of the epoch with the least judge, from 0; of equals the first."""
    weights: Mapping[str, Tensor]
    """The state of the model after that epoch."""
    seconds: float
    """The time that training took, interruptions left out."""

    @property
    def figures(self) -> Mapping[str, float]:
        """The figures of the best epoch."""
        return self.history[self.best]

    def into(self, module: nn.Module) -> None:
        """Put the weights into a module that was built alike.

        Raises:
            ArgumentError: the names or shapes are those of another model.
        """
        try:
            module.load_state_dict(dict(self.weights))
        except RuntimeError as error:
            raise ArgumentError(f"the weights of the run are those of another model: {error}") from None


def least(history: Sequence[Mapping[str, float]], judge: str) -> int:
    """Give the first place with the least judge."""
    return min(range(len(history)), key=lambda place: history[place][judge])
