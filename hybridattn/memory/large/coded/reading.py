"""Softmax reads that score in fewer bits, and score again exactly what matters."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from hybridattn.attention import Read, read
from hybridattn.attention.result import mapped
from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError
from hybridattn.memory.large.coded.blocks import CodedBlock, CodedBlocks
from hybridattn.memory.large.coded.choosing import GROUP, Wanted, choose, floors, largest
from hybridattn.memory.large.coded.codes import Scored
from hybridattn.memory.large.estimate import Estimate
from hybridattn.memory.large.pairs import read_pairs
from hybridattn.memory.large.streaming import check_read

__all__ = ["read_coded"]

_MATTER = 256
"""The tolerance is shared out to so many slots: one that may err by more than its part is scored again."""
_ROWS = 512
"""Queries that go over the blocks together."""


@torch.no_grad()
def read_coded(
    query: Tensor, blocks: CodedBlocks, *, beta: float, top: int | None = None, tolerance: float = 0.01
) -> Estimate:
    """Read all slots with queries (..., d), scoring codes, and exactly those slots that matter; without gradient.

    A score of a code is off by at most e, which is known (`KeyCoding`). A slot whose share p, by its code, has
    p (exp(e) - 1) > tolerance / 256 is scored again from its key, in float32, and so is every slot that could be among
    the best: scores of the best are exact, and none is left out. Where all slots of a block that are not scored again
    can have no more than their part of tolerance / 4 of the attention, they are left out. With u the share of what is
    read by its code, r the most that can have been left out, both of the mass M that is given, and R the largest length
    of a value:

        |value - exact| <= (u (exp(e) - 1) + r) (R + |value|) / (1 - u (1 - exp(-e))),
        log M - exact lies between log(1 - u (1 - exp(-e))) and log(1 + u (exp(e) - 1) + r), with the sign turned.

    The first is the `error` of the estimate, float32 rounding apart, and r / (1 + r) is what is `missing`.

    Args:
        query: (..., d), in the dtype of the keys.
        blocks: the slots and their codes.
        beta: inverse temperature, finite and above 0.
        top: how many of the best slots to name by id, with their shares.
        tolerance: how much of the attention may be misplaced for the sake of speed, above 0. It decides what is scored
            again, and is no promise: the error says what came of it.

    Raises:
        ShapeError, ArgumentError, NotFiniteError: as `read_blocks`; ArgumentError for a tolerance out of range.
    """
    check_read(query, beta, top)
    if not 0 < tolerance < math.inf:
        raise ArgumentError(f"tolerance must be finite and above 0; got {tolerance}")
    rows = query.reshape(-1, query.shape[-1])
    found = [_read_rows(part, blocks, beta, top, tolerance) for part in torch.split(rows, _ROWS)]
    whole = mapped(lambda *parts: torch.cat(parts), *(each.read for each in found))
    if not bool(whole.value.isfinite().all()):
        raise NotFiniteError("keys and values must be finite; the blocks hold a NaN or an infinity")
    error, missing = (torch.cat(parts) for parts in zip(*((each.error, each.missing) for each in found), strict=True))
    lead = query.shape[:-1]
    whole = mapped(lambda part: part.reshape((*lead, *part.shape[1:])), whole)
    return Estimate(whole, error.reshape(lead), missing.reshape(lead))


class _Total(NamedTuple):
    """What was read so far."""

    sure: Read
    """By exact scores; the best slots are here."""
    rest: Read
    """By codes."""
    left_out: Tensor
    """(q,) log of the most mass that can have been left out."""
    error: Tensor
    """(q,) the largest bound on the error of a score."""
    longest: Tensor
    """() the largest length of a value."""


def _read_rows(query: Tensor, blocks: CodedBlocks, beta: float, top: int | None, tolerance: float) -> Estimate:
    scaled = query.to(_wide(query)) * beta
    total: _Total | None = None
    hint: Tensor | None = None
    for block in blocks:
        _check(block, query)
        hint = _hint(scaled, blocks) if hint is None else hint
        total = _nothing(scaled, block, top) if total is None else total
        if len(block.ids):
            wanted = Wanted(tolerance / _MATTER, tolerance / 4 * len(block.ids) / blocks.slots, top or 0)
            total = _joined(total, block, blocks.coding.scores(scaled, block.codes), scaled, wanted, hint)
    if total is None:
        raise ArgumentError("blocks hold no block: the width of a value is not known")
    return _finished(total, query.dtype, top)


def _check(block: CodedBlock, query: Tensor) -> None:
    if block.keys.shape[1] != query.shape[1]:
        raise ShapeError(f"query must end in {block.keys.shape[1]}, as the keys do; got {query.shape[1]}")
    if block.keys.dtype != query.dtype:
        raise ArgumentError(f"query and keys must share one dtype; got {query.dtype} and {block.keys.dtype}")


def _nothing(scaled: Tensor, block: CodedBlock, top: int | None) -> _Total:
    none = _empty(scaled, block.values, top)
    mass = none.log_mass
    assert mass is not None
    return _Total(none, none._replace(slots=None, shares=None), mass, torch.zeros_like(mass), mass.new_zeros(()))


def _empty(scaled: Tensor, values: Tensor, top: int | None) -> Read:
    value = values.new_zeros(len(scaled), values.shape[1])
    mass = scaled.new_full((len(scaled),), -torch.inf)
    if top is None:
        return Read(value, mass)
    return Read(
        value, mass, torch.full((len(scaled), top), -1, device=scaled.device), scaled.new_zeros(len(scaled), top)
    )


def _hint(scaled: Tensor, blocks: CodedBlocks) -> Tensor:
    """Give the log mass, by their codes, of every 16th slot: so much there is at least, wherever it may lie."""
    masses = [blocks.coding.scores(scaled, codes).scores.logsumexp(0) for codes in blocks.samples if len(codes.rows)]
    return torch.stack(masses).logsumexp(0) if masses else scaled.new_full((len(scaled),), -torch.inf)


def _joined(total: _Total, block: CodedBlock, scored: Scored, scaled: Tensor, wanted: Wanted, hint: Tensor) -> _Total:
    """Read one more block; `hint` (q,) is a log mass that there is at least."""
    scores, error = scored
    top = wanted.top or None
    maxima = largest(scores)
    known = torch.maximum(torch.maximum(_known(total), hint), maxima.amax(0))
    floor = floors(maxima, error, known, wanted, _worst(total.sure))
    choice = choose(scores, maxima, floor)
    longest = torch.maximum(total.longest, _longest(block.values))
    if choice is None:
        exact = _read_exactly(scaled, block, top)
        return total._replace(sure=total.sure.merge(exact), longest=longest)
    sure = total.sure.merge(
        read_pairs(scaled, block.keys, block.values, counts=choice.counts, slots=choice.slots, ids=block.ids, top=top)
    )
    most = math.log(GROUP) + maxima.logsumexp(0) + error
    heavy = (~(most - known <= math.log(wanted.left_out) + 1e-4)).nonzero()[:, 0]
    if 2 * len(heavy) > len(known):  # then it is cheaper to leave none out
        heavy = torch.arange(len(known), device=known.device)
    rest = total.rest.merge(_read_by_code(scores, heavy, block.values)) if len(heavy) else total.rest
    left_out = torch.logaddexp(total.left_out, most.index_fill(0, heavy, -torch.inf))
    worst = total.error.index_copy(0, heavy, torch.maximum(total.error, error)[heavy])
    return _Total(sure, rest, left_out, worst, longest)


def _known(total: _Total) -> Tensor:
    assert total.sure.log_mass is not None
    assert total.rest.log_mass is not None
    return torch.logaddexp(total.sure.log_mass, total.rest.log_mass)


def _worst(sure: Read) -> Tensor | None:
    """Give the least exact score of the best so far, a little lowered for what rounding does to it."""
    if sure.shares is None or sure.log_mass is None:
        return None
    score = sure.shares[:, -1].log() + sure.log_mass
    return (score - 1e-5 * (1 + score.abs())).nan_to_num(nan=-torch.inf)


def _longest(values: Tensor) -> Tensor:
    longest: Tensor = torch.linalg.vector_norm(values, dim=-1, dtype=_wide(values)).amax()
    return longest


def _read_exactly(scaled: Tensor, block: CodedBlock, top: int | None) -> Read:
    keys, values = block.keys.to(scaled.dtype), block.values.to(scaled.dtype)
    found = read(scaled, keys, values, top=top, log_mass=True)
    return found if found.slots is None else found._replace(slots=pad(block.ids, (0, 1), value=-1)[found.slots])


def _read_by_code(scores: Tensor, heavy: Tensor, values: Tensor) -> Read:
    """Read the slots (n, q) of the queries that are heavy; the others read nothing."""
    some = scores if len(heavy) == scores.shape[1] else scores[:, heavy]
    level = some.amax(0)
    shares = (some - level.masked_fill(level == -torch.inf, 0.0)).exp()
    mass = shares.sum(0)
    value = (shares.T @ values.to(shares.dtype)) / mass.where(mass > 0, 1.0)[:, None]
    whole = _empty(scores.T, values.to(shares.dtype), None)
    assert whole.log_mass is not None
    return Read(whole.value.index_copy(0, heavy, value), whole.log_mass.index_copy(0, heavy, mass.log() + level))


def _finished(total: _Total, dtype: torch.dtype, top: int | None) -> Estimate:
    known, error = _known(total), total.error
    assert total.rest.log_mass is not None
    rest = total.rest
    if top is not None:
        assert total.sure.slots is not None
        assert total.sure.shares is not None
        none = torch.full_like(total.sure.slots, -1)
        rest = Read(rest.value, rest.log_mass, none, torch.zeros_like(total.sure.shares))
    whole = total.sure.merge(rest)
    level = known.masked_fill(known == -torch.inf, 0.0)
    by_code = (total.rest.log_mass - level).exp()
    left_out = (total.left_out - level).exp()
    reach = total.longest + torch.linalg.vector_norm(whole.value, dim=-1)
    slack = 1 + by_code * (-error).expm1()
    off = (by_code * error.expm1() + left_out) * reach / slack
    return Estimate(whole._replace(value=whole.value.to(dtype)), off, left_out / (1 + left_out))


def _wide(numbers: Tensor) -> torch.dtype:
    return torch.promote_types(numbers.dtype, torch.float32)
