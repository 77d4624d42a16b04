"""The weights of any attention, by asking it for values that tell them."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from hybridattn.attention.recording.recorded import RecordedAttention
from hybridattn.attention.tiles.layout import broadcast
from hybridattn.attention.tiles.top import best as best_of
from hybridattn.errors import ArgumentError, ShapeError

__all__ = ["attention_weights", "weights_of", "with_heads"]

_NUMBERS = 1 << 22
"""Up to so many weights, 16 MiB of float32, are held at once."""


@torch.no_grad()
def attention_weights(
    mechanism: Callable[[Tensor, Tensor, Tensor], Any], query: Tensor, keys: Tensor, values: Tensor, *, top: int = 8
) -> RecordedAttention:
    """Find how much of each value any mechanism takes, where what it gives is linear in the values.

    value_i = sum_j w_ij v_j, so that w_ij is what comes for the value 1 at slot j and 0 elsewhere: the mechanism is
    asked for the columns of the identity beside those of the values, as many at once as fit a fixed budget. So the
    weights are those of the slots that were stored, also where hashes, features or a compression stand between, and
    their entropy is exact. It is called about n q / 4,000,000 times, once for small inputs.

    Args:
        mechanism: gives a tensor (..., q, v), or what has it as `value` or `output`, for query, keys and values; it has
            to take values of any width v. One that draws anew at every call has to be small enough for one call.
        query, keys, values: (..., q, d), (..., n, d) and (..., n, v).
        top: how many slots of each row are kept, those of largest weight by magnitude.

    Returns:
        Weights are in [0, 1] and sum to 1 for mechanisms that average; others, as Nystrom or `Linear()`, may give
        negative ones, and have no entropy. Leading axes are those of the value; of (b, q, v) a head of 1 is made.

    Raises:
        ArgumentError: the value is not the sum of the weights times the values, so that there are no such weights; the
            mechanism cannot be called, or gives something else; or top is below 1.
        ShapeError: no slots, tensors of fewer than two axes, or more values than keys, or fewer.

    >>> x = torch.tensor([[1.0], [3.0], [8.0], [8.0]])
    >>> from hybridattn import Pooled, compressed_read
    >>> attention_weights(lambda q, k, v: compressed_read(q, k, v, Pooled(2)), 0 * x[:1], x, x).shares
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """
    if top < 1:
        raise ArgumentError(f"top must be at least 1; got {top}")
    if not callable(mechanism):
        raise ArgumentError(f"mechanism must be called with query, keys and values; got {type(mechanism).__name__}")
    if min(query.ndim, keys.ndim, values.ndim) < 2 or not keys.shape[-2]:
        shapes = [tuple(side.shape) for side in (query, keys, values)]
        raise ShapeError(f"query, keys and values must have 2 axes or more, and a slot or more; got {shapes}")
    if values.shape[-2] != keys.shape[-2]:
        raise ShapeError(f"values must hold n={keys.shape[-2]} slots as keys do; got shape {tuple(values.shape)}")
    try:
        broadcast(query.shape[:-2], keys.shape[:-2])
    except RuntimeError as error:
        sides = f"{tuple(query.shape)} and {tuple(keys.shape)}"
        raise ShapeError(f"leading axes of query and keys must broadcast; got shapes {sides}") from error
    found, is_linear = weights_of(mechanism, query, keys, values, top)
    if not is_linear:
        raise ArgumentError("mechanism must be linear in its values and the same at every call; what it gave is not")
    return found


def weights_of(
    mechanism: Callable[[Tensor, Tensor, Tensor], Any], query: Tensor, keys: Tensor, values: Tensor, top: int
) -> tuple[RecordedAttention, bool]:
    """Find the weights, and whether the sum of weights times values is what the mechanism gave."""
    n, width = keys.shape[-2], values.shape[-1]
    lead = broadcast(query.shape[:-2], keys.shape[:-2])
    step = max(1, _NUMBERS // max(1, query.shape[-2] * math.prod(lead)))
    identity = torch.eye(n, dtype=values.dtype, device=values.device)
    given, best = values[..., :0, :], None
    summed, entropy = torch.zeros(()), torch.zeros(())
    for start in range(0, n, step):
        told = identity[:, start : start + step].expand(*values.shape[:-1], -1)
        found = _tensor(mechanism(query, keys, torch.cat((values, told), -1)))
        given, part = found[..., :width], found[..., width:]
        summed = summed + part @ values[..., start : start + step, :]
        entropy = entropy + torch.special.entr(part.to(torch.promote_types(part.dtype, torch.float32))).sum(-1)
        best = _better(best, part, start, top)
    slots, shares = best or (torch.empty(0), torch.empty(0))
    slots, shares, spread = with_heads(slots.masked_fill(shares == 0, -1), shares, entropy.unsqueeze(-1))
    known = spread.squeeze(-1) if bool(spread.isfinite().all()) else None  # of a negative number it is -inf
    return RecordedAttention("", slots, shares, n, known), _alike(summed, given, values)


def with_heads(*parts: Tensor) -> tuple[Tensor, ...]:
    """Give parts (b, q, k) a head of 1, (b, 1, q, k); leave others as they are."""
    return tuple(part.unsqueeze(-3) if part.ndim == 3 else part for part in parts)


def _tensor(found: Any) -> Tensor:
    value = getattr(found, "value", getattr(found, "output", found))
    if not isinstance(value, Tensor):
        raise ArgumentError(f"mechanism must give a tensor, or what has one as value; got {type(found).__name__}")
    return value


def _alike(summed: Tensor, given: Tensor, values: Tensor) -> bool:
    share = max(1e-3, 8 * torch.finfo(given.dtype).eps)
    return summed.allclose(given, rtol=share, atol=share * float(values.abs().amax()) if values.numel() else 0.0)


def _better(best: tuple[Tensor, Tensor] | None, part: Tensor, start: int, top: int) -> tuple[Tensor, Tensor]:
    """Join the best so far with the weights (..., q, m) of the slots from start on."""
    shares, slots = part, torch.arange(start, start + part.shape[-1], device=part.device).expand(part.shape)
    if best is not None:
        slots, shares = torch.cat((best[0], slots), -1), torch.cat((best[1], shares), -1)
    kept = best_of(shares.abs(), slots, top)
    return slots.gather(-1, kept), shares.gather(-1, kept)
