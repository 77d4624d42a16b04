"""A memory of n^2 slots that is read in the time of n: every key is a pair of sub-keys."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, pad

from hybridattn.attention import Read, Softmax
from hybridattn.attention.result import mapped
from hybridattn.attention.tiles.layout import TILE
from hybridattn.errors import ArgumentError, ShapeError, SlotError
from hybridattn.memory.device import device_shown
from hybridattn.memory.slots.beta import Beta, beta_for
from hybridattn.memory.slots.product.pairs import best_pairs, first_free
from hybridattn.memory.slots.tempered import Tempered
from hybridattn.memory.taken import as_rows, check_finite, check_one_a_key

__all__ = ["ProductKeyMemory"]

_SOFTMAX = Softmax()


class ProductKeyMemory(Tempered):
    """n^2 slots whose keys are all pairs [a_i; b_j] of n and n sub-keys: a read looks at 2 n sub-keys and k^2 slots.

    A read takes the k best sub-keys of each half of the query, of their k^2 pairs the k best, and gives the softmax of
    those k times their values (Lample et al. 2019, arXiv 1907.05242, section 3.1). The k best of all n^2 slots are
    among the k^2 pairs, because the score of a pair is the sum of the scores of its halves; where sums are equal after
    rounding, the lower of the slots found is taken. Time is O(n d + k^2 + k v) a query, not O(n^2 d). Slot (i, j) is
    row i n + j of the values.

    Trainable, all slots are there, sub-keys and values are Parameters, and ids are rows. With `heads` every head has
    sub-keys of its own, and all share the values: queries are (..., heads, d), values that are read (..., heads, v);
    the paper sums them. Its batch normalisation of queries belongs to the network that makes them.

    Not trainable, the sub-keys are fixed and the slots empty. A write puts a value into the free slot whose key is most
    like the written key, among the k^2 pairs, one row after the other, and keeps the key of the slot, not the written
    one: they are equal where the key is a pair of sub-keys. Empty slots are not read, though they are among the pairs:
    a query that is much unlike all that was written may find fewer than k slots, or none. An id names its slot while
    what was written there lives; the next to be written there gets another. Values are detached.

    It keeps the promises of `Memory`, `Erasable` and `Addressable`. It does not settle: values are not keys.

    Args:
        key_dim: width d of a key, even.
        value_dim: width v of a value.
        subkeys: how many sub-keys n a half has.
        kept: how many slots k are read, at most n.
        beta: inverse temperature, as in `SlotMemory`.
        heads: how many sets of sub-keys there are; trainable only.
        trainable: whether sub-keys and values are Parameters.
        sparse: whether values get a sparse gradient, which `torch.optim.SparseAdam` takes.
        generator: where sub-keys (normal, of variance 2 / d) and trainable values (of variance 1 / v) come from.
        device, dtype: of sub-keys and values.

    >>> memory = ProductKeyMemory(8, 1, subkeys=100, kept=4, beta=50.0, generator=torch.Generator().manual_seed(0))
    >>> ids = memory.write(torch.cat([memory.sub_keys[0, 7], memory.sub_keys[1, 42]]), torch.tensor([5.0]))
    >>> memory.read(memory.keys_of(ids)).value
    tensor([[5.]])
    """

    sub_keys: Tensor
    """(2, n, d / 2), or (2, heads, n, d / 2): the first halves of keys, and the second."""
    values: Tensor
    """(n^2, v)."""
    times: Tensor
    """(n^2,) int64: how often each slot has been written or erased; it holds something where that is odd."""

    def __init__(
        self,
        key_dim: int,
        value_dim: int,
        *,
        subkeys: int,
        kept: int = 32,
        beta: float | Tensor | Beta = 1.0,
        heads: int | None = None,
        trainable: bool = False,
        sparse: bool = False,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        sizes = {"key_dim": key_dim, "value_dim": value_dim, "subkeys": subkeys, "kept": kept, "heads": heads}
        _check(sizes, trainable)
        self.key_dim, self.value_dim, self.heads = key_dim, value_dim, heads
        self.kept, self.trainable, self.sparse = min(kept, subkeys), trainable, sparse
        shape = (2, subkeys, key_dim // 2) if heads is None else (2, heads, subkeys, key_dim // 2)
        start = (torch.randn(shape, generator=generator, dtype=dtype) * math.sqrt(2 / key_dim)).to(device)
        if trainable:
            values = torch.randn(subkeys**2, value_dim, generator=generator, dtype=dtype) / math.sqrt(value_dim)
            self.sub_keys, self.values = nn.Parameter(start), nn.Parameter(values.to(device))
        else:
            self.register_buffer("sub_keys", start)
            self.register_buffer("values", torch.zeros(subkeys**2, value_dim, device=device, dtype=dtype))
            self.register_buffer("times", torch.zeros(subkeys**2, dtype=torch.int64, device=device))
        self._place_beta(beta, start)

    def __len__(self) -> int:
        """Count the slots that hold something."""
        return len(self.values) if self.trainable else int(self._held().sum())

    def extra_repr(self) -> str:
        """Describe the memory in one line."""
        shown = {**self.arguments(), "beta": self._beta_shown()}
        form = ", ".join(f"{name}={value}" for name, value in shown.items() if value is not None and value is not False)
        return f"{form}, slots={len(self)}, {device_shown(self)}"

    def arguments(self) -> dict[str, Any]:
        """Give the arguments that make a memory of the same form, into which the state can be loaded."""
        named = {name: getattr(self, name) for name in ("key_dim", "value_dim", "kept", "heads", "trainable", "sparse")}
        return {**named, "subkeys": self.sub_keys.shape[-2], "beta": Beta.like(self.beta)}

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Store values (m, v) under keys (m, d), or one (v,) under (d,), in the memory's dtype: slot ids (m,) int64.

        Raises:
            ShapeError: keys and values do not fit.
            NotFiniteError: they hold a NaN or an infinity.
            ArgumentError: the memory is trainable, values are missing, evidence is given, which this memory does not
                keep, or no slot is free that a key could have. Then nothing is stored.
        """
        self._must_be_free("write to")
        keys = self._rows("keys", keys, self.key_dim)
        if values is None or evidence is not None:
            raise ArgumentError("a product-key memory stores keys with values, and keeps no evidence")
        values = self._rows("values", values, self.value_dim)
        check_one_a_key(keys, values)
        few = self.kept
        found = [best_pairs(rows, self.sub_keys, few, few**2, None)[1] for rows in self._blocks(keys[:, None])]
        places = first_free(torch.cat([each.reshape(-1, each.shape[-1]) for each in found]), self._held())
        self.values = self.values.index_copy(0, places, values)
        self.times = self.times.index_add(0, places, torch.ones_like(places))
        return self._ids(places)

    def erase(self, ids: Tensor) -> None:
        """Forget the slots with these ids, of any shape; raises SlotError, and forgets none, if one is not alive."""
        self._must_be_free("erase from")
        places = torch.unique(self._places(ids))
        self.values = self.values.index_fill(0, places, 0)
        self.times = self.times.index_add(0, places, torch.ones_like(places))

    def read(self, query: Tensor, *, top: int | None = None, log_mass: bool = False) -> Read:
        """Read with queries (..., d), or (..., heads, d): the value (..., v) and, as `attention.read`, the rest.

        Log mass and shares are those of the k slots that are read; no more than k have a share.
        Raises ShapeError, or ArgumentError for a top below 1.
        """
        wanted = (self.key_dim,) if self.heads is None else (self.heads, self.key_dim)
        if query.shape[-len(wanted) :] != wanted:
            raise ShapeError(f"query must end in {wanted}; got shape {tuple(query.shape)}")
        if top is not None and top < 1:
            raise ArgumentError(f"top must be at least 1, or None; got {top}")
        lead = query.shape[:-1]
        beta = beta_for(self.beta, tuple(lead))
        rows = query.reshape(-1, self.heads or 1, self.key_dim)
        held = None if self.trainable else self._held()
        found = [best_pairs(block, self.sub_keys, self.kept, self.kept, held) for block in self._blocks(rows)]
        scores, places = (torch.cat(parts).flatten(0, 1) for parts in zip(*found, strict=True))
        read = self._softmax(scores * beta, places, top)
        if top is None and not log_mass:
            read = Read(read.value)
        return mapped(lambda part: part.reshape((*lead, *part.shape[1:])), read)

    def keys_of(self, ids: Tensor) -> Tensor:
        """Compose the keys of slots: ids (...) -> (..., d), or (..., heads, d); SlotError where one does not live."""
        places, n = self._places(ids), self.sub_keys.shape[-2]
        first, second = self.sub_keys.movedim(-2, 1)
        return torch.cat((first[places // n], second[places % n]), -1)

    def values_of(self, ids: Tensor) -> Tensor:
        """Give the values (..., v) of the slots with ids (...); raises SlotError where one does not live."""
        return self.values[self._places(ids)]

    def _softmax(self, scores: Tensor, places: Tensor, top: int | None) -> Read:
        shares = _SOFTMAX.weights(scores)
        if self.values.dtype == shares.dtype:
            value = embedding_bag(places, self.values, per_sample_weights=shares, mode="sum", sparse=self.sparse)
        else:  # accumulated in float32
            value = (shares[..., None] * self.values[places].to(shares.dtype)).sum(-2).to(self.values.dtype)
        mass = _SOFTMAX.potential(scores)
        if top is None:
            return Read(value, mass)
        slots = self._ids(places).masked_fill(scores == -torch.inf, -1)[:, :top]
        spare = (0, top - slots.shape[-1])
        return Read(value, mass, pad(slots, spare, value=-1), pad(shares[:, :top], spare))

    def _blocks(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Cut queries into blocks whose scores fit a fixed budget."""
        at_once = max(1, TILE // (rows.shape[1] * max(self.sub_keys.shape[-2], self.kept**2)))
        return torch.split(rows, at_once)

    def _held(self) -> Tensor:
        return self.times % 2 == 1

    def _ids(self, places: Tensor) -> Tensor:
        """Number what is in slots: the slot, and beyond that how often it was written before."""
        return places if self.trainable else places + len(self.values) * (self.times[places] // 2)

    def _places(self, ids: Tensor) -> Tensor:
        ids = torch.as_tensor(ids, device=self.values.device)
        places = ids % len(self.values)
        alive = (ids == self._ids(places)) & (ids >= 0)
        if not self.trainable:
            alive &= self._held()[places]
        if not alive.all():
            unknown = ids[~alive].flatten().tolist()
            more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
            raise SlotError(f"no slot has id {unknown[0]}{more}")
        return places

    def _rows(self, name: str, rows: Tensor, width: int) -> Tensor:
        rows = as_rows(name, rows, width).detach().to(self.values)
        check_finite(name, rows)
        return rows

    def _must_be_free(self, what: str) -> None:
        if self.trainable:
            raise ArgumentError(f"cannot {what} a trainable memory: its slots are all there")


def _check(sizes: dict[str, int | None], trainable: bool) -> None:
    for name, size in sizes.items():
        if size is not None and size < 1:
            raise ArgumentError(f"{name} must be at least 1; got {size}")
    if (sizes["key_dim"] or 0) % 2:
        raise ArgumentError(f"key_dim must be even, for keys of two halves; got {sizes['key_dim']}")
    if sizes["heads"] is not None and not trainable:
        raise ArgumentError("heads need trainable=True: a written key could have another slot for every head")
