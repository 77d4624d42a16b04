"""A sequence of writes to fast weights in chunks: all inside a chunk at once, and one product from chunk to chunk.

Inside a chunk that starts from S_0, with a_t the decay and A(t, i) = a_(i+1) ... a_t,

    S_t = A(t, 0) S_0 + sum_(i <= t) A(t, i) k_i u_i^T,
    u_t = b_t (v_t - A(t, 0) S_0^T k_t - sum_(i < t) A(t, i) (k_i . k_t) u_i),

so that all u come from one unit-triangular system, U = X - Y S_0 (the UT transform; Yang et al. 2024, arXiv 2406.06484,
and with decay Yang et al. 2025, arXiv 2412.06464). Then the chunk is the affine map S_C = M S_0 + B.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from hybridattn.attention.linearised.steps import Steps
from hybridattn.errors import ArgumentError

__all__ = ["chunked"]


class _Written(NamedTuple):
    fresh: Tensor
    """(..., c, C, v): X, what each position writes if the chunk starts from nothing."""
    known: Tensor | None
    """(..., c, C, d): Y, how what is stored already is taken off; None where nothing is."""


def chunked(steps: Steps, chunk: int) -> tuple[Tensor, Tensor]:
    """Give the outputs (..., n, v) and the last weights (..., d, v) of a sequence, `chunk` positions at a time."""
    if chunk < 1:
        raise ArgumentError(f"chunk must be at least 1; got {chunk}")
    n = steps.keys.shape[-2]
    if n == 0:
        return steps.values, steps.state
    query, keys, values, strength, log_decay, state = _folded(steps, min(chunk, n))
    reach = _reach(log_decay, keys)
    start = None if log_decay is None else log_decay.cumsum(-1).exp().unsqueeze(-1)
    written = _written(keys, values, strength, reach, start)
    starts, last = _carried(keys, written, reach, start, state)
    pseudo = written.fresh if written.known is None else written.fresh - written.known @ starts
    output = (query if start is None else query * start) @ starts + (query @ keys.mT * reach) @ pseudo
    return output.flatten(-3, -2)[..., :n, :], last


def _folded(steps: Steps, size: int) -> Steps:
    """Cut the sequence to chunks, (..., n, .) -> (..., c, C, .); what is filled up writes and changes nothing."""
    n = steps.keys.shape[-2]
    lack, number = -n % size, -(-n // size)
    wide = [pad(part, (0, 0, 0, lack)) for part in steps[:3]]
    wide = [part.reshape(*part.shape[:-2], number, size, part.shape[-1]) for part in wide]
    thin = [None if part is None else pad(part, (0, lack)) for part in steps[3:5]]
    thin = [None if part is None else part.reshape(*part.shape[:-1], number, size) for part in thin]
    return Steps(wide[0], wide[1], wide[2], thin[0], thin[1], steps.state)


def _reach(log_decay: Tensor | None, keys: Tensor) -> Tensor:
    """Give A(t, i), 0 where i > t: (C, C) without decay, else (..., c, C, C).

    The logarithms are summed for each i on its own: no difference of sums, so that -inf (forget all) is exact.
    """
    size = keys.shape[-2]
    lower = torch.ones(size, size, dtype=torch.bool, device=keys.device).tril()
    if log_decay is None:
        return lower.to(keys.dtype)
    steps = log_decay.unsqueeze(-1).expand(*log_decay.shape, size)
    return steps.masked_fill(~lower.tril(-1), 0.0).cumsum(-2).masked_fill(~lower, -torch.inf).exp()


def _written(keys: Tensor, values: Tensor, strength: Tensor | None, reach: Tensor, start: Tensor | None) -> _Written:
    if strength is None:
        return _Written(values, None)
    weighted = keys * strength.unsqueeze(-1)
    inner = (
        weighted @ keys.mT if start is None else weighted @ keys.mT * reach
    )  # only what is below the diagonal is read
    right = torch.cat((values * strength.unsqueeze(-1), weighted if start is None else weighted * start), -1)
    solved = torch.linalg.solve_triangular(inner, right, upper=False, unitriangular=True)
    fresh, known = solved.split((values.shape[-1], keys.shape[-1]), -1)
    return _Written(fresh, known)


def _carried(
    keys: Tensor, written: _Written, reach: Tensor, start: Tensor | None, state: Tensor
) -> tuple[Tensor, Tensor]:
    """Give the weights before each chunk, (..., c, d, v), and after the last, (..., d, v)."""
    kept = (keys * reach[..., -1, :].unsqueeze(-1)).mT
    added = (kept @ written.fresh).unbind(-3)
    ends = [None] * len(added) if start is None else start[..., -1:, :].unbind(-3)
    turned = [None] * len(added) if written.known is None else (kept @ written.known).unbind(-3)
    starts = []
    for end, turn, more in zip(ends, turned, added, strict=True):
        starts.append(state)
        left = state if end is None else end * state
        state = left + more if turn is None else left + more - turn @ state
    return torch.stack(starts, -3), state
