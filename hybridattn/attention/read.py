"""The one operation: separation(beta * similarity(query, keys)) @ values."""

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from hybridattn.attention.check import check
from hybridattn.attention.heads import by_head
from hybridattn.attention.result import Read, mapped
from hybridattn.attention.separation import Headed, Separation, Softmax
from hybridattn.attention.similarity import Dot, Factored, Similarity
from hybridattn.attention.tiles.factors import Factors
from hybridattn.attention.tiles.lookup import Lookup
from hybridattn.attention.tiles.rows import Parts, is_hot, read_rows, row_potential
from hybridattn.attention.tiles.small import attend, read_small
from hybridattn.attention.tiles.stream import stream
from hybridattn.errors import ArgumentError

__all__ = ["potential", "read"]

_DOT = Dot()
_SOFTMAX = Softmax()
_SMALL = 1 << 21
"""Up to so many scores, 8 MiB of float32, are held at once: that takes fewer calls than tile by tile."""


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
    arXiv 2008.02217, eq. 3). Memory is O(q + n) for `Softmax` with a `Factored` similarity and a prior without
    gradient, beyond a fixed budget; else whole rows of scores are held, as many as fit that budget, but at least one.

    Differentiable in every tensor; twice only with log mass or top, where all scores fit the budget; elsewhere a second
    derivative is an error, never 0. Under `torch.vmap` the value works, and so does the log mass within the budget; a
    top and separations other than `Softmax` look on a CPU whether keys are equal, which vmap refuses.

    The numbers are not looked at, for that would make a GPU wait: a NaN or infinity in a query makes its own row NaN,
    one in a key or a value any row beside it, under a mask too, for 0 times NaN is NaN. Memories check what is written.
    A zero vector is alike to all keys under `Dot` and `Cosine`. Sums are made in at least float32. A number beta so
    huge that scores would pass 2^100 is lowered, row by row, to where they do not: the best key is read, and several
    that are equal in equal parts; a tensor beta has to keep scores finite. A beta that underflows is 0: every slot has
    the same share.

    Args:
        query: (..., q, d); leading axes broadcast with those of all other tensors.
        keys: (..., n, d), in the dtype of the query.
        values: (..., n, v), in the dtype of the query.
        similarity: how alike query and key are; `Dot()`, `Cosine()`, `NegativeSquaredEuclidean()` or your own.
        separation: from scores to weights; `Softmax()`, `Hard()` or your own.
        beta: inverse temperature, at least 0: a number, or a tensor that broadcasts to (..., q, 1).
        mask: bool, broadcasts to (..., q, n); True means that the slot may be read.
        prior: added to the scores, broadcasts to (..., q, n); -inf is allowed. With a mask it takes their joint shape.
        top: how many of the best slots to name, with their shares; implies the log mass for `Softmax`. The shares of
            other separations are their weights, ranked by magnitude: they may be negative, or sum to something else.
        log_mass: whether to give log sum_i exp(scores_i); for `Softmax` only, reads by others cannot be merged.

    Returns:
        The value (..., q, v) and what was asked for. A query without a readable slot reads 0 with log mass -inf.
        Equal keys score alike, and equal scores go to the lower slot. `Softmax` names every readable slot, others those
        whose weight is not 0.

    Raises:
        ShapeError: shapes that do not fit each other.
        ArgumentError: beta or top out of range, dtypes that differ, a log mass of something other than `Softmax`.

    >>> pairs = read(torch.tensor([[1.0, 0.0]]), torch.eye(2), torch.tensor([[5.0], [9.0]]), beta=100.0, top=1)
    >>> pairs.value, pairs.slots
    (tensor([[5.]]), tensor([[0]]))
    """
    lookup = Lookup(query, keys, values, beta, mask, prior)
    check(lookup, top)
    soft = isinstance(separation, Softmax)
    if log_mass and not soft:
        raise ArgumentError(f"log_mass is known for Softmax() only; got {separation!r}")
    if not soft and isinstance(separation, Headed) and separation.heads is not None:
        parts = {"similarity": similarity, "beta": beta, "mask": mask, "prior": prior, "top": top}
        return by_head(read, separation, query, keys, values, **parts)
    wants_mass = soft and (log_mass or top is not None)
    dot = isinstance(similarity, Dot)  # asked first: to look for the methods of a protocol takes 20 times as long
    if not soft or is_hot(beta) or not (dot or isinstance(similarity, Factored)):
        return _read_rows(lookup, Parts(similarity, separation), top, wants_mass)
    if not dot and isinstance(similarity, Factored):
        lookup = lookup._replace(**dict(zip(("query", "keys"), similarity.factors(query, keys), strict=True)))
    if not wants_mass and lookup.plain:
        return Read(_attend_matrices(lookup))
    if lookup.has_prior_slope and lookup.scores > _SMALL:  # SDPA holds all scores to differentiate its bias
        return _read_rows(lookup, Parts(_DOT, separation), top, wants_mass)
    return _read_with_mass(lookup, top) if wants_mass else _read_value(lookup)


def potential(
    query: Tensor,
    keys: Tensor,
    *,
    similarity: Similarity = _DOT,
    separation: Separation = _SOFTMAX,
    beta: float | Tensor = 1.0,
) -> Tensor:
    """Give the potential of beta * similarity(query, keys), (..., q): for `Softmax` the log mass of a `read`.

    query (..., q, d), keys (..., n, d); memory and errors as for `read`.
    """
    lookup = Lookup(query, keys, keys, beta)
    check(lookup)
    if isinstance(separation, Softmax) and isinstance(similarity, Factored) and lookup.scores > _SMALL:
        query, keys = similarity.factors(query, keys)
        laid, layout = Lookup(query, keys, keys[..., :0], beta).scaled().laid_out()
        return layout.back(stream(Factors.of(laid), laid.values, 0)[1])
    laid, layout = lookup.laid_out()
    return layout.back(row_potential(laid, Parts(similarity, separation)))


def _read_rows(lookup: Lookup, parts: Parts, top: int | None, wants_mass: bool) -> Read:
    laid, layout = lookup.laid_out()
    value, *found = read_rows(laid, parts, top, with_potential=wants_mass)
    mass = found.pop(0) if wants_mass else None
    return mapped(layout.back, Read(value, mass, *found))


def _read_with_mass(lookup: Lookup, top: int | None) -> Read:
    laid, layout = lookup.scaled().laid_out()
    factors = Factors.of(laid)
    if lookup.scores <= _SMALL:
        value, mass, slots, shares = read_small(factors, laid.values, top or 0)
    else:
        value, mass, slots = stream(factors, laid.values, top or 0)
        shares = (factors.exact(slots) - mass.masked_fill(mass == -torch.inf, 0.0).unsqueeze(-1)).exp()
    found = Read(value, mass) if top is None else Read(value, mass, slots, shares)
    return mapped(layout.back, found)


def _read_value(lookup: Lookup) -> Read:
    if isinstance(lookup.beta, Tensor):
        lookup = lookup._replace(query=lookup.query * lookup.beta.to(lookup.query.dtype), beta=1.0)
    laid, layout = lookup.laid_out()
    return Read(layout.back(attend(laid)))


def _attend_matrices(lookup: Lookup) -> Tensor:
    """Attend with three matrices: nothing to lay out, and as few calls as can be."""
    query, keys, values, beta, _, _ = lookup
    assert not isinstance(beta, Tensor)
    if query.shape[-1] != values.shape[-1] or not query.shape[-1]:
        return attend(Lookup(query.unsqueeze(0), keys.unsqueeze(0), values.unsqueeze(0), beta))[0]
    query, keys, values = query[None, None], keys[None, None], values[None, None]
    return scaled_dot_product_attention(query, keys, values, scale=beta)[0, 0]
