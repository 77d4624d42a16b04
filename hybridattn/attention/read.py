"""The one operation: separation(beta * similarity(query, keys)) @ values."""

import math

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

from hybridattn.attention.check import check
from hybridattn.attention.result import Read, mapped
from hybridattn.attention.separation import Separation, Softmax
from hybridattn.attention.similarity import Dot, Factored, Similarity
from hybridattn.attention.tiles.layout import Layout, broadcast, lay_out, picked
from hybridattn.attention.tiles.rows import Scoring, read_rows, row_potential
from hybridattn.attention.tiles.stream import stream
from hybridattn.attention.tiles.top import best
from hybridattn.errors import ArgumentError

__all__ = ["potential", "read"]

_DOT = Dot()
_SOFTMAX = Softmax()
_SMALL = 1 << 18
"""Up to so many scores, 1 MiB of float32, all at once takes less time than tile by tile (measured)."""


def read(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    *,
    similarity: Similarity = _DOT,
    separation: Separation = _SOFTMAX,
    beta: float | Tensor = 1.0,
    mask: Tensor | None = None,
    prior: Tensor | None = None,
    top: int | None = None,
    log_mass: bool = False,
) -> Read:
    """Read what is stored under the keys that are most like the query: separation(scores) @ values.

    scores = beta * similarity(query, keys) + prior (Universal Hopfield Networks, Millidge et al. 2022, arXiv
    2202.04557, eq. 1; with the default parts, scaled dot-product attention and the update of Ramsauer et al. 2021,
    arXiv 2008.02217, eq. 3). Differentiable in every tensor, once. Memory is O(q + n) for `Softmax` with a `Factored`
    similarity and a prior without gradient; else whole rows of scores are held, as many as fit a fixed budget, but at
    least one.

    Args:
        query: (..., q, d); leading axes broadcast with those of all other tensors.
        keys: (..., n, d), in the dtype of the query.
        values: (..., n, v), in the dtype of the query.
        similarity: how alike query and key are; `Dot()`, `Cosine()`, `NegativeSquaredEuclidean()` or your own.
        separation: from scores to weights; `Softmax()`, `Hard()` or your own.
        beta: inverse temperature, at least 0: a number, or a tensor that broadcasts to (..., q, 1).
        mask: bool, broadcasts to (..., q, n); True means that the slot may be read.
        prior: added to the scores, broadcasts to (..., q, n); -inf is allowed. With a mask it takes their joint shape.
        top: how many of the best slots to name, with their shares; implies the log mass for `Softmax`.
        log_mass: whether to give log sum_i exp(scores_i); for `Softmax` only, reads by others cannot be merged.

    Returns:
        The value (..., q, v) and what was asked for. A query without a readable slot reads 0 with log mass -inf.
        Equal scores go to the lower slot. `Softmax` names every readable slot, others those of weight above 0.

    Raises:
        ShapeError: shapes that do not fit each other.
        ArgumentError: beta or top out of range, dtypes that differ, a log mass of something other than `Softmax`.

    >>> pairs = read(torch.tensor([[1.0, 0.0]]), torch.eye(2), torch.tensor([[5.0], [9.0]]), beta=100.0, top=1)
    >>> pairs.value, pairs.slots
    (tensor([[5.]]), tensor([[0]]))
    """
    check(query, keys, values, beta, mask, prior, top)
    if log_mass and not isinstance(separation, Softmax):
        raise ArgumentError(f"log_mass is known for Softmax() only; got {separation!r}")
    wants_mass = isinstance(separation, Softmax) and (log_mass or top is not None)
    if not isinstance(separation, Softmax) or not isinstance(similarity, Factored) or _has_slope(prior):
        return _read_rows(query, keys, values, Scoring(similarity, beta, mask, prior), separation, top, wants_mass)
    query, keys = similarity.factors(query, keys)
    if isinstance(beta, Tensor):
        query, beta = query * beta.to(query.dtype), 1.0
    if wants_mass and _scores(query, keys, mask, prior) <= _SMALL:
        return _read_rows(query, keys, values, Scoring(_DOT, beta, mask, prior), separation, top, True)
    return _read_factored(query, keys, values, beta, mask, prior, top, wants_mass)


def potential(
    query: Tensor,
    keys: Tensor,
    *,
    similarity: Similarity = _DOT,
    separation: Separation = _SOFTMAX,
    beta: float = 1.0,
) -> Tensor:
    """Give the potential of beta * similarity(query, keys), (..., q): for `Softmax` the log mass of a `read`.

    query (..., q, d), keys (..., n, d); memory and errors as for `read`.
    """
    check(query, keys, keys, beta, None, None, None)
    layout = lay_out(query, keys, keys, ())
    if isinstance(separation, Softmax) and isinstance(similarity, Factored):
        query, keys = similarity.factors(query, keys)
        if query.shape[-1] and _scores(query, keys, None, None) > _SMALL:
            rows, slots = layout.rows(query), layout.slots(keys)
            _, mass, _ = stream(rows, slots, slots[..., :0], beta, None, None, 0)
            return layout.back(mass)
        similarity = _DOT
    scoring = Scoring(similarity, beta, None, None)
    return layout.back(row_potential(layout.rows(query), layout.slots(keys), scoring, separation))


def _read_rows(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    scoring: Scoring,
    separation: Separation,
    top: int | None,
    wants_mass: bool,
) -> Read:
    layout = lay_out(query, keys, values, [part for part in scoring[1:] if isinstance(part, Tensor) and part.ndim])
    similarity, beta, mask, prior = scoring
    laid_beta = layout.bias(beta) if isinstance(beta, Tensor) else None
    scoring = Scoring(similarity, beta if laid_beta is None else laid_beta, layout.bias(mask), layout.bias(prior))
    value, mass, *found = read_rows(
        layout.rows(query), layout.slots(keys), layout.slots(values), scoring, separation, top
    )
    slots, shares = found or (None, None)
    return _back(layout, value, mass if wants_mass else None, slots, shares)


def _read_factored(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    beta: float,
    mask: Tensor | None,
    prior: Tensor | None,
    top: int | None,
    wants_mass: bool,
) -> Read:
    biases = [bias for bias in (mask, prior) if bias is not None]
    if not biases and not wants_mass and query.ndim == keys.ndim == values.ndim == 2:  # nothing to lay out
        return Read(_attend(query.unsqueeze(0), keys.unsqueeze(0), values.unsqueeze(0), beta, None, None)[0])
    layout = lay_out(query, keys, values, biases)
    query, keys, values = layout.rows(query), layout.slots(keys), layout.slots(values)
    mask, prior = layout.bias(mask), layout.bias(prior)
    if not wants_mass:
        return Read(layout.back(_attend(query, keys, values, beta, mask, prior)))
    value, mass, slots = stream(query, keys, values, beta, mask, prior, top or 0)
    if top is None:
        return Read(layout.back(value), layout.back(mass))
    return _back(layout, value, mass, *_shares(query, keys, beta, prior, mass, slots))


def _attend(
    query: Tensor, keys: Tensor, values: Tensor, beta: float, mask: Tensor | None, prior: Tensor | None
) -> Tensor:
    # On CPUs SDPA holds all q x n scores as soon as keys and values differ in width, or have no width at all.
    narrow, wide = query.shape[-1], values.shape[-1]
    if narrow < wide or not narrow:
        query, keys = (pad(side, (0, max(wide, 1) - narrow)) for side in (query, keys))
    if wide < query.shape[-1]:
        values = pad(values, (0, query.shape[-1] - wide))
    bias = mask if prior is None else prior.to(query.dtype)
    if mask is not None and prior is not None:
        bias = torch.where(mask, prior.to(query.dtype), -torch.inf)
    bias = None if bias is None else bias.unsqueeze(1)
    query, keys, values = query.unsqueeze(1), keys.unsqueeze(1), values.unsqueeze(1)
    return scaled_dot_product_attention(query, keys, values, attn_mask=bias, scale=beta)[:, 0, :, :wide]


def _shares(
    query: Tensor, keys: Tensor, beta: float, prior: Tensor | None, mass: Tensor, slots: Tensor
) -> tuple[Tensor, Tensor]:
    known = slots.clamp(min=0)
    # Summed by hand: a matrix product rounds equal keys differently by their place, which would upset equals.
    scores = beta * (query.to(mass.dtype).unsqueeze(-2) * picked(keys, known).to(mass.dtype)).sum(-1)
    if prior is not None:
        scores = scores + prior.expand(*query.shape[:2], keys.shape[1]).gather(-1, known)
    scores = scores.masked_fill(slots < 0, -torch.inf)
    order = best(scores.detach(), known, slots.shape[-1])
    shares = (scores - mass.masked_fill(mass == -torch.inf, 0.0).unsqueeze(-1)).exp()
    return slots.gather(-1, order), shares.gather(-1, order)


def _back(layout: Layout, value: Tensor, *rest: Tensor | None) -> Read:
    return mapped(layout.back, Read(value, *rest))


def _scores(query: Tensor, keys: Tensor, *biases: Tensor | None) -> int:
    leads = (side.shape[:-2] for side in (query, keys, *biases) if side is not None)
    return math.prod(broadcast(*leads)) * query.shape[-2] * keys.shape[-2]


def _has_slope(prior: Tensor | None) -> bool:
    # SDPA holds all q x n scores when it has to differentiate its bias.
    return prior is not None and prior.requires_grad and torch.is_grad_enabled()
