"""Chains of premises as a growing table: each is the chain before it and one premise more."""

from typing import TYPE_CHECKING

from hybridattn.reasoning.truth import Truth

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Chains"]


class Chains:
    """A table with a row a chain; it doubles its room when that is full, so that adding is cheap.

    Columns, all (rows,): `query` int64, which search the chain belongs to; `target` int64, the node it leads to;
    `frequency` and `confidence` float64; `premise` int64, the last one; `before` int64, the row of the chain without
    it, -1 for a premise alone; `hops` int64. And `bits` (rows, words) int64, the shared observations it rests on.
    """

    COLUMNS = ("query", "target", "frequency", "confidence", "premise", "before", "hops", "bits")

    query: "Tensor"
    target: "Tensor"
    frequency: "Tensor"
    confidence: "Tensor"
    premise: "Tensor"
    before: "Tensor"
    hops: "Tensor"
    bits: "Tensor"

    def __init__(self, bits: "Tensor") -> None:
        """Make an empty table on the device of `bits`, and as wide as that."""
        import torch

        self._rows = 0
        self._room = {
            name: torch.empty(
                (0, bits.shape[1]) if name == "bits" else 0,
                dtype=torch.float64 if name in ("frequency", "confidence") else torch.int64,
                device=bits.device,
            )
            for name in self.COLUMNS
        }

    def __len__(self) -> int:
        return self._rows

    def __getattr__(self, name: str) -> "Tensor":
        if name not in self.COLUMNS:
            raise AttributeError(name)
        return self._room[name][: self._rows]

    def add(
        self,
        query: "Tensor",
        target: "Tensor",
        truth: Truth,
        premise: "Tensor",
        before: "Tensor",
        hops: "Tensor",
        bits: "Tensor",
    ) -> "Tensor":
        """Add rows and give their numbers."""
        import torch

        start, self._rows = self._rows, self._rows + len(query)
        new = (query, target, truth.frequency, truth.confidence, premise, before, hops, bits)
        for (name, room), values in zip(self._room.items(), new, strict=True):
            if len(room) < self._rows:
                grown = room.new_empty(max(self._rows, 2 * len(room)), *room.shape[1:])
                grown[:start] = room[:start]
                self._room[name] = room = grown
            room[start : self._rows] = values
        return torch.arange(start, self._rows, device=query.device)

    def premises(self, row: int) -> list[int]:
        """Give the premises of a chain, from its source outward."""
        path: list[int] = []
        while row >= 0:
            path.append(int(self._room["premise"][row]))
            row = int(self._room["before"][row])
        return path[::-1]
