"""A query settles in a memory of pictures, and every step is kept."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory import Energetic, Memory, Settling

__all__ = ["Recall", "RecallStep", "recall_pictures"]

ALIKE = 0.9  # the cosine from which a state counts as a picture, as in `Criterion`
TIE = 0.05  # winner and runner-up closer than this in cosine are a tie


@dataclass(frozen=True)
class RecallStep:
    """The state after some updates, and how it stands to the stored pictures, in their order."""

    step: int
    state: Tensor
    """(height, width)."""
    energy: float | None
    """None where the memory has none, or it is infinite."""
    shares: tuple[float, ...] | None
    """The share of each picture in a read with this state; None where the memory has no slots."""
    cosines: tuple[float, ...]


@dataclass(frozen=True)
class Recall:
    """All steps of a recall, and who won."""

    names: tuple[str, ...]
    steps: tuple[RecallStep, ...]
    converged: bool
    winner: str | None
    """The recalled picture; None if there is no winner."""
    reason: str
    """Why there is a winner, or why not."""


def recall_pictures(
    memory: Memory, pictures: Mapping[str, Tensor], query: Tensor, *, steps: int = 20, tol: float = 1e-2
) -> Recall:
    """Store pictures in an empty memory, and let the query (height, width) settle: at most `steps` updates.

    It has converged when an update moves it by at most `tol` (Euclidean). The winner is the picture whose cosine with
    the last state is largest, if that has converged, the cosine is at least .9, and the runner-up is .05 behind.

    Raises ArgumentError without pictures or where the memory does not settle, ShapeError unless all pictures have the
    shape of the query.
    """
    if not pictures or steps < 1:
        raise ArgumentError(f"recall needs a picture and a step at least; got {len(pictures)} and {steps}")
    if not isinstance(memory, Settling):
        raise ArgumentError(f"recall needs a memory that settles; got {type(memory).__name__}")
    for name, picture in pictures.items():
        if picture.ndim != 2 or picture.shape != query.shape:
            raise ShapeError(
                f"picture {name} must have the query's shape {tuple(query.shape)}; got {tuple(picture.shape)}"
            )
    stored = torch.stack([picture.flatten() for picture in pictures.values()])
    ids = memory.write(stored)
    states, converged = [query.flatten()], False
    while len(states) <= steps and not converged:
        found = memory.settle(states[-1], steps=1, tol=tol)
        states.append(found.state.detach())
        converged = bool(found.converged)
    kept = tuple(_step(number, state, memory, stored, ids, query.shape) for number, state in enumerate(states))
    return Recall(tuple(pictures), kept, converged, *_winner(tuple(pictures), kept, converged))


def _step(number: int, state: Tensor, memory: Memory, stored: Tensor, ids: Tensor, shape: torch.Size) -> RecallStep:
    cosines = torch.nn.functional.cosine_similarity(state.double(), stored, dim=-1)
    energy = float(memory.energy(state)) if isinstance(memory, Energetic) else float("inf")
    known = energy if abs(energy) < float("inf") else None
    return RecallStep(number, state.reshape(shape), known, _shares(memory, state, ids), tuple(cosines.tolist()))


def _shares(memory: Memory, state: Tensor, ids: Tensor) -> tuple[float, ...] | None:
    try:
        found = memory.read(state, top=len(ids))
    except ArgumentError:  # it has no slots
        return None
    if found.slots is None or found.shares is None:
        return None
    by_id = dict(zip(found.slots.tolist(), found.shares.tolist(), strict=True))
    return tuple(float(by_id.get(number, 0.0)) for number in ids.tolist())


def _winner(names: tuple[str, ...], steps: tuple[RecallStep, ...], converged: bool) -> tuple[str | None, str]:
    cosines = steps[-1].cosines
    order = sorted(range(len(names)), key=lambda number: -cosines[number])
    best = order[0]
    if not converged:
        return None, f"not converged after {len(steps) - 1} updates"
    if cosines[best] < ALIKE:
        return None, f"it settled away from all pictures: the best cosine is {cosines[best]:.2f}, with {names[best]}"
    if len(order) > 1 and cosines[best] - cosines[order[1]] < TIE:
        return (
            None,
            f"a tie of {names[best]} and {names[order[1]]}: cosines {cosines[best]:.2f} and {cosines[order[1]]:.2f}",
        )
    return names[best], f"settled after {len(steps) - 1} updates with cosine {cosines[best]:.2f}"
