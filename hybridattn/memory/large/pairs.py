"""Softmax reads of a few slots a query, each query its own: exact, and differentiable in everything."""

import warnings

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, pad

from hybridattn.attention import Read
from hybridattn.attention.tiles.top import best

__all__ = ["read_pairs"]

_LAST_SLOT = 0xFFFFFFFF


def read_pairs(
    query: Tensor, keys: Tensor, values: Tensor, *, counts: Tensor, slots: Tensor, ids: Tensor, top: int | None
) -> Read:
    """Read with queries (q, d), beta in them, `counts` (q,) slots each: `slots` (m,) are those of the first, and so on.

    keys (n, d), values (n, v), ids (n,) what slots are called; log mass and top as `attention.read` gives them. A query
    of no slots reads 0 with log mass -inf. Scores are made slot by slot, so that equal keys have equal scores. Without
    gradient no key is copied; with gradients all m are.
    """
    scores = _scores(query, keys, counts, slots)
    most = int(counts.max()) if len(counts) else 0
    there = torch.arange(most, device=counts.device) < counts[:, None]
    laid = scores.new_full(there.shape, -torch.inf).masked_scatter(there, scores)
    empty = counts[:, None] == 0
    calm = laid.masked_fill(empty, 0.0) if most else laid.new_zeros(len(counts), 1)
    mass = calm.logsumexp(-1).masked_fill(empty[:, 0], -torch.inf)
    shares = (laid - mass[:, None].masked_fill(empty, 0.0)).exp()
    value = (
        _sum(*_weighty(shares, there, slots), values)
        if _no_slope(query, keys, values)
        else _sum(shares[there], counts, slots, values)
    )
    if top is None:
        return Read(value, mass)
    names = torch.full_like(there, -1, dtype=torch.int64).masked_scatter(there, ids[slots])
    kept = best(laid.detach(), names.masked_fill(~there, _LAST_SLOT), top)
    spare = (0, top - kept.shape[-1])
    return Read(value, mass, pad(names.gather(-1, kept), spare, value=-1), pad(shares.gather(-1, kept), spare))


def _scores(query: Tensor, keys: Tensor, counts: Tensor, slots: Tensor) -> Tensor:
    """Score the pairs: (m,) in the dtype of the query."""
    if _no_slope(query, keys) and _sampled(query, keys) and len(slots):
        return _products(query, keys, counts, slots)
    row = torch.repeat_interleave(torch.arange(len(query), device=query.device), counts)
    return (keys[slots].to(query.dtype) * query[row]).sum(-1)


def _no_slope(*sides: Tensor) -> bool:
    return not torch.is_grad_enabled() or not any(side.requires_grad for side in sides)


def _weighty(shares: Tensor, there: Tensor, slots: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Leave out slots whose shares (q, m) are together below the rounding of a sum: their values need not be fetched.

    Gives the shares that are left, query after query, how many of each, and their slots.
    """
    kept = there & (shares * max(1, there.shape[-1]) > torch.finfo(shares.dtype).eps)
    return shares[kept], kept.sum(-1), slots[kept[there]]


def _sampled(query: Tensor, keys: Tensor) -> bool:
    """Tell whether the sampled product may be used: its CPU kernel copies no key, and is 5 times faster."""
    plain = query.dtype == keys.dtype and query.dtype in (torch.float32, torch.float64)
    return plain and query.is_cpu and keys.is_contiguous() and bool(torch.backends.mkl.is_available())  # type: ignore[no-untyped-call]


def _products(query: Tensor, keys: Tensor, counts: Tensor, slots: Tensor) -> Tensor:
    starts = torch.cat((counts.new_zeros(1), counts.cumsum(0)))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        wanted = torch.sparse_csr_tensor(
            starts, slots, query.new_zeros(len(slots)), (len(query), len(keys)), check_invariants=False
        )
        found = torch.sparse.sampled_addmm(wanted, query.contiguous(), keys.T, beta=0.0)
    scores: Tensor = found.values()
    return scores


def _sum(shares: Tensor, counts: Tensor, slots: Tensor, values: Tensor) -> Tensor:
    """Sum shares (m,) times values by query, at least in float32: (q, v)."""
    if not len(slots):
        return values.new_zeros(len(counts), values.shape[-1]) + 0 * shares.sum()
    if values.dtype == shares.dtype:
        starts = counts.cumsum(0) - counts
        return embedding_bag(slots, values, starts, per_sample_weights=shares, mode="sum")
    row = torch.repeat_interleave(torch.arange(len(counts), device=counts.device), counts)
    sums = shares.new_zeros(len(counts), values.shape[-1])
    return sums.index_add(0, row, shares[:, None] * values[slots].to(shares.dtype)).to(values.dtype)
