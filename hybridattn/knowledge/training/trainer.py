"""What a run trains, and all that its next epoch depends on as named tensors."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError

__all__ = ["Trainer", "captured", "restore"]

WEIGHTS, OPTIMIZER = "weights.", "optimizer."


class Trainer(Protocol):
    """A model with its optimiser, trained epoch after epoch.

    What an epoch does may depend on the weights and buffers of the module, on the state of the optimiser, on the number
    of the epoch and on the generator that it is given, and on nothing else that changes: so a run that was interrupted
    goes on as if it had not been. A learning rate that falls is set from the number of the epoch.
    """

    @property
    def module(self) -> nn.Module:
        """The model."""
        ...

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """What moves the weights; its state is tensors, as that of SGD and Adam is."""
        ...

    def epoch(self, number: int, generator: torch.Generator) -> Mapping[str, float]:
        """Train epoch `number`, counted from 0, and give its figures, such as the loss on held-out examples."""
        ...


def captured(trainer: Trainer) -> dict[str, Tensor]:
    """Copy the weights (`weights.NAME`) and the state of the optimiser (`optimizer.PARAMETER.KEY`)."""
    weights = {f"{WEIGHTS}{name}": tensor for name, tensor in trainer.module.state_dict().items()}
    return {name: tensor.detach().clone() for name, tensor in {**weights, **dict(_optimizer_state(trainer))}.items()}


def restore(trainer: Trainer, state: Mapping[str, Tensor]) -> None:
    """Put back what `captured` copied, into a trainer that was built alike.

    Raises:
        ArgumentError: the names or shapes are those of another model.
    """
    try:
        trainer.module.load_state_dict(_under(WEIGHTS, state))
    except RuntimeError as error:
        raise ArgumentError(f"the state is that of another model: {error}") from None
    whole = trainer.optimizer.state_dict()
    whole["state"] = {}
    for name, tensor in _under(OPTIMIZER, state).items():
        number, _, key = name.partition(".")
        whole["state"].setdefault(int(number), {})[key] = tensor
    trainer.optimizer.load_state_dict(whole)


def _optimizer_state(trainer: Trainer) -> Iterator[tuple[str, Tensor]]:
    whole: dict[str, Any] = trainer.optimizer.state_dict()
    for number, values in whole["state"].items():
        for key, value in values.items():
            if isinstance(value, Tensor):
                yield f"{OPTIMIZER}{number}.{key}", value
            elif value is not None:
                kind = type(trainer.optimizer).__name__
                raise ArgumentError(f"the state of the optimiser must be tensors; {kind} has {key} {value!r:.40}")


def _under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
