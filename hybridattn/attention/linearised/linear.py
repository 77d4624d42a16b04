"""Causal linear attention: fast weights that only add."""

from collections.abc import Iterator

import torch
from torch import Tensor

from hybridattn.attention.linearised.chunks import chunked
from hybridattn.attention.linearised.features import EluPlusOne, FeatureMap
from hybridattn.attention.linearised.steps import Scan, Steps, steps_of
from hybridattn.errors import ArgumentError

__all__ = ["averaged", "linear_attention", "linear_attention_loop"]

_ELU = EluPlusOne()
_SEGMENT = 4096
"""So many positions are taken through all steps at once; longer ones cost more each (measured)."""


def linear_attention(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    *,
    feature_map: FeatureMap = _ELU,
    normalise: bool = True,
    state: Tensor | None = None,
    chunk: int = 64,
) -> Scan:
    """Attend to all positions so far, in time linear in n: phi(q_t) S_t / phi(q_t) . z_t (Katharopoulos et al. 2020).

    S_t = S_(t-1) + phi(k_t) v_t^T and z_t = z_(t-1) + phi(k_t) (arXiv 2006.16236, section 3.3). Leading axes (batches,
    heads) broadcast. bfloat16 and float16 are accumulated in float32.

    Args:
        query, keys: (..., n, d).
        values: (..., n, v).
        feature_map: phi; above 0 where the output is normalised, so that no sum is 0.
        normalise: whether to divide by the sum of the weights; else the output is phi(q_t) S_t.
        state: (..., w, v), w the width of phi(k), as a scan before left it; with `normalise` (..., w, v + 1), z last.
        chunk: how many positions are taken at once.

    Returns:
        The outputs (..., n, v), 0 where the sum of the weights is 0, and the last state.

    Raises:
        ShapeError: shapes that do not fit each other.
        ArgumentError: chunk below 1, or numbers that are not floating point.

    >>> linear_attention(torch.zeros(3, 2), torch.zeros(3, 2), torch.tensor([[1.0], [3.0], [8.0]])).output.flatten()
    tensor([1., 2., 4.])
    """
    outputs = []
    for part in _segments(query, keys, values):
        steps = _steps(*part, feature_map, normalise, state)
        output, state = chunked(steps, chunk)
        outputs.append(averaged(output) if normalise else output)
    assert state is not None
    joined = outputs[0] if len(outputs) == 1 else torch.cat(outputs, -2)
    return Scan(joined.to(values.dtype), state)


def _segments(query: Tensor, keys: Tensor, values: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Cut a long sequence: what is made on the way stays in the cache, and memory is asked for in pieces used again."""
    sides = query, keys, values
    fits = min(side.ndim for side in sides) > 1 and len({side.shape[-2] for side in sides}) == 1
    if not fits or query.shape[-2] <= _SEGMENT or query.shape[-1] != keys.shape[-1]:
        yield sides
        return
    yield from zip(*(torch.split(side, _SEGMENT, -2) for side in sides), strict=True)


def linear_attention_loop(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    *,
    feature_map: FeatureMap = _ELU,
    normalise: bool = True,
    state: Tensor | None = None,
) -> Scan:
    """Compute the same as `linear_attention`, one position after the other: slow and obvious."""
    steps = _steps(query, keys, values, feature_map, normalise, state)
    weights, outputs = steps.state, [steps.values[..., :0, :]]
    for t in range(steps.keys.shape[-2]):
        weights = weights + steps.keys[..., t, :, None] * steps.values[..., t, None, :]
        outputs.append(steps.query[..., t, None, :] @ weights)
    return _scan(torch.cat(outputs, -2), weights, normalise, values.dtype)


def averaged(sums: Tensor) -> Tensor:
    """Divide sums (..., v + 1) by their last column: (..., v); 0 where that is 0."""
    sums, whole = sums[..., :-1], sums[..., -1:]
    return (sums / whole.where(whole != 0, 1.0)).where(whole != 0, 0.0)


def _scan(output: Tensor, state: Tensor, normalise: bool, dtype: torch.dtype) -> Scan:
    return Scan((averaged(output) if normalise else output).to(dtype), state)


def _steps(
    query: Tensor, keys: Tensor, values: Tensor, feature_map: FeatureMap, normalise: bool, state: Tensor | None
) -> Steps:
    for name, part in (("query", query), ("keys", keys), ("values", values)):
        if not part.is_floating_point():
            raise ArgumentError(f"{name} must be floating point; got {part.dtype}")
    if normalise and values.ndim:
        values = torch.cat((values, torch.ones_like(values[..., :1])), -1)
    features = [feature_map(part.to(torch.promote_types(part.dtype, torch.float32))) for part in (query, keys)]
    return steps_of(features[0], features[1], values, None, None, state)
