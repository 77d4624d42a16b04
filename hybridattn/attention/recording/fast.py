"""The fast paths of torch's modules, which hold every share on a CPU and throw them away: asked for them instead."""

from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from hybridattn.attention.recording.shares import Asked

__all__ = ["asked_by_fast_path", "gives_weights", "heads_with_weights", "layer_with_weights"]

_HEADS: Any = getattr(torch, "_native_multi_head_attention", None)
"""Torch's own, to which no recording listens."""

_PADDING = 1
"""torch's number of a mask (b, n) of keys that are padding; others are masks of scores."""


def gives_weights(original: Callable[..., Any], source: Tensor) -> bool:
    """Tell whether weights may be asked for with the same output, bit by bit: elsewhere other kernels would run.

    A function that is not torch's own is that of another recording, which wants to be called.
    """
    own = isinstance(original, BuiltinFunctionType) and _HEADS is not None
    return own and source.device.type == "cpu" and not source.is_nested and source.numel() > 0


def heads_with_weights(query: Tensor, *given: Any) -> tuple[tuple[Tensor, Tensor | None], Tensor]:
    """Call `_native_multi_head_attention`: give what it was asked for, and the weights (b, h, n, n)."""
    *first, mask, wanted, averaged, kind = given
    found, weights = _HEADS(query, *first, mask, True, False, kind)
    shown = weights.sum(1).div_(weights.shape[1]) if averaged else weights
    return (found, shown if wanted else None), weights


def layer_with_weights(source: Tensor, width: int, heads: int, *given: Any) -> tuple[Tensor, Tensor]:
    """Do what `_transformer_encoder_layer_fwd` does, operation by operation; give its output and the weights.

    That is, of the two orders of Xiong et al. 2020 (arXiv 2002.04745), figure 1, the one that the layer has.
    """
    weight, bias, out, out_bias, gelu, first, eps, *rest = given
    norms, (wide, wide_bias, narrow, narrow_bias, *masks) = (rest[:2], rest[2:4]), rest[4:]
    mask, kind = (*masks, None, None)[:2]

    def normed(x: Tensor, number: int) -> Tensor:
        scale, shift = norms[number]
        return functional.layer_norm(x, (width,), scale, shift, eps)

    x = normed(source, 0) if first else source
    x, weights = _HEADS(x, x, x, width, heads, weight, bias, out, out_bias, mask, True, False, kind)
    x += source
    x = x if first else normed(x, 0)
    inner = (normed(x, 1) if first else x).reshape(-1, width)
    inner = torch._addmm_activation(wide_bias, inner, wide.t(), use_gelu=gelu)
    x = torch.addmm(narrow_bias, inner, narrow.t()).view(x.shape).add_(x)
    return (x if first else normed(x, 1)), weights


@torch.no_grad()
def asked_by_fast_path(
    source: Tensor, parts: tuple[int, int, Tensor, Tensor], mask: Tensor | None, kind: int | None
) -> Asked:
    """Project as the fast path does; in its masks True, or any number but 0, is what may not be read."""
    width, heads, weight, bias = parts
    if source.is_nested:
        lengths = torch.tensor([len(part) for part in source.unbind()], device=source.device)
        source = source.to_padded_tensor(0.0)
        mask, kind = torch.arange(source.shape[1], device=source.device) >= lengths[:, None], _PADDING
    projected = functional.linear(source, weight[: 2 * width], bias[: 2 * width])
    query, keys = (
        part.reshape(*part.shape[:-1], heads, width // heads).transpose(1, 2) for part in projected.chunk(2, -1)
    )
    allowed = None if mask is None else ~mask.to(torch.bool)
    if allowed is not None and kind == _PADDING:
        allowed = allowed[:, None, None]
    return Asked(query, keys, query.shape[-1] ** -0.5, allowed)
