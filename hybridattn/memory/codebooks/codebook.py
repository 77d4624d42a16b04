"""A slot memory whose keys are composed of codebook entries: what is stored costs three integers a slot."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from hybridattn.attention import Read
from hybridattn.attention.result import mapped
from hybridattn.attention.tiles.top import best
from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError
from hybridattn.memory.codebooks.fingerprint import RowIndex
from hybridattn.memory.codebooks.inverted import InvertedIndex
from hybridattn.memory.device import device_shown
from hybridattn.memory.slots.numbered import NumberedSlots
from hybridattn.memory.taken import check_query

__all__ = ["CodebookMemory"]

TILE = 1 << 22  # scores held at once by a dense read
LEAK = 1e-6  # attention share that an indexed read may leave out
WILDCARD = -1  # part of a query that is zero
UNKNOWN = -2  # part of a query that is neither zero nor a codebook entry


class CodebookMemory(NumberedSlots):
    """Slots with key = [entity; cue] and value = entity, all entries of codebooks (a product code, Jegou et al. 2011).

    A read is the softmax read of the composed keys, `softmax(beta * (q_e . E[i] + q_c . C[j])) @ E[target]`, but the
    keys are never built: scores come from one product with each codebook. A query whose parts *are* codebook entries
    (or zero: a wildcard cue) is answered from an inverted index instead, where `coherence` guarantees that all other
    slots together have less than 1e-6 of the attention; the two agree to that.

    Args:
        entities: (m, v) codebook of the first key part and of the values, or v, for one that is empty.
        cues: (r, c) codebook of the second key part, or c.
        beta: inverse temperature of the softmax.
        coherence: bound on |x . y| of two different entries of one codebook of unit norm; 1 promises nothing and turns
            the index off.

    Raises:
        ShapeError: a codebook is no matrix.
        NotFiniteError: a codebook holds a NaN or an infinity.
        ArgumentError: beta is not positive and finite.
    """

    entities: Tensor
    cues: Tensor
    codes: Tensor

    def __init__(
        self, entities: Tensor | int, cues: Tensor | int, *, beta: float = 100.0, coherence: float = 1.0
    ) -> None:
        entities, cues = _book("entities", entities), _book("cues", cues)
        super().__init__(device=entities.device)
        if not (math.isfinite(beta) and beta > 0):
            raise ArgumentError(f"beta must be positive and finite; got {beta}")
        self.beta, self.coherence = float(beta), float(coherence)
        self.register_buffer("entities", _codebook("entities", entities))
        self.register_buffer("cues", _codebook("cues", cues))
        self.register_buffer("codes", torch.empty(0, 3, dtype=torch.int64, device=entities.device))
        self._index: tuple[RowIndex, RowIndex, InvertedIndex] | None = None

    @property
    def value_dim(self) -> int:
        """Width v of a value, and of the first part of a key."""
        return self.entities.shape[1]

    @property
    def key_dim(self) -> int:
        """Width v + c of a key."""
        return self.entities.shape[1] + self.cues.shape[1]

    def extra_repr(self) -> str:
        """Describe the memory for `repr`."""
        sizes = f"slots={len(self)}, entities={len(self.entities)}, cues={len(self.cues)}"
        widths = f"key_dim={self.key_dim}, value_dim={self.value_dim}"
        return f"{sizes}, {widths}, beta={self.beta:g}, {device_shown(self)}"

    def arguments(self) -> dict[str, Any]:
        """Give the arguments that make an empty memory of the same form, into which the state can be loaded."""
        widths = {"entities": self.entities.shape[1], "cues": self.cues.shape[1]}
        return {**widths, "beta": self.beta, "coherence": self.coherence}

    def write_codes(self, codes: Tensor) -> Tensor:
        """Store slots by the places of their entries, (m, 3) int64 rows of entity, cue and target; gives (m,) slot ids.

        Raises:
            ShapeError: codes is not (m, 3).
            ArgumentError: a code names no entry of its codebook.
        """
        if codes.ndim != 2 or codes.shape[1] != 3:
            raise ShapeError(f"codes must be (m, 3): entity, cue, target; got shape {tuple(codes.shape)}")
        sizes = torch.tensor([len(self.entities), len(self.cues), len(self.entities)], device=codes.device)
        if bool(((codes < 0) | (codes >= sizes)).any()):
            least, most = codes.amin(0).tolist(), codes.amax(0).tolist()
            raise ArgumentError(f"codes must be at least 0 and below {sizes.tolist()}; got {least} to {most}")
        ids = self.next_id + torch.arange(len(codes), device=self.ids.device)
        self.next_id = self.next_id + len(codes)
        self.codes = torch.cat([self.codes, codes.to(self.codes)])
        self.ids = torch.cat([self.ids, ids])
        self._index = None
        return ids

    def erase(self, ids: Tensor) -> None:
        """Forget the slots with these ids, of any shape; raises SlotError, and forgets none, if one is not alive."""
        self._drop(ids)
        self._index = None

    def write(self, keys: Tensor, values: Tensor | None = None, *, evidence: Tensor | None = None) -> Tensor:
        """Store keys (m, v + c) with values (m, v), or one of each: (m,) slot ids.

        Parts that no codebook has yet become entries; nothing is promised about how far apart those are, so that the
        index is not used from then on.

        Raises:
            ShapeError: keys and values do not fit.
            NotFiniteError: they hold a NaN or an infinity.
            ArgumentError: values are missing, or evidence is given, which this memory does not keep.
        """
        if keys.ndim not in (1, 2) or keys.shape[-1] != self.key_dim:
            raise ShapeError(
                f"keys must have shape ({self.key_dim},) or (m, {self.key_dim}); got shape {tuple(keys.shape)}"
            )
        if values is None or evidence is not None:
            raise ArgumentError("a codebook memory stores keys with values, and keeps no evidence")
        keys, values = keys.reshape(-1, self.key_dim), values.reshape(-1, values.shape[-1])
        if values.shape != (len(keys), self.value_dim):
            raise ShapeError(f"values must be ({len(keys)}, {self.value_dim}); got shape {tuple(values.shape)}")
        keys, values = _codebook("keys", keys.detach()), _codebook("values", values.detach())
        entity, cue = keys[:, : self.value_dim], keys[:, self.value_dim :]
        books = self._entry("entities", entity), self._entry("cues", cue), self._entry("entities", values)
        return self.write_codes(torch.stack(books, dim=-1))

    def _entry(self, name: str, rows: Tensor) -> Tensor:
        """Find the codes of rows (m, w) in a codebook, and append those that it lacks: (m,)."""
        book: Tensor = getattr(self, name)
        code = RowIndex(book).find(rows)
        lacking = (code < 0).nonzero()[:, 0]
        if len(lacking):
            fresh, which = torch.unique(rows[lacking], dim=0, return_inverse=True)
            code[lacking] = len(book) + which
            setattr(self, name, torch.cat([book, fresh.to(book)]))
            self.coherence = 1.0
        return code

    def keys_of(self, ids: Tensor) -> Tensor:
        """Compose the keys of slots: (...,) int64 -> (..., v + c). Raises SlotError for an id that is not alive."""
        entity, cue, _ = self.codes[self._places(ids)].unbind(-1)
        return torch.cat([self.entities[entity], self.cues[cue]], dim=-1)

    def values_of(self, ids: Tensor) -> Tensor:
        """Give the values of slots: (...,) int64 -> (..., v). Raises SlotError for an id that is not alive."""
        return self.entities[self.codes[self._places(ids), 2]]

    def read(self, query: Tensor, *, top: int | None = None) -> Read:
        """Read (..., v + c) queries: value (..., v), log mass (...,), and the top slots with their shares.

        An indexed read agrees with `attention.read` over the composed keys to 1e-5 in value, log mass and shares. Its
        slots are the matching ones alone, -1 beyond them.

        Raises:
            ShapeError: the query does not end in `key_dim`.
        """
        check_query(query, self.key_dim)
        if top is not None and top < 1:
            raise ArgumentError(f"top must be at least 1, or None; got {top}")
        rows = query.reshape(-1, self.key_dim)
        entity, cue, length = self._recognise(rows)
        exact = length > 0
        if bool(exact.all()):
            found = self._indexed(entity, cue, top)
        else:
            indexed = self._indexed(entity[exact], cue[exact], top)
            found = _interleaved(exact, indexed, self._dense(rows[~exact], top))
        return mapped(lambda part: part.reshape(query.shape[:-1] + part.shape[1:]), found)

    def answerable(self, query: Tensor, *, min_match: float) -> Tensor:
        """Rule out queries (..., v + c) that no slot can fit: (...,) bool.

        False is certain: the query is composed of codebook entries, no slot has both, and no other entity can come as
        near as `min_match` to the one that is asked for, so that a read would only mix slots that do not fit.
        """
        rows = query.reshape(-1, self.key_dim)
        entity, cue, length = self._recognise(rows)
        hopeless = (entity >= 0) & (cue >= 0) & (length == 0) & (self.coherence < min_match)
        return ~hopeless.reshape(query.shape[:-1])

    def _recognise(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Find the codes of both parts of each query (or WILDCARD, UNKNOWN), and how many slots the index lists.

        Nothing is known where the index may not answer: without enough coherence, and where gradients are wanted.
        """
        slack = len(self) * math.exp(-self.beta * (1 - self.coherence))
        if slack > LEAK or rows.requires_grad or not len(rows):
            none = torch.full((len(rows),), UNKNOWN, device=rows.device)
            return none, none, torch.zeros_like(none)
        entities, cues, inverted = self._indices
        first, second = rows[:, : self.value_dim], rows[:, self.value_dim :]
        entity = _known(entities.find(first))
        cue = torch.where((second == 0).all(-1), WILDCARD, _known(cues.find(second)))
        length = inverted.ranges(entity.clamp_min(0), cue.clamp_min(WILDCARD))[1]
        return entity, cue, length.masked_fill((entity < 0) | (cue == UNKNOWN), 0)

    @property
    def _indices(self) -> tuple[RowIndex, RowIndex, InvertedIndex]:
        if self._index is None:
            inverted = InvertedIndex(self.codes[:, 0], self.codes[:, 1], cues=len(self.cues))
            self._index = RowIndex(self.entities), RowIndex(self.cues), inverted
        return self._index

    def _indexed(self, entity: Tensor, cue: Tensor, top: int | None) -> Read:
        """Read the slots that match exactly, which share the attention evenly."""
        inverted = self._indices[2]
        start, length = inverted.ranges(entity, cue)
        slot, offset = inverted.members(start, length)
        share = 1 / length.to(self.entities.dtype)
        value = nn.functional.embedding_bag(self.codes[slot, 2], self.entities, offset, mode="mean")
        norm = self.entities[entity].square().sum(-1)
        norm = norm + self.cues[cue.clamp_min(0)].square().sum(-1).masked_fill(cue < 0, 0)
        mass = self.beta * norm - share.log()
        if top is None:
            return Read(value, mass)
        first = inverted.first(start, length, top=top)
        slots = self.ids[first.clamp_min(0)] if len(self) else first
        return Read(value, mass, slots.masked_fill(first < 0, -1), torch.where(first < 0, 0, share[:, None]))

    def _dense(self, rows: Tensor, top: int | None) -> Read:
        """Read by scoring every slot, few queries at a time."""
        at_once = max(1, TILE // max(1, len(self)))
        parts = [self._dense_block(rows[low : low + at_once], top) for low in range(0, max(1, len(rows)), at_once)]
        return mapped(lambda *pieces: torch.cat(pieces), *parts)

    def _dense_block(self, rows: Tensor, top: int | None) -> Read:
        again = rows.requires_grad and torch.is_grad_enabled()
        value, mass = checkpoint(self._softmax, rows, use_reentrant=False) if again else self._softmax(rows)
        if top is None or not len(self):
            slots = None if top is None else torch.full((len(rows), top), -1, device=rows.device)
            return Read(value, mass, slots, None if top is None else rows.new_zeros(len(rows), top))
        with torch.no_grad():
            scores = self._scores(rows)
            places = best(scores, torch.arange(len(self), device=rows.device).expand(scores.shape), top)
        kept = self._scores_at(rows, places) if again else scores.gather(-1, places)
        shares = (kept - mass[:, None]).exp()
        spare = (0, top - places.shape[-1])
        return Read(value, mass, nn.functional.pad(self.ids[places], spare, value=-1), nn.functional.pad(shares, spare))

    def _softmax(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Weights summed over the slots of each target first: (q, n) scores -> (q, m) weights -> (q, v) values."""
        scores = self._scores(rows)
        mass = scores.logsumexp(-1)
        weights = (scores - mass[:, None]).exp() if len(self) else scores
        by_target = rows.new_zeros(len(rows), len(self.entities)).index_add(1, self.codes[:, 2], weights)
        return by_target @ self.entities, mass

    def _scores(self, rows: Tensor) -> Tensor:
        """Score all slots: (q, v + c) -> (q, n). Slots of one entity and cue get one and the same number."""
        first, second = rows[:, : self.value_dim], rows[:, self.value_dim :]
        by_entity, by_cue = first @ self.entities.T, second @ self.cues.T
        scores: Tensor = self.beta * (by_entity[:, self.codes[:, 0]] + by_cue[:, self.codes[:, 1]])
        return scores

    def _scores_at(self, rows: Tensor, places: Tensor) -> Tensor:
        """Score a few slots a query: (q, v + c), (q, k) -> (q, k)."""
        entity, cue, _ = self.codes[places].unbind(-1)
        keys = torch.cat([self.entities[entity], self.cues[cue]], dim=-1)
        return self.beta * (keys @ rows[:, :, None])[..., 0]

    def _stored(self) -> list[str]:
        return ["codes", "ids"]

    def _sized(self) -> list[str]:
        return ["entities", "cues", *self._stored()]

    def _apply(self, fn: Any, recurse: bool = True) -> "CodebookMemory":
        self._index = None  # it holds the entries as they were
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call, no-any-return]

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        super()._load_from_state_dict(state_dict, prefix, *rest)
        self._index = None


def _codebook(name: str, book: Tensor) -> Tensor:
    if book.ndim != 2:
        raise ShapeError(f"{name} must be a matrix (entries, width); got shape {tuple(book.shape)}")
    if not bool(book.isfinite().all()):
        raise NotFiniteError(f"{name} must be finite; got {int((~book.isfinite()).any(-1).sum())} rows that are not")
    return book


def _book(name: str, book: Tensor | int) -> Tensor:
    if isinstance(book, Tensor):
        return book
    if book < 1:
        raise ArgumentError(f"{name} must be a codebook, or a width of at least 1; got {book}")
    return torch.empty(0, book)


def _known(found: Tensor) -> Tensor:
    return torch.where(found < 0, UNKNOWN, found)


def _interleaved(where: Tensor, yes: Read, no: Read) -> Read:
    """Put the rows of two reads back in the order of the queries."""
    order = torch.cat([where.nonzero()[:, 0], (~where).nonzero()[:, 0]]).argsort()
    return mapped(lambda one, other: torch.cat([one, other])[order], yes, no)
