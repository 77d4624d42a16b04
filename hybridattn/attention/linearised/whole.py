"""Linear attention of every row to every slot, and the same as a similarity for the one read."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hybridattn.attention.check import check_slots
from hybridattn.attention.linearised.features import EluPlusOne, FeatureMap
from hybridattn.attention.linearised.linear import averaged

__all__ = ["InFeatures", "linearised_read"]

_ELU = EluPlusOne()


@dataclass(frozen=True)
class InFeatures:
    """The dot product of features, phi(q) . phi(k): with `MeanShift(Linear())` a read is linear attention.

    That read computes all q x n scores, as it must to name the best slots; `linearised_read` and `linear_attention` are
    the same numbers in linear time.

    >>> InFeatures(EluPlusOne())(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]]))
    tensor([[5.]])
    """

    feature_map: FeatureMap

    def __call__(self, query: Tensor, keys: Tensor, /) -> Tensor:
        """Give phi(q) . phi(k) as (..., q, n)."""
        query, keys = self.factors(query, keys)
        return query @ keys.mT

    def factors(self, query: Tensor, keys: Tensor, /) -> tuple[Tensor, Tensor]:
        """Give the features of both sides."""
        return self.feature_map(query), self.feature_map(keys)


def linearised_read(
    query: Tensor, keys: Tensor, values: Tensor, *, feature_map: FeatureMap = _ELU, slots: Tensor | None = None
) -> Tensor:
    """Give phi(q) (sum_i phi(k_i) v_i^T) / phi(q) . sum_i phi(k_i), (..., q, v), in time O((q + n) w v).

    Every row reads every slot (Katharopoulos et al. 2020, arXiv 2006.16236, eq. 5-6); the causal one is
    `linear_attention`. Sums are made in at least float32.

    Args:
        query, keys, values: (..., q, d), (..., n, d) and (..., n, v).
        feature_map: phi, of width w; at least 0, so that weights are.
        slots: (..., n) bool, True where there is a slot, as for padding.

    Returns:
        The values, 0 where the sum of the weights is 0.

    Raises:
        ShapeError, ArgumentError: as `read`.

    >>> linearised_read(torch.zeros(1, 2), torch.zeros(3, 2), torch.tensor([[1.0], [3.0], [8.0]]))
    tensor([[4.]])
    """
    check_slots(query, keys, values, slots)
    wide = torch.promote_types(query.dtype, torch.float32)
    asked, stored = feature_map(query.to(wide)), feature_map(keys.to(wide))
    counted = torch.cat((values.to(wide), torch.ones_like(values[..., :1], dtype=wide)), -1)
    if slots is not None:  # whatever is there, NaN too
        stored, counted = (torch.where(slots.unsqueeze(-1), side, 0.0) for side in (stored, counted))
    return averaged(asked @ (stored.mT @ counted)).to(values.dtype)
