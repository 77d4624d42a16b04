"""The same reads by FlexAttention, which makes one kernel of a mask, a prior and a softmax."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException
from torch.nn.attention.flex_attention import AuxRequest, BlockMask, flex_attention

from hybridattn.attention.check import check
from hybridattn.attention.positions.places import Parts, Places
from hybridattn.attention.read import read
from hybridattn.attention.result import Read
from hybridattn.attention.separation import Softmax
from hybridattn.attention.similarity import Dot
from hybridattn.attention.tiles.layout import broadcast, steps
from hybridattn.attention.tiles.lookup import Lookup
from hybridattn.errors import CompileError

__all__ = ["flex_read", "flexible"]

_WIDTHS = {16, 32, 64, 128}
"""Widths of keys and values that the kernels of FlexAttention are made for."""
_BLOCK = 128
"""Rows and slots of a block of its masks."""


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

    Compiled, it holds no q x n matrix. Each size, mask and prior is compiled once; torch keeps so many
    (`torch._dynamo.config.recompile_limit`, 8) and compiles no more. On CPUs it compiles neither the gradient nor the
    log mass. With compiled=False the same functions run one by one, which holds all scores: for a look, and for tests.

    Raises:
        CompileError: torch does not compile this read, or has compiled as many as it keeps; on a CPU, a gradient.
        ShapeError, ArgumentError: as `positional_read`.

    >>> from hybridattn.attention import Band
    >>> x = torch.tensor([[1.0], [2.0], [6.0]])
    >>> flex_read(0 * x, x, x, Places(Band(1)), compiled=False).value.flatten()
    tensor([1.0000, 1.5000, 4.0000])
    """
    check(Lookup(query, keys, values, beta))
    places.check_heads(query)
    if not (query.numel() and keys.numel() and values.numel()):  # FlexAttention takes nothing that is empty
        mask, prior = places.whole(query.shape[-2], keys.shape[-2], query.device)
        return read(query, keys, values, beta=beta, mask=mask, prior=prior, log_mass=log_mass)
    if isinstance(beta, Tensor):
        query, beta = query * beta.to(query.dtype), 1.0
    shape = broadcast(query.shape[:-2], keys.shape[:-2], values.shape[:-2])
    lead = (1,) * (2 - len(shape)) + shape
    four = [
        side.expand(*lead, *side.shape[-2:]).reshape(-1, *lead[-1:], *side.shape[-2:]) for side in (query, keys, values)
    ]
    call = _compiled if compiled else _plain
    wanted = AuxRequest(lse=log_mass)
    try:
        value, found = call(*four, _score_mod(places), _block_mask(places, *four[:2]), scale=beta, return_aux=wanted)
    except NotImplementedError as error:
        raise CompileError(f"FlexAttention does not do this read: {error}") from error
    mass = found.lse.reshape(*shape, value.shape[-2]) if log_mass else None
    return Read(value.reshape(*shape, *value.shape[-2:]), mass)


def _plain(*given: Any, **named: Any) -> Any:
    with warnings.catch_warnings():  # that it holds all scores was asked for
        warnings.filterwarnings("ignore", "flex_attention called without torch.compile")
        return flex_attention(*given, **named)


def _compiled(query: Tensor, *given: Any, **named: Any) -> Any:
    """Run one kernel or none: past its limit torch would run the functions one by one, and hold all scores."""
    call = _kernels(query.is_cuda)
    try:
        return call(query, *given, **named)
    except FailOnRecompileLimitHit as error:
        raise CompileError("FlexAttention was compiled for as many different reads as torch keeps") from error
    except TorchDynamoException as error:
        said = str(error).strip().partition("\n")[0]
        raise CompileError(f"FlexAttention was not compiled for this read: {said}") from error


@cache
def _kernels(cuda: bool) -> Callable[..., Any]:
    # The template for CPUs takes no size or number that is left open.
    return torch.compile(flex_attention, dynamic=None if cuda else False, fullgraph=True)


def _block_mask(places: Places, query: Tensor, keys: Tensor) -> BlockMask | None:
    """Give the blocks that each block of rows reaches; torch's own way to find them holds the q x n mask."""
    if places.mask is None:
        return None
    q, n = query.shape[-2], keys.shape[-2]
    tiles = replace(places, block=_BLOCK)
    reached = [torch.tensor(tiles.reach(rows, n), dtype=torch.int32) for rows in steps(q, _BLOCK)]
    counts = torch.tensor([len(blocks) for blocks in reached], dtype=torch.int32)
    # Each row lists every block: first those that are reached, so many as `counts` says.
    order = torch.zeros(len(reached), -(-n // _BLOCK), dtype=torch.int32)
    for row, blocks in zip(order, reached, strict=True):
        row[: len(blocks)] = blocks
    counts, order = counts.to(query.device), order.to(query.device)
    mod = places.mask.mask_mod(places.start)
    return BlockMask.from_kv_blocks(
        counts[None, None], order[None, None], BLOCK_SIZE=_BLOCK, mask_mod=mod, seq_lengths=(q, n)
    )


def _score_mod(places: Places) -> Callable[..., Tensor] | None:
    prior, start = places.prior, places.start
    if prior is None:
        return None

    def mod(score: Tensor, batch: Tensor, head: Tensor, row: Tensor, slot: Tensor) -> Tensor:
        return score + prior.bias(head, row + start, slot)

    return mod
