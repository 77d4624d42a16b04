"""A memory of slots: every key is kept, and read by content."""

from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.attention import Dot, Read, Separation, Similarity, Softmax, read
from hybridattn.attention.result import mapped
from hybridattn.errors import ArgumentError
from hybridattn.memory.device import device_shown
from hybridattn.memory.settling import (
    Activation,
    Flips,
    Gradient,
    Identity,
    Landscape,
    Plan,
    Record,
    Recording,
    Settled,
    Unrolled,
)
from hybridattn.memory.slots.beta import Beta, beta_for, bounded
from hybridattn.memory.slots.height import floored, level_of
from hybridattn.memory.slots.stored import StoredSlots
from hybridattn.memory.slots.tempered import Tempered
from hybridattn.memory.taken import check_query

__all__ = ["SlotMemory"]

_DOT, _SOFTMAX, _IDENTITY, _UNROLLED = Dot(), Softmax(), Identity(), Unrolled()


class SlotMemory(Tempered, StoredSlots):
    """Slots of a key, a value and evidence each, read by attention; a dense associative memory where values are keys.

    With the default parts a read is attention, and settling is the update of the modern Hopfield network (Ramsauer et
    al. 2021, arXiv 2008.02217, eq. 3). Slots are buffers: `.to()`, `state_dict` (live slots only; loads into a memory
    of any number of slots) and `deepcopy` work. A write of tensors that require gradients keeps their graph.

    Numbers: beta is saved with the state, a plain number too. Scores, log masses and energies are at least float32. A
    beta so huge that scores would leave their range reads as the largest that keeps them in; one so small that it
    rounds to 0 in the dtype reads evenly. An empty memory reads 0, and states in it stay where they are.

    Args:
        key_dim: width d of a key.
        value_dim: width v of a value; None stores no values, and reads give keys.
        similarity: how alike query and key are.
        separation: from scores to weights.
        activation: from what a state has read to the next state, when settling.
        beta: inverse temperature, finite and above 0: a number; a tensor that broadcasts with the leading axes of
            queries, so that (h,) is one a head for queries (..., h, d); a Parameter, which is trained and is not
            checked again then; or `Beta`, which makes one. A tensor that is no Parameter follows to other devices, and
            keeps its dtype.
        trainable: whether keys and values are Parameters of a fixed number of slots: no writing, no erasing.
        slots: how many slots a trainable memory has.
        generator: where the first keys and values of a trainable memory come from, normal of variance 1 / width.
        device, dtype: of keys and values. Evidence is always float64.

    >>> memory = SlotMemory(2, beta=8.0)
    >>> ids = memory.write(torch.eye(2))
    >>> memory.read(torch.tensor([0.9, 0.1]), top=1).slots
    tensor([0])
    """

    def __init__(
        self,
        key_dim: int,
        value_dim: int | None = None,
        *,
        similarity: Similarity = _DOT,
        separation: Separation = _SOFTMAX,
        activation: Activation | Flips = _IDENTITY,
        beta: float | Tensor | Beta = 1.0,
        trainable: bool = False,
        slots: int | None = None,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        if trainable != (slots is not None):
            raise ArgumentError(
                "slots and trainable=True go together: only a trainable memory has a fixed number of slots"
            )
        super().__init__(key_dim, value_dim, slots=slots, generator=generator, device=device, dtype=dtype)
        self.similarity, self.separation, self.activation = similarity, separation, activation
        self._place_beta(beta, self.keys)

    def extra_repr(self) -> str:
        """Describe the memory in one line; parts with parameters are shown below it."""
        sizes = f"key_dim={self.key_dim}, value_dim={self.value_dim}, slots={len(self)}"
        parts = {"similarity": self.similarity, "separation": self.separation}
        if self.activation != _IDENTITY:
            parts["activation"] = self.activation
        shown = "".join(f", {name}={part}" for name, part in parts.items() if not isinstance(part, nn.Module))
        trained = ", trainable=True" if self.trainable else ""
        return f"{sizes}{shown}, beta={self._beta_shown()}{trained}, {device_shown(self)}"

    def arguments(self) -> dict[str, Any]:
        """Give the arguments that make an empty memory of the same form, into which the state can be loaded.

        Device and dtype are not among them: the new memory follows by `.to()`.
        """
        return {
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "similarity": self.similarity,
            "separation": self.separation,
            "activation": self.activation,
            "beta": Beta.like(self.beta),
            "trainable": self.trainable,
            "slots": len(self) if self.trainable else None,
        }

    def read(self, query: Tensor, *, top: int | None = None, log_mass: bool = False) -> Read:
        """Read with queries (..., d): the value (..., v), and as `attention.read` the rest; its slots are ids here."""
        rows = self._queries(query)
        found = self._found(rows, self._beta_of(query, rows), top, log_mass)
        return mapped(lambda part: part.reshape((*query.shape[:-1], *part.shape[1:])), found)

    def _found(self, rows: Tensor, beta: float | Tensor, top: int | None, log_mass: bool) -> Read:
        """Read with queries (q, d) at a beta for all or (q, 1) of their own; slots are ids."""
        found = read(
            rows,
            self.keys,
            self.keys if self.values is None else self.values,
            similarity=self.similarity,
            separation=self.separation,
            beta=beta,
            top=top,
            log_mass=log_mass,
        )
        if found.slots is None:
            return found
        return found._replace(slots=torch.cat((self.ids, self.ids.new_full((1,), -1)))[found.slots])

    def settle(
        self,
        query: Tensor,
        *,
        steps: int | None = None,
        tol: float = 1e-4,
        damping: float = 1.0,
        gradient: Gradient = _UNROLLED,
        record: Record = Record(0),  # noqa: B008
    ) -> Settled:
        """Read queries (..., d) back as their own keys until each moves by at most `tol`, or `steps` times.

        Without `steps`, 1000 times. Every query stops on its own. The update reads keys, even where there are values;
        under `NegativeSquaredEuclidean` it is the mean shift: weights are divided by their sum, and a state without any
        weight stays. With `steps` nothing waits for a GPU. States are those of the memory's dtype.

        Args:
            query: where to start.
            steps: how many updates there are at most.
            tol: how far a query that is still may move, in Euclidean length.
            damping: how far to go towards the update, in (0, 1]: q + damping * (f(q) - q); 1 with `Sign` and `Flips`.
            gradient: how it gets through: `Unrolled()` or `Implicit()`.
            record: what to write down at every step, none by default.

        Raises:
            ShapeError: the query does not end in `key_dim`, or its leading axes do not fit beta.
            ArgumentError: a number out of its range, or a record of energies that are not known (see `energy`).
            ConvergenceError: an implicit gradient of what does not settle.

        >>> memory = SlotMemory(2, beta=8.0)
        >>> ids = memory.write(torch.eye(2))
        >>> found = memory.settle(torch.tensor([0.9, 0.1]), steps=2, record=Record.ENERGIES | Record.DROPS)
        >>> torch.allclose(found.energies[:-1] - found.energies[1:], sum(found.drops), atol=1e-6)
        True
        """
        plan = Plan(steps, tol, damping)
        if damping != 1 and not isinstance(self.activation, Identity):
            raise ArgumentError(f"damping must be 1 with activation {self.activation!r}; got {damping}")
        rows = self._queries(query)
        landscape = self._landscape(query, rows)
        landscape = floored(landscape, rows) if record else landscape
        return gradient.settle(landscape, rows, self._plan(plan, record, landscape)).shaped(query.shape[:-1])

    def energy(self, state: Tensor) -> Tensor:
        """Give the energy of states (..., d), (...), which an update by `settle` never raises.

        E(q) = |q|^2 / 2 - F(beta X q) / beta + F(0) / beta + M^2 / 2, F the potential of the separation and M the
        largest length of a key; with softmax F(0) = log n and 0 <= E <= 2 M^2 wherever |q| <= M (Ramsauer et al. 2021,
        eq. 2). For binary states (`Sign`, `Flips`) and on a `Sphere` only F(0) / beta - F(beta X q) / beta is left, and
        under `NegativeSquaredEuclidean`, too: E(q) = F(0) / beta - F(-beta |x - q|^2) / beta, which is never below 0
        and which the mean shift goes down. It falls where F is convex. Without slots E is what the state has by itself.

        Where beta is so small that F(0) / beta drowns the rest, E is that of a beta which is no more than sqrt(eps)
        off in all scores. Raises ArgumentError for similarities that are none of
        `Dot`, `ScaledDot` and `NegativeSquaredEuclidean`: no energy is known that their updates go down.
        """
        rows = self._queries(state)
        landscape = floored(self._landscape(state, rows), rows)
        energy = landscape.energy(rows) + level_of(landscape)
        return energy.reshape(state.shape[:-1])

    def _landscape(self, query: Tensor, rows: Tensor) -> Landscape:
        return self._landscape_of(self._beta_of(query, rows))

    def _landscape_of(self, beta: float | Tensor) -> Landscape:
        return Landscape(self.keys, self.similarity, self.separation, self.activation, beta)

    def _plan(self, plan: Plan, record: Record, landscape: Landscape) -> Plan:
        if not record:
            return plan
        measured = bool(record & (Record.ENERGIES | Record.DROPS))
        level = level_of(landscape) if measured else self.evidence.new_zeros(())
        return Recording(plan.steps, plan.tol, plan.damping, record=record, level=level)

    def _queries(self, query: Tensor) -> Tensor:
        check_query(query, self.key_dim)
        return query.reshape(-1, self.key_dim)

    def _beta_of(self, query: Tensor, rows: Tensor) -> float | Tensor:
        beta = beta_for(self.beta, tuple(query.shape[:-1]))
        if not (self._steep(self.keys) and len(self) and len(rows)):
            return beta
        return bounded(beta, rows, self._landscape_of(beta).longest(), self.key_dim)
