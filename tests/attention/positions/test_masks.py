"""Position masks allow what their papers draw, and reach no fewer slots than they allow."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hybridattn import ArgumentError, Band, Blocks, Causal, Dilated, Global, PositionMask, RandomBlocks, ShapeError

LENGTH = 64


def random_blocks(count: int = 2) -> RandomBlocks:
    return RandomBlocks(LENGTH, size=8, count=count, generator=torch.Generator().manual_seed(3))


CHANCE = random_blocks()
BY_HAND: dict[str, tuple[PositionMask, Callable[[int, int], bool]]] = {
    "causal": (Causal(), lambda i, j: j <= i),
    "band": (Band(3, 2), lambda i, j: i - 3 <= j <= i + 2),
    "window": (Band(4), lambda i, j: j in (i, i - 1, i - 2, i - 3, i - 4)),
    "dilated": (Dilated(2, 1, step=3), lambda i, j: j in (i - 6, i - 3, i, i + 3)),
    "blocks": (Blocks(5), lambda i, j: i // 5 == j // 5),
    "near blocks": (Blocks(4, before=1, after=2), lambda i, j: j // 4 in range(i // 4 - 1, i // 4 + 3)),
    "global": (Global(2), lambda i, j: i in (0, 1) or j in (0, 1)),
    "random": (CHANCE, lambda i, j: j // 8 in CHANCE.blocks[i // 8].tolist()),
    "longformer": (Band(2, 2) | Global(1), lambda i, j: abs(i - j) <= 2 or i == 0 or j == 0),
    "strided causal": (Dilated(9, 9, step=4) & Causal(), lambda i, j: i >= j >= i - 36 and (i - j) % 4 == 0),
    "bigbird": (
        Band(1, 1) | Global(1) | CHANCE,
        lambda i, j: abs(i - j) <= 1 or i == 0 or j == 0 or j // 8 in CHANCE.blocks[i // 8].tolist(),
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.parametrize(("q", "n", "start"), [(1, 1, 0), (9, 9, 0), (5, 30, 25), (40, 7, 3), (0, 4, 0), (4, 0, 0)])
def test_a_mask_by_hand(name: str, q: int, n: int, start: int) -> None:
    mask, allowed = BY_HAND[name]
    wanted = [[allowed(start + i, j) for j in range(n)] for i in range(q)]
    assert mask.matrix(q, n, start=start).tolist() == wanted


@given(name=st.sampled_from(sorted(BY_HAND)), first=st.integers(0, 40), more=st.integers(0, 20), n=st.integers(0, 60))
def test_what_is_allowed_is_reached(name: str, first: int, more: int, n: int) -> None:
    mask, allowed = BY_HAND[name]
    intervals = mask.reach(first, first + more, n)
    assert all(0 <= begin <= stop <= n for begin, stop in intervals)
    reached = {slot for begin, stop in intervals for slot in range(begin, stop)}
    assert {j for i in range(first, first + more + 1) for j in range(n) if allowed(i, j)} <= reached


@pytest.mark.parametrize(
    ("mask", "most"),
    [(Band(8), 16), (Blocks(8), 16), (Dilated(4, 0, step=2), 16), (Band(8) | Global(2), 18), (Band(9) & Causal(), 17)],
)
def test_far_slots_are_not_reached(mask: PositionMask, most: int) -> None:
    assert sum(stop - begin for begin, stop in mask.reach(504, 511, 10_000)) <= most


def test_random_blocks_are_so_many_and_follow_their_generator() -> None:
    assert (random_blocks(3).matrix(LENGTH, LENGTH).sum(-1) == 24).all()
    assert (random_blocks(99).matrix(LENGTH, LENGTH)).all()
    assert torch.equal(random_blocks().blocks, random_blocks().blocks)


def test_random_blocks_end() -> None:
    with pytest.raises(ShapeError, match=r"^positions must be below length=64; got rows to 64, 3 slots$"):
        CHANCE.matrix(65, 3)
    with pytest.raises(ShapeError, match=r"got rows to 2, 65 slots$"):
        CHANCE.matrix(3, 65)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Band(-1), "before must be a whole number, at least 0; got -1"),
        (lambda: Band(1, 0.5), "after must be a whole number, at least 0; got 0.5"),
        (lambda: Dilated(1, step=0), "step must be a whole number, at least 1; got 0"),
        (lambda: Blocks(0), "size must be a whole number, at least 1; got 0"),
        (lambda: Global(True), "count must be a whole number, at least 1; got True"),
        (lambda: RandomBlocks(0, generator=torch.Generator()), "length must be a whole number, at least 1; got 0"),
    ],
)
def test_wrong_numbers(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        build()
    assert str(caught.value) == message
