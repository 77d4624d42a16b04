"""A memory of slots: every key is kept, and read by content."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.attention import Dot, Read, Separation, Similarity, Softmax, read
from hybridattn.attention.read import potential
from hybridattn.attention.result import mapped
from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError
from hybridattn.memory.evidence import checked_evidence, truth_of
from hybridattn.memory.settling import Settled, settle_rows
from hybridattn.memory.slots.growth import append
from hybridattn.memory.slots.numbered import NumberedSlots

__all__ = ["SlotMemory"]

_DOT = Dot()
_SOFTMAX = Softmax()


class SlotMemory(NumberedSlots):
    """Slots of a key, a value and evidence each, read by attention; a dense associative memory where values are keys.

    With the default parts a read is attention, and settling is the update of the modern Hopfield network (Ramsauer et
    al. 2021, arXiv 2008.02217, eq. 3). Slots are buffers: `.to()`, `state_dict` (live slots only; loads into a memory
    of any number of slots) and `deepcopy` work. A write of tensors that require gradients keeps their graph.

    Args:
        key_dim: width d of a key.
        value_dim: width v of a value; None stores no values, and reads give keys.
        similarity: how alike query and key are.
        separation: from scores to weights.
        beta: inverse temperature, above 0.
        trainable: whether keys and values are Parameters of a fixed number of slots: no writing, no erasing.
        slots: how many slots a trainable memory has.
        generator: where the first keys and values of a trainable memory come from, normal of variance 1 / width.
        device, dtype: of keys and values. Evidence is always float64.

    >>> memory = SlotMemory(2, beta=8.0)
    >>> ids = memory.write(torch.eye(2))
    >>> memory.read(torch.tensor([0.9, 0.1]), top=1).slots
    tensor([0])
    """

    keys: Tensor
    """(n, key_dim), in the order of writing."""
    values: Tensor | None
    """(n, value_dim), or None where keys are the values."""
    evidence: Tensor
    """(n, 2) float64: w+ and w, how many observations were positive and how many there were."""

    def __init__(
        self,
        key_dim: int,
        value_dim: int | None = None,
        *,
        similarity: Similarity = _DOT,
        separation: Separation = _SOFTMAX,
        beta: float = 1.0,
        trainable: bool = False,
        slots: int | None = None,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        _check_sizes(key_dim, value_dim, beta, trainable, slots)
        super().__init__(slots or 0, device=device)
        self.key_dim, self.value_dim, self.beta = key_dim, value_dim, beta
        self.similarity, self.separation, self.trainable = similarity, separation, trainable
        for name, width in (("keys", key_dim), ("values", value_dim)):
            if width is not None and slots is not None:
                start = torch.randn(slots, width, generator=generator, dtype=dtype) / math.sqrt(width)
                self.register_parameter(name, nn.Parameter(start.to(device)))
            else:
                self.register_buffer(name, None if width is None else torch.empty(0, width, device=device, dtype=dtype))
        self.register_buffer("evidence", torch.zeros(slots or 0, 2, device=device, dtype=torch.float64))

    def extra_repr(self) -> str:
        """Describe the memory in one line."""
        sizes = f"key_dim={self.key_dim}, value_dim={self.value_dim}, slots={len(self)}"
        fixed = ", trainable=True" if self.trainable else ""
        return f"{sizes}, similarity={self.similarity}, separation={self.separation}, beta={self.beta}{fixed}"

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Store keys (m, d) with values (m, v), or one (d,) with (v,), in the memory's dtype: slot ids (m,) int64.

        evidence (m, 2), or (2,) for all of them, is (w+, w) with 0 <= w+ <= w; None is one positive observation each.
        Raises ShapeError, NotFiniteError or ArgumentError, and then stores nothing.
        """
        self._must_be_free("write to")
        keys = self._rows("keys", keys, self.key_dim)
        if (values is None) != (self.value_dim is None):
            wanted = "no values: its keys are its values" if self.value_dim is None else f"values of {self.value_dim}"
            raise ArgumentError(f"this memory takes {wanted}; got {'none' if values is None else 'values'}")
        stored = {"keys": keys, "ids": self.next_id + torch.arange(keys.shape[0], device=keys.device)}
        if values is not None and self.value_dim is not None:
            stored["values"] = self._rows("values", values, self.value_dim)
            if stored["values"].shape[0] != keys.shape[0]:
                raise ShapeError(f"values must be one a key, {keys.shape[0]}; got {stored['values'].shape[0]}")
        stored["evidence"] = checked_evidence(evidence, keys.shape[0], keys.device)
        for name, rows in stored.items():
            setattr(self, name, append(getattr(self, name), rows))
        self.next_id = self.next_id + keys.shape[0]
        return stored["ids"]

    def erase(self, ids: Tensor) -> None:
        """Forget the slots with these ids, of any shape; raises SlotError, and forgets none, if one is not alive."""
        self._must_be_free("erase from")
        self._drop(ids)

    def read(self, query: Tensor, *, top: int | None = None, log_mass: bool = False) -> Read:
        """Read with queries (..., d): the value (..., v), and as `attention.read` the rest; its slots are ids here."""
        rows = self._queries(query)
        found = read(
            rows,
            self.keys,
            self.keys if self.values is None else self.values,
            similarity=self.similarity,
            separation=self.separation,
            beta=self.beta,
            top=top,
            log_mass=log_mass,
        )
        if found.slots is not None:
            found = found._replace(slots=torch.cat((self.ids, self.ids.new_full((1,), -1)))[found.slots])
        return mapped(lambda part: part.reshape((*query.shape[:-1], *part.shape[1:])), found)

    def settle(self, query: Tensor, *, steps: int | None = None, tol: float = 1e-4) -> Settled:
        """Read queries (..., d) back as their own keys until each moves by at most `tol`, or `steps` times.

        Without `steps`, 1000 times. Every query stops on its own. The update reads keys, even where there are values.
        """
        found = settle_rows(self._update, self._queries(query), steps=steps, tol=tol)
        return Settled(*(part.reshape((*query.shape[:-1], *part.shape[1:])) for part in found))

    def energy(self, state: Tensor) -> Tensor:
        """Give the energy of states (..., d), (...), which an update by `settle` never raises.

        E(q) = |q|^2 / 2 - F(beta X q) / beta + F(0) / beta + M^2 / 2, F the potential of the separation and M the
        largest length of a key; with softmax F(0) = log n and 0 <= E <= 2 M^2 wherever |q| <= M (Ramsauer et al. 2021,
        eq. 2). Without slots E = |q|^2 / 2. Raises ArgumentError unless the similarity is `Dot()`: only there do the
        updates go down this energy.
        """
        if not isinstance(self.similarity, Dot):
            raise ArgumentError(f"the energy is known for similarity Dot() only; got {self.similarity!r}")
        rows = self._queries(state)
        energy = rows.square().sum(-1) / 2
        if len(self):
            mass = potential(rows, self.keys, separation=self.separation, beta=self.beta)
            level = self.separation.potential(mass.new_zeros(len(self)))
            energy = energy + (level - mass) / self.beta + self.keys.square().sum(-1).amax() / 2
        return energy.reshape(state.shape[:-1])

    def add_evidence(self, ids: Tensor, evidence: Tensor) -> None:
        """Add evidence (m, 2), or (2,) for all, to the slots with ids (m,); an id that is there twice gets both."""
        places = self._places(ids).flatten()
        added = checked_evidence(evidence, places.shape[0], self.evidence.device)
        self.evidence = self.evidence.index_add(0, places, added)

    def truth(self, horizon: float = 1.0) -> tuple[Tensor, Tensor]:
        """Give frequency w+ / w (0.5 where w = 0) and confidence w / (w + horizon) by slot: both (n,) float64."""
        return truth_of(self.evidence, horizon)

    def keys_of(self, ids: Tensor) -> Tensor:
        """Give the keys (..., d) of the slots with ids (...); raises SlotError where one does not live."""
        return self.keys[self._places(ids)]

    def values_of(self, ids: Tensor) -> Tensor:
        """Give the values (..., v) of the slots with ids (...); raises SlotError where one does not live."""
        return (self.keys if self.values is None else self.values)[self._places(ids)]

    def _update(self, state: Tensor) -> Tensor:
        return read(
            state, self.keys, self.keys, similarity=self.similarity, separation=self.separation, beta=self.beta
        ).value

    def _stored(self) -> list[str]:
        return [name for name in ("keys", "values", "ids", "evidence") if getattr(self, name) is not None]

    def _queries(self, query: Tensor) -> Tensor:
        if not query.ndim or query.shape[-1] != self.key_dim:
            raise ShapeError(f"query must end in key_dim={self.key_dim}; got shape {tuple(query.shape)}")
        return query.reshape(-1, self.key_dim)

    def _rows(self, name: str, rows: Tensor, width: int) -> Tensor:
        if rows.ndim not in (1, 2) or rows.shape[-1] != width:
            shapes = f"({width},) or (m, {width})"
            raise ShapeError(f"{name} must have shape {shapes}; got shape {tuple(rows.shape)}")
        rows = rows.reshape(-1, width).to(self.keys.device, self.keys.dtype)
        finite = rows.isfinite().all(-1)
        if not finite.all():
            wrong = (~finite).nonzero().flatten().tolist()
            raise NotFiniteError(
                f"{name} must be finite; {len(wrong)} of {len(rows)} rows are not, first row {wrong[0]}"
            )
        return rows

    def _must_be_free(self, what: str) -> None:
        if self.trainable:
            raise ArgumentError(f"cannot {what} a trainable memory: its number of slots is fixed")

    def _apply(self, fn: Any, recurse: bool = True) -> "SlotMemory":
        # Counts stay exact when keys become bfloat16: they follow to the device only.
        counts = self.evidence
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.evidence = counts.to(self.evidence.device)
        return self

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        for name in () if keep_vars else self._stored():  # a copy leaves the reserved room behind
            destination[prefix + name] = destination[prefix + name].clone()

    def _sized(self) -> list[str]:
        return [] if self.trainable else self._stored()


def _check_sizes(key_dim: int, value_dim: int | None, beta: float, trainable: bool, slots: int | None) -> None:
    for name, size in (("key_dim", key_dim), ("value_dim", value_dim), ("slots", slots)):
        if size is not None and size < 1:
            raise ArgumentError(f"{name} must be at least 1; got {size}")
    if not 0 < beta < math.inf:
        raise ArgumentError(f"beta must be finite and above 0; got {beta}")
    if trainable != (slots is not None):
        raise ArgumentError("slots and trainable=True go together: only a trainable memory has a fixed number of slots")
