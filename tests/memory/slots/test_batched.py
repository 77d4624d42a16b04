"""Batched slots: a store a query reads as a slot memory of that store alone."""

import pytest
import torch

from hybridattn.attention import Entmax, Linear, Softmax
from hybridattn.controller import Level, MultilevelAttention, Residual
from hybridattn.errors import ArgumentError, ShapeError, SlotError
from hybridattn.memory import Addressable, BatchedSlots, Memory, SlotMemory

SEPARATIONS = [Softmax(), Entmax(1.5), Linear()]


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


KEYS, VALUES, QUERY = numbers(4, 5, 3), numbers(4, 5, 2, seed=1), numbers(4, 3, seed=2)
MASK = torch.arange(5) < torch.tensor([[5], [2], [1], [0]])


@pytest.mark.parametrize("separation", SEPARATIONS)
def test_each_query_reads_its_own_store(separation):
    memory = BatchedSlots(KEYS, VALUES, mask=MASK, separation=separation, beta=1.5)
    assert isinstance(memory, Memory)
    assert isinstance(memory, Addressable)
    found = memory.read(QUERY, top=3)
    for store in range(3):
        alone = SlotMemory(3, 2, separation=separation, beta=1.5, dtype=torch.float64)
        alone.write(KEYS[store][MASK[store]], VALUES[store][MASK[store]])
        one = alone.read(QUERY[store], top=3)
        torch.testing.assert_close(found.value[store], one.value)
        torch.testing.assert_close(found.shares[store], one.shares)
        assert found.slots[store].tolist() == [slot if slot < 0 else slot + 5 * store for slot in one.slots.tolist()]
    assert found.value[3].tolist() == [0, 0]  # a store without slots reads 0
    assert found.slots[3].tolist() == [-1, -1, -1]


@pytest.mark.parametrize("separation", SEPARATIONS)
def test_what_is_padded_changes_nothing_and_gets_no_gradient(separation):
    keys = KEYS.clone().requires_grad_()
    value = BatchedSlots(keys, VALUES, mask=MASK, separation=separation).read(QUERY).value
    value.square().sum().backward()
    assert keys.grad[~MASK].eq(0).all()
    assert keys.grad.isfinite().all()
    other = torch.where(MASK[..., None], KEYS, 99.0)
    assert BatchedSlots(other, VALUES, mask=MASK, separation=separation).read(QUERY).value.equal(value.detach())


def test_keys_are_the_values_where_none_are_given():
    assert BatchedSlots(KEYS).read(QUERY, top=1).value.shape == (4, 3)
    assert BatchedSlots(KEYS).values_of(torch.tensor([7])).tolist() == [KEYS[1, 2].tolist()]


def test_slots_are_addressed_by_store_and_place():
    memory = BatchedSlots(KEYS, VALUES, mask=MASK)
    assert memory.keys_of(torch.tensor([[0, 6]])).tolist() == [[KEYS[0, 0].tolist(), KEYS[1, 1].tolist()]]
    assert memory.values_of(torch.tensor([10])).tolist() == [VALUES[2, 0].tolist()]
    for wrong in (-1, 7, 20):  # before the first, padding, behind the last
        with pytest.raises(SlotError, match=f"no slot has id {wrong}"):
            memory.keys_of(torch.tensor([0, wrong]))


def test_hops_of_the_controller_and_their_trace():
    memory = BatchedSlots(KEYS, mask=MASK)
    walk = MultilevelAttention([Level(memory, Residual())], hops=2, top=2)(QUERY, trace=True)
    query = QUERY[0] + torch.softmax(KEYS[0] @ QUERY[0], 0) @ KEYS[0]
    shares = torch.softmax(KEYS[0] @ query, 0)
    torch.testing.assert_close(walk.value[0], shares @ KEYS[0])
    links = [link for hop, link in walk.trace.links() if hop == 2 and link.question == 0]
    assert [link.slot for link in links] == shares.topk(2).indices.tolist()
    assert [link.share for link in links] == pytest.approx(shares.topk(2).values.tolist())
    assert {link.slot for _, link in walk.trace.links() if link.question == 1} == {5, 6}


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lambda: BatchedSlots(KEYS[0]), r"keys must have shape \(b, n, d\); got shape \(5, 3\)"),
        (lambda: BatchedSlots(KEYS, VALUES[:3]), r"values must have shape \(4, 5, v\); got shape \(3, 5, 2\)"),
        (lambda: BatchedSlots(KEYS, mask=MASK[:, :4]), r"mask must have shape \(4, 5\); got shape \(4, 4\)"),
        (lambda: BatchedSlots(KEYS).read(QUERY[:2]), r"query must be one a store, \(4, 3\); got shape \(2, 3\)"),
        (lambda: BatchedSlots(KEYS).read(QUERY[:, :2]), r"query must be one a store, \(4, 3\)"),
    ],
)
def test_shapes_that_do_not_fit(act, why):
    with pytest.raises(ShapeError, match=why):
        act()


def test_it_is_not_written_to():
    with pytest.raises(ArgumentError, match="cannot write to batched slots"):
        BatchedSlots(KEYS).write(KEYS[0])
