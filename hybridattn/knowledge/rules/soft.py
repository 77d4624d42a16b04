"""The soft chart: the distribution over what a path composes to, over all bracketings, with gradients."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["Sureness", "expected_counts", "of_conclusion", "of_parts", "soft_chart"]

Sureness: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""How sure a split is, (..., 1), from the products of its parts (..., R^2) and what they conclude (..., R)."""

BATCH = 512  # paths at once: the outer products of a chart of ten facts stay under 200 MB


def of_conclusion(pairs: Tensor, concluded: Tensor) -> Tensor:
    """Call a split as sure as the likeliest conclusion: max_r P_imj(r). For answers."""
    return concluded.amax(-1, keepdim=True)


def of_parts(pairs: Tensor, concluded: Tensor) -> Tensor:
    """Call a split as sure as its parts: max_r P_im(r) max_r P_mj(r).

    For learning: where both parts are known and what they compose to is not, there is something to learn; where a part
    is not known, whatever would make it fit is a guess.
    """
    return pairs.amax(-1, keepdim=True)


def soft_chart(
    leaves: Tensor, compositions: Tensor, *, beta: float = 0.0, sureness: Sureness = of_conclusion
) -> Tensor:
    """Compose paths of k relations by every bracketing: (b, R), the distribution over conclusions.

    With P(r3 | r1, r2) the inside pass is P_ij(r) = sum_m a_m sum_(r1, r2) P_im(r1) P_mj(r2) P(r | r1, r2), where the
    attention over split points is a = softmax_m(beta s_m) with the sureness s_m of a split, max_r P_imj(r) unless
    another is given: at beta = 0 all split points count alike, and the larger beta the more the sure ones (Lari and
    Young 1990, without their grammar's probabilities of splitting).

    Args:
        leaves: (b, k, R), for each path and step a distribution over relations; k at least 1.
        compositions: (R, R, R), P(r3 | r1, r2), which sums to 1 over r3, or to less where two may compose to nothing.
        beta: inverse temperature of the attention over split points, at least 0.
        sureness: of a split, `of_conclusion` or `of_parts`.

    Raises:
        ShapeError: shapes that do not fit.
        ArgumentError: beta is negative.

    >>> rules = torch.zeros(2, 2, 2)
    >>> rules[0, 0, 1] = rules[0, 1, 0] = rules[1, 0, 0] = rules[1, 1, 1] = 1.0  # two of relation 0 make relation 1
    >>> soft_chart(torch.tensor([[[1.0, 0.0]] * 3]), rules)
    tensor([[1., 0.]])
    """
    size = leaves.shape[-1]
    if leaves.ndim != 3 or not leaves.shape[1]:
        raise ShapeError(f"leaves must have shape (b, k, R) with k at least 1; got {tuple(leaves.shape)}")
    if compositions.shape != (size, size, size):
        raise ShapeError(f"compositions must have shape {(size,) * 3}; got {tuple(compositions.shape)}")
    if not beta >= 0:
        raise ArgumentError(f"beta must be at least 0; got {beta}")
    spans, flat = [leaves], compositions.reshape(size * size, size)
    for length in range(2, leaves.shape[1] + 1):
        spans.append(_spans(spans, length, flat, beta, sureness))
    return spans[-1][:, 0]


def _spans(spans: list[Tensor], length: int, flat: Tensor, beta: float, sureness: Sureness) -> Tensor:
    """Compose all spans of one length, (b, n, R), from the shorter ones."""
    count = spans[0].shape[1] - length + 1
    pairs = torch.stack(
        [
            (spans[left - 1][:, :count].unsqueeze(-1) * spans[length - left - 1][:, left : left + count].unsqueeze(-2))
            for left in range(1, length)
        ]
    ).flatten(-2)
    if beta == 0:
        return pairs.mean(0) @ flat
    each = pairs @ flat
    return ((beta * sureness(pairs, each)).softmax(0) * each).sum(0)


def expected_counts(paths: Tensor, values: Tensor, weights: Tensor, compositions: Tensor) -> Tensor:
    """Count the compositions that examples are expected to have used: (R, R, R), the E step of EM.

    An example of k relations uses k - 1 compositions; over the posterior of all bracketings and inner relations given
    its conclusion. The inside-outside counts are the gradient of the log likelihood in log P (Eisner 2016). Examples
    that the compositions give no probability count nothing.

    Args:
        paths: (m, k) int64, relations of each example.
        values: (m,) int64, what each composes to.
        weights: (m,), how often each was seen.
        compositions: (R, R, R), P(r3 | r1, r2).
    """
    size = compositions.shape[0]
    counts = torch.zeros_like(compositions)
    for start in range(0, len(paths), BATCH):
        part = slice(start, start + BATCH)
        with torch.enable_grad():
            rules = compositions.detach().clone().requires_grad_()
            leaves = torch.nn.functional.one_hot(paths[part], size).to(rules)
            likelihood = soft_chart(leaves, rules).gather(1, values[part].unsqueeze(1)).squeeze(1)
            likely = likelihood > 0
            total = (weights[part] * likelihood.where(likely, 1.0).log()).sum()
            if likely.any():
                (slope,) = torch.autograd.grad(total, rules)
                counts += slope * compositions
    return counts
