"""Product keys against the dense read over all n^2 keys, and as a store."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hybridattn.attention import Softmax
from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError, SlotError
from hybridattn.memory import Addressable, Beta, Energetic, Erasable, Memory, ProductKeyMemory, Settling
from hybridattn.memory.slots.product import product_key


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def made(n: int = 9, d: int = 6, v: int = 3, *, seed: int = 0, **parts) -> ProductKeyMemory:
    generator = torch.Generator().manual_seed(seed)
    parts = {"kept": 4, "beta": 2.0, "trainable": True, **parts}
    return ProductKeyMemory(d, v, subkeys=n, generator=generator, dtype=torch.float64, **parts)


def all_keys(memory: ProductKeyMemory, head: int | None = None) -> Tensor:
    """All n^2 keys, in the order of slots."""
    first, second = memory.sub_keys if head is None else memory.sub_keys[:, head]
    n = len(first)
    return torch.cat((first.repeat_interleave(n, 0), second.repeat(n, 1)), -1)


def dense(memory: ProductKeyMemory, query: Tensor, held: Tensor | None = None, head: int | None = None):
    """The read that scores every slot: the k best of all, softmax over those."""
    scores = query @ all_keys(memory, head).mT
    if held is not None:
        scores = scores.masked_fill(~held, -torch.inf)
    best, slots = scores.topk(memory.kept, -1)
    shares = Softmax().weights(memory.beta * best)
    return (shares[..., None] * memory.values[slots]).sum(-2), slots, shares, (memory.beta * best).logsumexp(-1)


@settings(max_examples=25)
@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 14), st.floats(0.1, 20), st.integers(0, 10**6))
def test_a_read_is_that_of_the_best_of_all_slots(n: int, half: int, kept: int, beta: float, seed: int) -> None:
    memory, query = made(n, 2 * half, kept=kept, beta=beta, seed=seed), numbers(5, 2 * half, seed=seed + 1)
    value, slots, shares, mass = dense(memory, query)
    found = memory.read(query, top=memory.kept)
    assert found.slots.equal(slots)
    torch.testing.assert_close(found.value, value)
    torch.testing.assert_close(found.shares, shares)
    torch.testing.assert_close(found.log_mass, mass)


def test_the_best_of_a_million_slots() -> None:
    memory, query = made(1000, 16, 2, kept=32), numbers(3, 16, seed=1)
    value, slots, _, _ = dense(memory, query)
    found = memory.read(query, top=32)
    assert found.slots.equal(slots)
    torch.testing.assert_close(found.value, value)


@settings(max_examples=20)
@given(st.integers(2, 7), st.integers(1, 5), st.integers(0, 10**6))
def test_equal_scores_go_to_the_lower_slot(n: int, kept: int, seed: int) -> None:
    memory = made(n, 2, kept=kept)
    whole = torch.randint(-2, 3, (2, n, 1), generator=torch.Generator().manual_seed(seed)).double()
    with torch.no_grad():
        memory.sub_keys.copy_(whole)
    scores = all_keys(memory).detach().sum(-1)
    wanted = sorted(range(n * n), key=lambda slot: (-float(scores[slot]), slot))[: memory.kept]
    assert memory.read(torch.ones(2, dtype=torch.float64), top=memory.kept).slots.tolist() == wanted


def test_gradients_are_those_of_the_dense_read() -> None:
    memory, twin = made(), made()
    one, two = numbers(5, 6, seed=1).requires_grad_(), numbers(5, 6, seed=1).requires_grad_()
    memory.read(one).value.sin().sum().backward()
    dense(twin, two)[0].sin().sum().backward()
    torch.testing.assert_close(one.grad, two.grad)
    for mine, theirs in zip(memory.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)
    mass = made()
    assert torch.autograd.gradcheck(
        lambda q: mass.read(q, log_mass=True).log_mass, numbers(3, 6, seed=2).requires_grad_()
    )


def test_a_sparse_gradient_has_rows_of_what_was_read() -> None:
    memory, plain = made(sparse=True), made()
    query = numbers(5, 6, seed=1)
    for each in (memory, plain):
        each.read(query).value.sin().sum().backward()
    assert memory.values.grad.is_sparse
    torch.testing.assert_close(memory.values.grad.to_dense(), plain.values.grad)
    torch.optim.SparseAdam([memory.values], lr=0.1).step()
    read = memory.read(query, top=4).slots.unique()
    moved = (memory.values != plain.values).any(-1).nonzero().flatten()
    assert set(moved.tolist()) <= set(read.tolist())


def test_heads_have_sub_keys_of_their_own_and_share_values() -> None:
    memory, query = made(heads=2, beta=torch.tensor([0.5, 3.0])), numbers(4, 5, 2, 6, seed=1)
    found = memory.read(query, top=4)
    assert found.value.shape == (4, 5, 2, 3)
    for head, beta in enumerate((0.5, 3.0)):
        scores = query[:, :, head] @ all_keys(memory, head).mT
        best, slots = scores.topk(4, -1)
        shares = (beta * best).softmax(-1)
        assert found.slots[:, :, head].equal(slots)
        torch.testing.assert_close(found.value[:, :, head], (shares[..., None] * memory.values[slots]).sum(-2))
    ids = found.slots[0, 0, 0, :2]
    assert memory.keys_of(ids).shape == (2, 2, 6)
    torch.testing.assert_close(memory.keys_of(ids)[:, 1], all_keys(memory, 1)[ids])


def test_queries_are_read_few_at_a_time(monkeypatch) -> None:
    memory, query = made(), numbers(50, 6, seed=1)
    whole = memory.read(query, top=3)
    monkeypatch.setattr(product_key, "TILE", 40)
    for one, two in zip(memory.read(query, top=3), whole, strict=True):
        torch.testing.assert_close(one, two)
    assert memory.read(query[:0]).value.shape == (0, 3)
    torch.testing.assert_close(memory.read(query[3]).value, whole.value[3])


def test_a_store_reads_what_lives_and_gives_new_ids() -> None:
    memory = made(trainable=False, kept=9, beta=1.0)
    assert memory.read(numbers(6), top=2).slots.tolist() == [-1, -1]
    assert memory.read(numbers(6)).value.tolist() == [0, 0, 0]
    places = torch.tensor([3, 40, 77])
    keys, values = all_keys(memory)[places], numbers(3, 3, seed=1)
    with torch.no_grad():
        memory.sub_keys.div_(memory.sub_keys.norm(dim=-1, keepdim=True))
    keys = all_keys(memory)[places]
    ids = memory.write(keys, values)
    assert ids.tolist() == places.tolist()
    assert len(memory) == 3
    query = numbers(7, 6, seed=2)
    held = torch.zeros(81, dtype=torch.bool).index_fill(0, places, True)
    value, _, _, mass = dense(memory, query, held)
    found = memory.read(query, log_mass=True)
    torch.testing.assert_close(found.value, value)
    torch.testing.assert_close(found.log_mass, mass)
    memory.erase(ids[1])
    assert memory.write(keys[1], values[0]).tolist() == [40 + 81]
    with pytest.raises(SlotError, match="no slot has id 40"):
        memory.values_of(ids)
    assert memory.values_of(torch.tensor([121, 3])).equal(values[[0, 0]])
    assert memory.keys_of(torch.tensor([[121]])).equal(keys[1].reshape(1, 1, 6))
    assert memory.read(keys[1], top=1).slots.tolist() == [121]
    assert isinstance(memory, Memory)
    assert isinstance(memory, Erasable)
    assert isinstance(memory, Addressable)
    assert not isinstance(memory, Settling | Energetic)


def test_a_taken_slot_is_stepped_over_until_none_is_free() -> None:
    memory = made(n=3, kept=2, trainable=False)
    with torch.no_grad():
        memory.sub_keys.copy_(torch.tensor([[1.0], [0.5], [-1.0]]).expand(2, 3, 3))
    key, values = torch.ones(6), torch.arange(15.0).reshape(5, 3)
    assert memory.write(key.expand(3, 6), values[:3]).tolist() == [0, 1, 3]  # scores 6, 4.5, 4.5
    before = copy.deepcopy(memory.state_dict())
    with pytest.raises(ArgumentError, match="keys must find a free slot; all 4 that the key in row 1 could have hold"):
        memory.write(key.expand(2, 6), values[3:])
    assert all(part.equal(before[name]) for name, part in memory.state_dict().items())
    assert memory.write(key, values[3]).tolist() == [4]
    assert memory.write(-key, values[4]).tolist() == [8]


def test_bad_input_is_refused() -> None:
    memory, learned = made(trainable=False), made()
    key, value = torch.ones(6), torch.ones(3)
    refused = [
        (ShapeError, r"keys must have shape \(6,\) or .*; got shape \(5,\)", lambda: memory.write(key[:5], value)),
        (ShapeError, r"values must be one a key, 1; got 2", lambda: memory.write(key, value.expand(2, 3))),
        (ArgumentError, "stores keys with values, and keeps no evidence", lambda: memory.write(key)),
        (NotFiniteError, "keys must be finite", lambda: memory.write(key / 0, value)),
        (ShapeError, r"query must end in \(6,\); got shape \(5,\)", lambda: memory.read(key[:5])),
        (ShapeError, r"query must end in \(2, 6\); got shape \(3, 6\)", lambda: made(heads=2).read(key.expand(3, 6))),
        (ArgumentError, "top must be at least 1, or None; got 0", lambda: memory.read(key, top=0)),
        (SlotError, "no slot has id 5", lambda: memory.erase(torch.tensor(5))),
        (SlotError, "no slot has id -1", lambda: learned.values_of(torch.tensor([-1]))),
        (SlotError, "no slot has id 81", lambda: learned.values_of(torch.tensor([81]))),
        (ArgumentError, "cannot write to a trainable memory", lambda: learned.write(key, value)),
        (ArgumentError, "cannot erase from a trainable memory", lambda: learned.erase(torch.tensor(0))),
        (ArgumentError, "key_dim must be even, for keys of two halves; got 7", lambda: made(d=7)),
        (ArgumentError, "subkeys must be at least 1; got 0", lambda: made(n=0)),
        (ArgumentError, "heads need trainable=True", lambda: made(heads=2, trainable=False)),
        (ArgumentError, "beta must be finite and above 0; got -1.0", lambda: made(beta=-1.0)),
    ]  # fmt: skip
    for error, message, act in refused:
        with pytest.raises(error, match=message):
            act()
    assert len(memory) == 0


def test_bfloat16_values_are_summed_in_float32() -> None:
    memory = made(kept=9, beta=0.01)
    memory.bfloat16()
    query = numbers(4, 6, seed=1).bfloat16()
    found = memory.read(query)
    wide = copy.deepcopy(memory).float()
    wanted = wide.read(query.float()).value
    assert found.value.dtype == torch.bfloat16
    torch.testing.assert_close(found.value, wanted.bfloat16())


def test_a_trained_beta_and_its_description() -> None:
    memory = made(beta=Beta(start=2.0, trainable=True))
    memory.read(numbers(2, 6)).value.sum().backward()
    assert memory.beta.grad.isfinite()
    assert (
        repr(made(trainable=False))
        == "ProductKeyMemory(key_dim=6, value_dim=3, kept=4, subkeys=9, beta=2.0, slots=0, device=cpu)"
    )
    other = ProductKeyMemory(**memory.arguments())
    other.double().load_state_dict(memory.state_dict())
    assert other.read(numbers(2, 6)).value.allclose(memory.read(numbers(2, 6)).value)
