"""A memory that looks into a few of its lists, guesses the rest, and says how sure it is."""

from typing import Any, Self

import torch
from torch import Tensor
from torch.nn.functional import pad

from hybridattn.attention import Read, read
from hybridattn.attention.result import mapped
from hybridattn.errors import ArgumentError, NotFiniteError
from hybridattn.memory.device import device_shown
from hybridattn.memory.large.estimate import Estimate
from hybridattn.memory.large.indexed.calibration import NONE, Calibration, calibrated, packed, unpacked
from hybridattn.memory.large.indexed.listed import ListedSlots
from hybridattn.memory.large.indexed.probing import Looked, Slots, look
from hybridattn.memory.large.indexed.tail import Tail
from hybridattn.memory.large.lists import Index, OneList
from hybridattn.memory.taken import check_finite, check_query

__all__ = ["IndexedMemory"]

_ONE_LIST = OneList()
_STEEPEST = 1e6
"""From here on squares of scores may leave the range of float32; the nearest key takes all long before."""
_DTYPES = (torch.float32, torch.float64)


class IndexedMemory(ListedSlots):
    """Slots in lists of like keys: a read scores the lists that promise most, and guesses what the others would add.

    It is the softmax read of a `SlotMemory` at a fraction of its cost, with an error and a missing mass for each query
    (`estimate`): what was not scored is not left out, but stood in for by number, mean and spread of each list
    (`Summary`, and `tail.guess` for the formulas). `calibrate` holds that against exact reads. With as many probes as
    lists every read is exact.

    Slots written since `build_index` are fresh: they are scored exactly by every read. Erased slots are gone at once.
    So an index is never wrong for being old, only slower. Building it sorts the slots, rows and `ids`, list after list.

    Gradients reach queries, and the keys and values that were scored or are fresh; those of lists that were not looked
    into get none, and neither do summaries. A read without gradient copies no keys.

    Args:
        key_dim: width d of a key.
        value_dim: width v of a value; None stores no values, and reads give keys.
        index: how slots are put into lists, `KMeansLists(4096)`, `FaissLists(4096)` or your own.
        probes: how many lists a read looks into, at least 1; more than there are is all of them.
        beta: inverse temperature, finite and above 0.
        most_fresh: a write that leaves more fresh slots than these builds the index anew; None never does.
        device, dtype: of keys and values; float32 or float64.

    >>> from hybridattn.memory import KMeansLists
    >>> memory = IndexedMemory(2, index=KMeansLists(2), probes=1, beta=20.0)
    >>> ids = memory.write(torch.tensor([[1.0, 0.0], [0.9, 0.1], [-1.0, 0.0]]))
    >>> memory.build_index()
    >>> found = memory.estimate(torch.tensor([1.0, 0.0]), top=1)
    >>> found.read.slots, bool(found.missing < 1e-6)
    (tensor([0]), True)
    """

    comparison: Tensor
    """(5,) float64: level, offset, factor, beta and probes of the calibration."""

    def __init__(
        self,
        key_dim: int,
        value_dim: int | None = None,
        *,
        index: Index = _ONE_LIST,
        probes: int = 8,
        beta: float = 1.0,
        most_fresh: int | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(key_dim, value_dim, index=index, most_fresh=most_fresh, device=device, dtype=dtype)
        self.beta, self.probes = beta, probes
        self.register_buffer("comparison", packed(NONE).to(device))

    @property
    def beta(self) -> float:
        """Inverse temperature; another one needs a calibration of its own."""
        return self._beta

    @beta.setter
    def beta(self, beta: float) -> None:
        if isinstance(beta, Tensor) or not 0 < beta <= _STEEPEST:
            raise ArgumentError(f"beta must be a number above 0 and at most {_STEEPEST:g}; got {beta}")
        self._beta = float(beta)

    @property
    def probes(self) -> int:
        """How many lists a read looks into; another number needs a calibration of its own."""
        return self._probes

    @probes.setter
    def probes(self, probes: int) -> None:
        if probes < 1:
            raise ArgumentError(f"probes must be at least 1; got {probes}")
        self._probes = probes

    def extra_repr(self) -> str:
        """Describe the memory in one line."""
        sizes = f"key_dim={self.key_dim}, value_dim={self.value_dim}, slots={len(self)}, fresh={self.fresh}"
        return f"{sizes}, index={self.index}, probes={self.probes}, beta={self.beta:g}, {device_shown(self)}"

    def arguments(self) -> dict[str, Any]:
        """Give the arguments that make an empty memory of the same form, into which the state can be loaded."""
        named = ("key_dim", "value_dim", "index", "probes", "beta", "most_fresh")
        return {name: getattr(self, name) for name in named}

    @property
    def calibration(self) -> Calibration | None:
        """What the errors are calibrated by, or None where that does not hold for these beta and probes."""
        found = unpacked(self.comparison.tolist())
        return found if found.level and (found.beta, found.probes) == (self.beta, self.probes) else None

    def build_index(self) -> None:
        """Put all slots into lists, learnt anew from their keys; forgets the calibration.

        Raises ShapeError or ArgumentError, and changes nothing, where the index gives no list for each key.
        """
        super().build_index()
        self.comparison = packed(NONE).to(self.comparison.device)

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        """Read with queries (..., d): the `read` of the `estimate`, with its log mass."""
        return self.estimate(query, top=top).read

    def estimate(self, query: Tensor, *, top: int | None = None) -> Estimate:
        """Read with queries (..., d): value (..., v), log mass, and with top=k the ids and shares of the k best slots.

        The best slots are those of the lists that were looked into and of the fresh ones. `missing` is the share of the
        attention that the guess stands for. `error` bounds the distance of the value from that of an exact read: for
        the share of queries, like those it was calibrated with, that `calibrate` was asked for; without a calibration
        for these beta and probes, it is what the model takes for likely, and nothing holds it. Where no list is left
        out, missing is 0 and the error is that of rounding.

        Raises:
            ShapeError: the query does not end in `key_dim`.
            NotFiniteError: the query holds a NaN or an infinity.
            ArgumentError: top is below 1.
        """
        rows = self._scaled(query)
        if top is not None and top < 1:
            raise ArgumentError(f"top must be at least 1, or None; got {top}")
        known = self.calibration or NONE
        found = self._look(rows, top).estimate(rows, self._longest(), offset=known.offset, factor=known.factor)
        if not bool(found.read.value.detach().isfinite().all()):
            raise NotFiniteError(
                f"scores leave the range of {rows.dtype}: lower beta={self.beta:g}, or shorten queries"
            )
        lead = query.shape[:-1]
        whole = mapped(lambda part: part.reshape((*lead, *part.shape[1:])), found.read)
        return Estimate(whole, found.error.reshape(lead), found.missing.reshape(lead))

    @torch.no_grad()
    def calibrate(self, queries: Tensor, *, level: float = 0.95) -> Calibration:
        """Compare with exact reads of a sample of queries (q, d), like those to come; what it tells is kept and given.

        From then on, as long as beta, probes and index stay, `error` is meant to hold for a share `level` of queries. A
        few hundred queries serve well; each costs an exact read. Raises as `estimate`, and ArgumentError where there
        are fewer than 20 queries, or the level is not between 0 and 1.
        """
        if not 0 < level < 1:
            raise ArgumentError(f"level must be above 0 and below 1; got {level}")
        rows = self._scaled(queries)
        if len(rows) < 20 or not len(self):
            raise ArgumentError(f"calibration needs at least 20 queries and a slot; got {len(rows)} and {len(self)}")
        exact = read(rows, self.keys, self._values(), log_mass=True)
        looked = self._look(rows, None)
        found = calibrated(looked, exact, rows, self._longest(), level=level, beta=self.beta, probes=self.probes)
        self.comparison = packed(found).to(self.comparison.device)
        return found

    def _look(self, rows: Tensor, top: int | None) -> Looked:
        summary = self._known()
        if summary is None or self.probes >= summary.lists:
            found = self._exactly(rows, slice(None), top)
            none = rows.new_zeros(len(rows))
            return Looked(found, Tail(Read(torch.zeros_like(found.value), none - torch.inf), none, none))
        here = slice(summary.slots)
        slots = Slots(self.keys[here], self._values()[here], self.ids[here], summary)
        looked = look(rows, slots, probes=self.probes, top=top)
        if summary.slots == len(self):
            return looked
        return looked._replace(found=looked.found.merge(self._exactly(rows, slice(summary.slots, None), top)))

    def _exactly(self, rows: Tensor, some: slice, top: int | None) -> Read:
        found = read(rows, self.keys[some], self._values()[some], top=top, log_mass=True)
        return (
            found if found.slots is None else found._replace(slots=pad(self.ids[some], (0, 1), value=-1)[found.slots])
        )

    def _longest(self) -> Tensor:
        summary = self._known()
        fresh = self.keys.detach()[0 if summary is None else summary.slots :]
        longest = torch.linalg.vector_norm(fresh, dim=-1).amax() if len(fresh) else fresh.new_zeros(())
        return longest if summary is None else torch.maximum(longest, summary.longest)

    def _scaled(self, query: Tensor) -> Tensor:
        """Lay queries (..., d) out as rows, times beta."""
        check_query(query, self.key_dim)
        if self.keys.dtype not in _DTYPES or query.dtype != self.keys.dtype:
            raise ArgumentError(
                f"query and keys must both be float32, or both float64; got {query.dtype} and {self.keys.dtype}"
            )
        check_finite("query", query.detach())
        return query.reshape(-1, self.key_dim) * self.beta

    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        numbers = self.comparison  # they stay exact: they follow to the device only
        super()._apply(fn, recurse)
        self.comparison = numbers.to(self.comparison.device)
        return self

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        *_, errors = rest
        super()._load_from_state_dict(state_dict, prefix, *rest)
        if not bool(self.comparison.isfinite().all()) or bool((self.comparison[[0, 2, 3, 4]] < 0).any()):
            errors.append(f"{prefix}comparison: is no calibration; got {self.comparison.tolist()}")
