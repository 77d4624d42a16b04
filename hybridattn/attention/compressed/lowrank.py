"""Low rank: slots projected to few along their length, or seen through landmarks."""

from typing import Any

import torch
from torch import Tensor, nn

from hybridattn.attention.check import check_slots
from hybridattn.attention.compressed.pooled import segment_means
from hybridattn.attention.compressed.protocol import Compressed, prior_of_any
from hybridattn.attention.read import read
from hybridattn.attention.separation import Softmax
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["Linformer", "Nystrom", "iterated_inverse"]

_SOFTMAX = Softmax()


class Linformer(nn.Module):
    """Keys E^T K and values F^T V with trained E and F, (length, rank): Wang et al. 2020, arXiv 2006.04768, eq. 7.

    Fewer slots than `length` use the first rows of E and F, as the published package does; slots that do not exist
    count 0.

    Args:
        length: how many slots there are at most.
        rank: how many are read.
        shared: whether F is E.
        generator: where E and F start, uniform within 1 / sqrt(rank).
    """

    def __init__(self, length: int, rank: int, *, shared: bool = False, generator: torch.Generator) -> None:
        super().__init__()
        for name, number in (("length", length), ("rank", rank)):
            if number < 1:
                raise ArgumentError(f"{name} must be at least 1; got {number}")
        self.length, self.rank, self.shared = length, rank, shared
        drawn = [(2 * torch.rand(length, rank, generator=generator) - 1) * rank**-0.5 for _ in range(2 - shared)]
        self.for_keys = nn.Parameter(drawn[0])
        """E, (length, rank)."""
        self.for_values = self.for_keys if shared else nn.Parameter(drawn[1])
        """F, (length, rank)."""

    def forward(self, query: Tensor, keys: Tensor, values: Tensor, slots: Tensor | None = None, /) -> Compressed:
        """Project both; raises ShapeError for more than `length` slots."""
        check_slots(keys, keys, values, slots)
        n = keys.shape[-2]
        if n > self.length:
            raise ShapeError(f"keys must have at most length={self.length} slots; got shape {tuple(keys.shape)}")
        if slots is not None:
            keys, values = (torch.where(slots.unsqueeze(-1), side, 0.0) for side in (keys, values))
        by_key, by_value = (side[:n].to(keys.dtype).mT for side in (self.for_keys, self.for_values))
        return Compressed(by_key @ keys, by_value @ values, prior_of_any(query, keys, slots, self.rank))


class Nystrom:
    """Landmarks stand for slots and rows: softmax(q l_k) pinv(softmax(l_q l_k)) softmax(l_q k) v.

    Xiong et al. 2021 (Nystromformer, arXiv 2102.03902, eq. 13 and 15): two reads and an inverse between them. Landmarks
    are the means of `landmarks` segments of rows and of slots, as equal in length as can be (the paper and its package
    pad to equal ones). Compressed keys are the landmarks l_k, values the inverse times the read of the landmarks l_q.
    Exact where every row and slot is a landmark. Rows of the query are mixed: a padded row has to be left out.

    Args:
        landmarks: m; no more are made than there are rows or slots.
        beta: of the landmarks' softmax; give the read the same.
        iterations: of `iterated_inverse`; None takes the pseudo-inverse by singular values.
    """

    def __init__(self, landmarks: int, *, beta: float = 1.0, iterations: int | None = None) -> None:
        for name, number in (("landmarks", landmarks), ("iterations", 1 if iterations is None else iterations)):
            if number < 1:
                raise ArgumentError(f"{name} must be at least 1; got {number}")
        self.landmarks, self.beta, self.iterations = landmarks, beta, iterations

    def __repr__(self) -> str:
        return f"Nystrom({self.landmarks}, beta={self.beta}, iterations={self.iterations})"

    def __call__(self, query: Tensor, keys: Tensor, values: Tensor, slots: Tensor | None = None, /) -> Compressed:
        """Give the landmarks of the keys, and what the landmarks of the query read, turned by the inverse."""
        check_slots(query, keys, values, slots)
        if slots is not None:
            keys, values = (torch.where(slots.unsqueeze(-1), side, 0.0) for side in (keys, values))
        asked, _ = segment_means(query, self.landmarks, None)
        marks, counts = segment_means(keys, self.landmarks, slots)
        mask = None if slots is None else slots.unsqueeze(-2)
        found = read(asked, keys, values, beta=self.beta, mask=mask).value
        prior = None if slots is None else torch.where(counts > 0, 0.0, -torch.inf).to(query.dtype).unsqueeze(-2)
        wide = torch.promote_types(query.dtype, torch.float32)  # an inverse makes much of what is rounded away
        scores = self.beta * asked.to(wide) @ marks.to(wide).mT
        core = _SOFTMAX.weights(scores if prior is None else scores + prior)
        inverse = torch.linalg.pinv(core) if self.iterations is None else iterated_inverse(core, self.iterations)
        return Compressed(marks, (inverse @ found.to(wide)).to(values.dtype), prior)


def iterated_inverse(matrix: Tensor, iterations: int = 6) -> Tensor:
    """Approach the pseudo-inverse of (..., m, m) by Z <- Z (13 I - A Z (15 I - A Z (7 I - A Z))) / 4.

    Xiong et al. 2021, arXiv 2102.03902, eq. 14 and the start A^T / (|A|_1 |A|_inf) below it, for every matrix its own
    norms (the published package takes the largest of the batch, so that an answer depends on its neighbours).

    >>> iterated_inverse(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), 8)
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    if matrix.ndim < 2:
        raise ShapeError(f"matrix must have at least 2 axes; got shape {tuple(matrix.shape)}")
    if not matrix.is_floating_point():
        raise ArgumentError(f"matrix must be floating point; got {matrix.dtype}")
    if not matrix.numel():
        return matrix.mT
    size = matrix.abs()
    norms = size.sum(-2).amax(-1) * size.sum(-1).amax(-1)
    found = matrix.mT / norms[..., None, None].clamp(min=torch.finfo(matrix.dtype).tiny)
    one: Any = torch.eye(matrix.shape[-2], dtype=matrix.dtype, device=matrix.device)
    for _ in range(iterations):
        product = matrix @ found
        found = found @ (13 * one - product @ (15 * one - product @ (7 * one - product))) / 4
    return found
