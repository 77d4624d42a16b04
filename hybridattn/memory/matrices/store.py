"""What memories without slots share: sizes, numbers for what was written, and what they refuse."""

import torch
from torch import Tensor, nn

from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError
from hybridattn.memory.taken import as_rows, check_one_a_key, check_values

__all__ = ["MatrixMemory", "bipolar", "check_size", "finite", "signs"]


def check_size(name: str, size: int, least: int = 1) -> None:
    """Raise ArgumentError unless a size is at least `least`."""
    if size < least:
        raise ArgumentError(f"{name} must be at least {least}; got {size}")


def finite(name: str, rows: Tensor) -> Tensor:
    """Give rows back; raises NotFiniteError where one holds a NaN or an infinity."""
    wrong = ~rows.isfinite().all(-1)
    if wrong.any():
        first = int(wrong.flatten().nonzero()[0])
        raise NotFiniteError(
            f"{name} must be finite; {int(wrong.sum())} of {wrong.numel()} rows are not, first {first}"
        )
    return rows


def bipolar(name: str, rows: Tensor) -> Tensor:
    """Give rows back; raises ArgumentError where an entry is neither -1 nor +1."""
    wrong = rows.abs() != 1
    if wrong.any():
        raise ArgumentError(f"{name} must be -1 or +1; got {rows[wrong][0].item():g}")
    return rows


def signs(fields: Tensor, state: Tensor) -> Tensor:
    """Give the signs of fields, and where a field is 0 the state as it was: both (...)."""
    return torch.where(fields == 0, state, fields.sign())


class MatrixMemory(nn.Module):
    """A memory that folds what it is given into one matrix: it has no slots, and numbers what was written.

    Everything lives in buffers, so `.to()`, `state_dict` and `deepcopy` work. Writing never keeps a graph.
    """

    next_id: Tensor
    """() int64: the number that the next thing written will get."""

    def __init__(self, key_dim: int, value_dim: int | None = None, *, device: torch.device | str | None = None) -> None:
        """Hold widths of keys and values (None: keys are the values)."""
        super().__init__()
        check_size("key_dim", key_dim)
        if value_dim is not None:
            check_size("value_dim", value_dim)
        self.key_dim, self.value_dim = key_dim, value_dim
        self.register_buffer("next_id", torch.tensor(0, device=device))

    def _number(self, m: int) -> Tensor:
        """Hand out m new numbers: (m,) int64."""
        ids = self.next_id + torch.arange(m, device=self.next_id.device)
        self.next_id = self.next_id + m
        return ids

    def _rows(self, name: str, rows: Tensor, width: int, like: Tensor) -> Tensor:
        """Give what is to be written, (m, width) or (width,), as (m, width) without a graph, in the type of `like`."""
        return as_rows(name, rows, width).detach().to(like.device, like.dtype)

    def _queries(self, query: Tensor, like: Tensor, *, name: str = "query", width: int | None = None) -> Tensor:
        """Give queries (..., width) as (q, width) in the type of `like`."""
        width = self.key_dim if width is None else width
        if not query.ndim or query.shape[-1] != width:
            raise ShapeError(f"{name} must end in {width}, as this memory's do; got shape {tuple(query.shape)}")
        return query.reshape(-1, width).to(like.device, like.dtype)

    def _pairs(
        self, keys: Tensor, values: Tensor | None, evidence: Tensor | None, like: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Give keys (m, d) and values (m, v), the keys where they are the values, in the type of `like`.

        Raises ShapeError, or ArgumentError where values are missing or too many, or evidence is given.
        """
        rows = self._rows("keys", keys, self.key_dim, like)
        check_values(values, self.value_dim)
        if evidence is not None:
            raise ArgumentError(f"{type(self).__name__} counts no evidence: evidence must be None; got a tensor")
        if values is None or self.value_dim is None:
            return rows, rows
        stored = self._rows("values", values, self.value_dim, like)
        check_one_a_key(rows, stored)
        return rows, stored
