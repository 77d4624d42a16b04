"""Scores of an earlier layer as a prior, without a matrix of them."""

import torch
from torch import Tensor

from hybridattn.errors import ShapeError

__all__ = ["with_previous"]


def with_previous(
    query: Tensor, keys: Tensor, previous: tuple[Tensor, Tensor], *, share: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Give query and keys whose dot product is q . k + share * (q' . k'), with the previous query q' and keys k'.

    The residual attention of RealFormer (He et al. 2021, arXiv 2012.11747, eq. 3-4), where scores of a layer are added
    to those of the next. A sum of dot products is the dot product of what is put side by side, so no q x n matrix is
    held; give what comes back as `previous` of the layer above. With a beta it holds for both parts alike.

    query (..., q, d), keys (..., n, d), previous (..., q, e) and (..., n, e): gives (..., q, d + e), (..., n, d + e).
    Raises ShapeError where rows or slots are not as many.

    >>> before = torch.ones(1, 1), torch.tensor([[0.0], [2.0]])
    >>> query, keys = with_previous(torch.ones(1, 1), torch.ones(2, 1), before)
    >>> (query @ keys.mT).tolist()
    [[1.0, 3.0]]
    """
    sides = zip(("query", "keys"), (query, keys), previous, strict=True)
    for name, now, before in sides:
        if now.shape[:-1] != before.shape[:-1]:
            got = f"{tuple(now.shape)} and {tuple(before.shape)}"
            raise ShapeError(f"{name} and previous {name} must have the same rows; got shapes {got}")
    return torch.cat((query, share * previous[0]), -1), torch.cat((keys, previous[1]), -1)
