"""Kanerva's sparse distributed memory: counters behind random hard locations."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from hybridattn.attention import Read
from hybridattn.errors import ArgumentError
from hybridattn.memory.device import device_shown
from hybridattn.memory.matrices.binomial import radius_of
from hybridattn.memory.matrices.cycles import settle_states
from hybridattn.memory.matrices.store import MatrixMemory, bipolar, check_size, signs
from hybridattn.memory.settling import Settled
from hybridattn.memory.taken import check_top

__all__ = ["SparseDistributedMemory"]

_ROWS, _LOCATIONS = 2048, 2048
"""How many rows meet how many locations at a time: some tens of MiB, whatever is asked."""
_LARGEST_LIMIT = 127
"""Counters with a limit are int8."""


class SparseDistributedMemory(MatrixMemory):
    """Random +-1 addresses, each with a counter a bit; a pattern is written to all addresses near it (Kanerva 1988).

    A write adds +-1 values to the counters of every location within a Hamming radius of the key; a read sums the
    counters of the locations near the query, and takes signs. A sum of 0 keeps the query's bit where keys are values,
    and else gives 0, undecided: so does a query that activates no location (see `activated`). Time is O(m M d) in
    products, temporary memory bounded. Values come in the query's type; the buffers are integers.

    Args:
        key_dim: bits d of an address.
        value_dim: bits v of a value; None stores keys as their own values.
        locations: how many hard locations M.
        radius: the largest Hamming distance at which a location is active, 0 to key_dim; None takes `activation`.
        activation: with radius None, the smallest radius at which a random query activates a location with at least
            this probability, by the tail of the binomial; about (2 M T)^(-1/3) is best for T patterns (Kanerva 1988).
        limit: counters saturate at +-limit, 1 to 127 (int8, and a batch is written row by row); None: int32, no limit.
        generator: where addresses come from, on the CPU; None is seed 0. A saved state restores the addresses.
        device: of addresses and counters.

    >>> memory = SparseDistributedMemory(64, locations=500, activation=0.05)
    >>> pattern = torch.ones(64)
    >>> ids = memory.write(pattern)
    >>> memory.read(torch.cat((-pattern[:6], pattern[6:]))).value.equal(pattern)
    True
    """

    addresses: Tensor
    """(M, d) int8: -1 or +1."""
    counters: Tensor
    """(M, v) int32, or int8 with a limit."""

    def __init__(
        self,
        key_dim: int,
        value_dim: int | None = None,
        *,
        locations: int = 1024,
        radius: int | None = None,
        activation: float = 0.01,
        limit: int | None = None,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__(key_dim, value_dim, device=device)
        check_size("locations", locations)
        if limit is not None and not 1 <= limit <= _LARGEST_LIMIT:
            raise ArgumentError(f"limit must be 1 to {_LARGEST_LIMIT}, or None; got {limit}")
        if radius is not None and not 0 <= radius <= key_dim:
            raise ArgumentError(f"radius must be 0 to key_dim={key_dim}, or None; got {radius}")
        self.radius = radius_of(key_dim, activation) if radius is None else radius
        self.limit = limit
        source = torch.Generator().manual_seed(0) if generator is None else generator
        bits = torch.randint(2, (locations, key_dim), generator=source, dtype=torch.int8)
        counts = torch.zeros(locations, value_dim or key_dim, dtype=torch.int32 if limit is None else torch.int8)
        self.register_buffer("addresses", (2 * bits - 1).to(device))
        self.register_buffer("counters", counts.to(device))

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Store keys (m, d) with values (m, v), or (d,) with (v,), as one by one in their order: numbers (m,) int64.

        Raises ArgumentError where an entry is not +-1, values do not go with this memory or evidence is given, or
        ShapeError; and then stores nothing.
        """
        like = torch.empty(0, dtype=torch.float32, device=self.counters.device)
        keys, stored = self._pairs(keys, values, evidence, like)
        bipolar("keys", keys), bipolar("values", stored)
        self.counters = self.counters.clone()
        step = _ROWS if self.limit is None else 1  # a counter that saturates forgets what came before: order matters
        for first in range(0, keys.shape[0], step):
            for place, active in self._active(keys[first : first + step]):
                self._count(place, active.T @ stored[first : first + step])
        return self._number(keys.shape[0])

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        """Read with queries (..., d) once: the value (..., v)."""
        check_top(self, top)
        rows = self._bits(query)
        return Read(self._recalled(rows).reshape(*query.shape[:-1], self.counters.shape[1]))

    def settle(self, query: Tensor, *, steps: int | None = None, tol: float = 1e-4) -> Settled:
        """Read queries (..., d) back as their own keys until none changes, or `steps` times (None: 1000).

        A query that goes round in a circle of two states stops with `converged` False. Raises ArgumentError where
        values are not keys.
        """
        if self.value_dim is not None:
            raise ArgumentError("settle needs a memory whose keys are its values: value_dim must be None")
        found = settle_states(self._recalled, self._bits(query), steps=steps, tol=tol)
        return found.shaped(query.shape[:-1])

    def activated(self, query: Tensor) -> Tensor:
        """Count the locations that queries (..., d) activate: (...) int64."""
        rows = self._bits(query)
        counts = [sum(active.sum(-1) for _, active in self._active(part)) for part in torch.split(rows, _ROWS)]
        return torch.cat([torch.as_tensor(count) for count in counts]).to(torch.int64).reshape(query.shape[:-1])

    def arguments(self) -> dict[str, Any]:
        """Give the keyword arguments of an empty memory of this form; a saved state restores its addresses."""
        sizes = {"key_dim": self.key_dim, "value_dim": self.value_dim, "locations": self.addresses.shape[0]}
        return {**sizes, "radius": self.radius, "limit": self.limit}

    def extra_repr(self) -> str:
        """Describe the memory in one line."""
        form = ", ".join(f"{name}={part}" for name, part in self.arguments().items())
        return f"{form}, written={int(self.next_id)}, {device_shown(self)}"

    def _active(self, rows: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Give for each block of locations where it is, and 1 where a row (q, d) activates a location: (q, block)."""
        for first in range(0, self.addresses.shape[0], _LOCATIONS):
            place = slice(first, first + _LOCATIONS)
            alike = rows @ self.addresses[place].to(rows.dtype).T  # d - 2 * distance, a whole number
            yield place, (alike >= self.key_dim - 2 * self.radius).to(rows.dtype)

    def _count(self, place: slice, change: Tensor) -> None:
        if self.limit is None:
            self.counters[place] += change.to(torch.int32)
        else:
            full = self.counters[place].to(torch.int32) + change.to(torch.int32)
            self.counters[place] = full.clamp(-self.limit, self.limit).to(torch.int8)

    def _recalled(self, rows: Tensor) -> Tensor:
        """Read (q, d): (q, v), rows by rows."""
        return torch.cat([self._signs(part) for part in torch.split(rows, _ROWS)]) if len(rows) else self._signs(rows)

    def _signs(self, rows: Tensor) -> Tensor:
        sums = rows.new_zeros(rows.shape[0], self.counters.shape[1], dtype=torch.float32)
        for place, active in self._active(rows.to(torch.float32)):
            sums = sums + active @ self.counters[place].to(torch.float32)
        return signs(sums.to(rows.dtype), rows if self.value_dim is None else torch.zeros_like(sums, dtype=rows.dtype))

    def _bits(self, query: Tensor) -> Tensor:
        like = query if query.is_floating_point() else torch.empty(0)
        return bipolar("query", self._queries(query, like.to(self.counters.device)))
