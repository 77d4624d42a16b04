"""Rows that are added one by one at the price of adding them all at once."""

import torch
from torch import Tensor

__all__ = ["append"]


def append(stored: Tensor, rows: Tensor) -> Tensor:
    """Give stored (n, ...) followed by rows (m, ...): amortised O(m), by reserving room for as many rows again.

    The result shares memory with `stored`, whose own rows never change; append to the result, not to `stored` again.
    Where a gradient has to flow, the rows are copied instead.
    """
    if torch.is_grad_enabled() and (stored.requires_grad or rows.requires_grad):
        return torch.cat((stored, rows))
    size = (stored.shape[0] + rows.shape[0], *stored.shape[1:])
    # `data` has a version of its own: a backward pass that still needs the rows so far is not disturbed by more.
    room = stored.data
    if not _fits(room, size):
        room = stored.new_empty(max(size[0], 2 * stored.shape[0]), *size[1:])
        room[: stored.shape[0]] = stored.data
    grown = room.as_strided(size, room.stride())
    grown[stored.shape[0] :] = rows.detach()
    return grown


def _fits(room: Tensor, size: tuple[int, ...]) -> bool:
    wanted = torch.Size(size).numel() * room.element_size()
    return room.is_contiguous() and room.storage_offset() == 0 and room.untyped_storage().nbytes() >= wanted
