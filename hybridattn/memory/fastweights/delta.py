"""The delta rule: fast weights that write the difference between what is wanted and what is there."""

import torch
from torch import Tensor

from hybridattn.attention.linearised.chunks import chunked
from hybridattn.attention.linearised.steps import Scan, steps_of

__all__ = ["delta_rule", "delta_rule_loop", "gated_delta_rule", "gated_delta_rule_loop"]


def delta_rule(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    strength: Tensor,
    *,
    state: Tensor | None = None,
    chunk: int = 64,
) -> Scan:
    """Write by the delta rule, and read after each write: S_t = S_(t-1) + b_t k_t (v_t - S_(t-1)^T k_t)^T.

    The outputs are S_t^T q_t. Schlag et al. 2021, arXiv 2102.11174; in chunks as in Yang et al. 2024, arXiv 2406.06484.
    It is stable while b_t |k_t|^2 <= 2: 1 replaces what is stored under the key, 0 writes nothing. Leading axes
    (batches, heads) broadcast; positions with strength 0 at the end of a shorter sequence leave its state. bfloat16 and
    float16 are accumulated in float32. Differentiable in everything.

    Args:
        query, keys: (..., n, d); normalise the keys yourself.
        values: (..., n, v).
        strength: (..., n), b.
        state: (..., d, v), as a scan before left it; None is zero.
        chunk: how many positions are taken at once.

    Returns:
        The outputs (..., n, v) and the last state (..., d, v).

    Raises:
        ShapeError: shapes that do not fit each other.
        ArgumentError: chunk below 1, or numbers that are not floating point.

    >>> key = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    >>> delta_rule(key, key, torch.tensor([[5.0], [7.0]]), torch.ones(2)).output.flatten()  # the last write wins
    tensor([5., 7.])
    """
    steps = steps_of(query, keys, values, strength, None, state)
    output, last = chunked(steps, chunk)
    return Scan(output.to(values.dtype), last)


def delta_rule_loop(
    query: Tensor, keys: Tensor, values: Tensor, strength: Tensor, *, state: Tensor | None = None
) -> Scan:
    """Compute the same as `delta_rule`, one position after the other: slow and obvious."""
    still = torch.zeros_like(strength)
    return gated_delta_rule_loop(query, keys, values, strength, still, state=state)


def gated_delta_rule(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    strength: Tensor,
    log_decay: Tensor,
    *,
    state: Tensor | None = None,
    chunk: int = 64,
) -> Scan:
    """Write by the delta rule to weights that fade: S_t = a_t (I - b_t k_t k_t^T) S_(t-1) + b_t k_t v_t^T.

    Yang et al. 2025, arXiv 2412.06464. As `delta_rule`, with log_decay (..., n) the logarithm of a_t: at most 0, where
    0 keeps all and -inf forgets all. Products of decays are sums of logarithms, and never leave [0, 1].

    >>> key = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> values, half = torch.tensor([[8.0], [2.0]]), torch.tensor([0.5, 0.5]).log()
    >>> gated_delta_rule(key, key, values, torch.ones(2), half).state.flatten()
    tensor([4., 2.])
    """
    steps = steps_of(query, keys, values, strength, log_decay, state)
    output, last = chunked(steps, chunk)
    return Scan(output.to(values.dtype), last)


def gated_delta_rule_loop(
    query: Tensor, keys: Tensor, values: Tensor, strength: Tensor, log_decay: Tensor, *, state: Tensor | None = None
) -> Scan:
    """Compute the same as `gated_delta_rule`, one position after the other: slow and obvious."""
    query, keys, wanted, share, gates, weights = steps_of(query, keys, values, strength, log_decay, state)
    assert share is not None
    assert gates is not None
    outputs = []
    for t in range(keys.shape[-2]):
        key = keys[..., t, :, None]
        faded = gates[..., t, None, None].exp() * weights
        error = wanted[..., t, None, :] - key.mT @ faded
        weights = faded + share[..., t, None, None] * key * error
        outputs.append(query[..., t, None, :] @ weights)
    output = torch.cat(outputs, -2) if outputs else wanted
    return Scan(output.to(values.dtype), weights)
