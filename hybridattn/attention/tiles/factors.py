"""Softmax reads of a dot product, by the factors that their scores are made of."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from hybridattn.attention.tiles.layout import TILE, blocks, cut, picked, steps
from hybridattn.attention.tiles.lookup import Lookup

__all__ = ["GROUP", "Factors"]

GROUP = 16
"""Slots that their largest score stands for until the best groups are known; a tile holds whole groups."""
_ROWS = 1024
"""Queries of a tile, at most; a tile of fewer queries has more slots."""
_COARSE = 2.0**-8
"""Relative error of a product where `torch.set_float32_matmul_precision` allows bfloat16."""


class Factors(NamedTuple):
    """Queries (b, q, e), already times beta, and all that their scores need: keys (b, n, e), mask and prior.

    There are two kinds of scores. The fast ones are a matrix product; a BLAS rounds it by its own order, and that
    differs from place to place (edges of its tiles, parts of its threads), so equal keys may score differently. The
    exact ones are products summed along contiguous rows, each row in the same order: equal keys get equal scores.

    Tiles of scores are (b, n, q), slots before queries: what sums over slots then runs along the queries, which is
    several times faster than to sum along short groups.
    """

    query: Tensor
    keys: Tensor
    mask: Tensor | None
    prior: Tensor | None

    @classmethod
    def of(cls, lookup: Lookup) -> "Factors":
        """Take the factors out of what was scaled and laid out."""
        return cls(lookup.query, lookup.keys, lookup.mask, lookup.prior)

    @property
    def biased(self) -> bool:
        """Whether a row may be without any readable slot."""
        return self.mask is not None or self.prior is not None or not self.keys.shape[1]

    def part(self, batch: slice, rows: slice | Tensor) -> "Factors":
        """Give some of the rows."""
        biases = (None if bias is None else cut(bias, batch, rows) for bias in (self.mask, self.prior))
        return Factors(self.query[batch, rows], self.keys[batch], *biases)

    def blocks(self) -> Iterator[tuple[slice, slice, "Factors"]]:
        """Give blocks of rows, with their places, of which a tile at a time can be held."""
        for batch, rows in blocks(self.query.shape, self.width, TILE):
            yield batch, rows, self.part(batch, rows)

    @property
    def width(self) -> int:
        """How many slots a tile has."""
        rows, slots = max(1, min(self.query.shape[1], _ROWS)), self.keys.shape[1]
        return min(TILE // rows, slots + -slots % GROUP) // GROUP * GROUP

    def tiles(self) -> Iterator[slice]:
        """Give the slots of each tile."""
        return steps(self.keys.shape[1], self.width)

    def room(self) -> Tensor:
        """Make room for the scores of a tile."""
        return self.query.new_empty(self.query.shape[0], self.width, self.query.shape[1])

    def tile(self, slots: slice, room: Tensor | None = None) -> Tensor:
        """Score a tile of slots, (b, n, q), in `room` if there is one."""
        room = self.room() if room is None else room
        keys = self.keys[:, slots].to(self.query.dtype)
        scores = room[:, : keys.shape[1]]
        if keys.shape[0] == 1:  # a batch of one would be copied first
            torch.mm(keys[0], self.query[0].T, out=scores[0])
        else:
            torch.bmm(keys, self.query.mT, out=scores)
        if self.prior is not None:
            scores += cut(self.prior, slice(None), slice(None), slots).mT
        if self.mask is not None:
            scores.masked_fill_(~cut(self.mask, slice(None), slice(None), slots).mT, -torch.inf)
        return scores

    def rows(self) -> Tensor:
        """Score all slots at once, (b, q, n); differentiable."""
        scores = self.query @ self.keys.to(self.query.dtype).mT
        if self.prior is not None:
            scores = scores + self.prior
        return scores if self.mask is None else scores.masked_fill(~self.mask, -torch.inf)

    def fast(self, slots: Tensor) -> Tensor:
        """Score slots (b, q, m) of every row by a product; -inf for those that there are not."""
        known = slots.clamp(0, self.keys.shape[1] - 1)
        near = picked(self.keys, known).to(self.query.dtype)
        scores = self._biased((near @ self.query.unsqueeze(-1)).squeeze(-1), known)
        return scores.masked_fill(slots != known, -torch.inf)

    def exact(self, slots: Tensor) -> Tensor:
        """Score slots (b, q, m) of every row by sums in one order, differentiable; -inf where there is no such slot."""
        known = slots.clamp(0, self.keys.shape[1] - 1)
        near = picked(self.keys, known).to(self.query.dtype)
        scores = self._biased((near * self.query.unsqueeze(-2)).sum(-1), known)
        return scores.masked_fill(slots != known, -torch.inf)

    def exact_pairs(self, row: Tensor, slot: Tensor) -> Tensor:
        """Score pairs of a row and a slot (m,) of the only batch, as `exact` does; masks apart."""
        few = max(1, TILE // max(1, self.keys.shape[-1]))
        sums = [
            (self.keys[0].index_select(0, some).to(self.query.dtype) * self.query[0].index_select(0, its)).sum(-1)
            for its, some in zip(torch.split(row, few), torch.split(slot, few), strict=True)
        ]
        scores = torch.cat(sums)
        return scores if self.prior is None else scores + self.prior.expand(1, *self._shape())[0, row, slot]

    def error(self, scores: Tensor) -> Tensor:
        """Bound how far fast and exact scores near `scores` (b, q) are apart.

        A sum of e products in any order is off by at most e u sum_j |q_j k_j|, with u half the eps of the dtype, and
        that sum is at most |q|_1 max |k|; underflow adds less than a smallest normal number each; adding the prior and
        this bound round relative to the score. (Higham 2002, Accuracy and Stability of Numerical Algorithms, 3.1.)
        """
        kind = torch.finfo(self.query.dtype)
        eps = kind.eps if torch.get_float32_matmul_precision() == "highest" else max(kind.eps, _COARSE)
        low, high = torch.aminmax(self.keys) if self.keys.numel() else self.keys.new_zeros(2)
        reach = self.query.abs().sum(-1) * torch.maximum(high, -low).to(self.query.dtype)
        return (self.query.shape[-1] + 8) * (eps * reach + kind.tiny) + 2 * eps * scores.abs()

    def _biased(self, scores: Tensor, slots: Tensor) -> Tensor:
        shape = (scores.shape[0], *self._shape())
        if self.prior is not None:
            scores = scores + self.prior.expand(shape).gather(-1, slots)
        return (
            scores if self.mask is None else scores.masked_fill(~self.mask.expand(shape).gather(-1, slots), -torch.inf)
        )

    def _shape(self) -> tuple[int, int]:
        return self.query.shape[1], self.keys.shape[1]
