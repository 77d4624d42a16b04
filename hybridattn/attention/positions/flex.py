"""The same reads by FlexAttention, which makes one kernel of a mask, a prior and a softmax."""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import AuxRequest, create_block_mask, flex_attention

from hybridattn.attention.positions.places import Parts, Places
from hybridattn.attention.result import Read
from hybridattn.attention.separation import Softmax
from hybridattn.attention.similarity import Dot
from hybridattn.attention.tiles.layout import broadcast

__all__ = ["flex_read", "flexible"]

_WIDTHS = {16, 32, 64, 128}
"""Widths of keys and values that the kernels of FlexAttention are made for."""


def flexible(query: Tensor, values: Tensor, parts: Parts) -> bool:
    """Tell whether a read with these parts goes to FlexAttention: on a GPU, a plain softmax of dot products."""
    return (
        query.is_cuda
        and {query.shape[-1], values.shape[-1]} <= _WIDTHS
        and min(query.shape[-2], values.shape[-2]) > 0
        and parts.get("mask") is None
        and parts.get("top") is None
        and not isinstance(parts.get("beta", 1.0), Tensor)
        and isinstance(parts.get("similarity", Dot()), Dot)
        and isinstance(parts.get("separation", Softmax()), Softmax)
        and query.dtype != torch.float64
    )


def flex_read(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    places: Places,
    *,
    beta: float | Tensor = 1.0,
    log_mass: bool = False,
    compiled: bool = True,
) -> Read:
    """Read softmax(beta q . k + prior) @ values by FlexAttention: the numbers of `positional_read`.

    Compiled, it holds no q x n matrix; torch has no gradient for it on CPUs. With compiled=False the same functions run
    one by one, which holds all scores: for a look, and for tests.
    """
    lead = broadcast(query.shape[:-2], keys.shape[:-2], values.shape[:-2])
    lead = (1,) * (2 - len(lead)) + lead
    four = [
        side.expand(*lead, *side.shape[-2:]).reshape(-1, *lead[-1:], *side.shape[-2:]) for side in (query, keys, values)
    ]
    call = _compiled() if compiled else _plain
    wanted = AuxRequest(lse=True)
    value, found = call(*four, _score_mod(places), _block_mask(places, four), scale=beta, return_aux=wanted)
    shape = broadcast(query.shape[:-2], keys.shape[:-2], values.shape[:-2])
    value, mass = value.reshape(*shape, *value.shape[-2:]), found.lse.reshape(*shape, value.shape[-2])
    return Read(value, mass if log_mass else None)


def _plain(*given: Any, **named: Any) -> Any:
    return flex_attention(*given, **named)


@cache
def _compiled() -> Callable[..., Any]:
    return torch.compile(flex_attention, dynamic=False)


def _block_mask(places: Places, four: list[Tensor]) -> Any:
    if places.mask is None:
        return None
    q, n = four[0].shape[-2], four[1].shape[-2]
    places.mask.reach(places.start, places.start + q - 1, n)
    return create_block_mask(places.mask.mask_mod(places.start), None, None, q, n, device=str(four[0].device))


def _score_mod(places: Places) -> Callable[..., Tensor] | None:
    prior, start = places.prior, places.start
    if prior is None:
        return None

    def mod(score: Tensor, batch: Tensor, head: Tensor, row: Tensor, slot: Tensor) -> Tensor:
        return score + prior.bias(head, row + start, slot)

    return mod
