import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory import BidirectionalMemory


def signs(m: int, n: int, seed: int) -> Tensor:
    return torch.randint(2, (m, n), generator=torch.Generator().manual_seed(seed)).double() * 2 - 1


def filled(m: int, d: int, v: int, seed: int) -> BidirectionalMemory:
    memory = BidirectionalMemory(d, v, dtype=torch.float64)
    memory.write(signs(m, d, seed), signs(m, v, seed + 1000))
    return memory


@settings(max_examples=50)
@given(seed=st.integers(0, 999), m=st.integers(1, 12), d=st.integers(1, 9), v=st.integers(1, 9))
def test_energy_never_rises_and_every_query_ends_in_a_stable_pair(seed: int, m: int, d: int, v: int) -> None:
    memory = filled(m, d, v, seed)
    x, y = signs(20, d, seed + 1), signs(20, v, seed + 2)
    for _ in range(4):
        after = memory.settle(x, value=y, steps=1)
        assert (memory.energy(after.state, after.value) <= memory.energy(x, y)).all()  # whole numbers: exact
        x, y = after.state, after.value
    found = memory.settle(x, value=y)
    assert found.converged.all()
    forward, back = found.state @ memory.weights, found.value @ memory.weights.T
    assert (forward * found.value == forward.abs()).all()
    assert (back * found.state == back.abs()).all()


@settings(max_examples=30)
@given(seed=st.integers(0, 999), m=st.integers(1, 6))
def test_settling_from_keys_alone_begins_with_what_they_read(seed: int, m: int) -> None:
    memory = filled(m, 8, 5, seed)
    x = signs(10, 8, seed + 1)
    found = memory.settle(x)
    assert found.converged.all()
    assert (memory.energy(found.state, found.value) <= memory.energy(x)).all()
    torch.testing.assert_close(memory.energy(x), -(x @ memory.weights).abs().sum(-1))


def test_the_example_of_two_pairs() -> None:
    # W = x1 y1^T + x2 y2^T by hand; both pairs are orthogonal in the keys, so each is stable.
    memory = BidirectionalMemory(4, 3)
    keys = torch.tensor([[1.0, 1, -1, -1], [1, -1, 1, -1]])
    values = torch.tensor([[1.0, 1, -1], [-1, 1, 1]])
    assert memory.write(keys, values).tolist() == [0, 1]
    assert memory.weights.tolist() == [[0, 2, 0], [2, 0, -2], [-2, 0, 2], [0, -2, 0]]
    assert memory.read(keys).value.equal(values)
    assert memory.read_back(values).value.equal(keys)
    assert memory.energy(keys, values).tolist() == [-12.0, -12.0]


def test_a_noisy_key_is_cleaned_by_going_back() -> None:
    memory = filled(4, 200, 150, 3)
    keys, values = signs(4, 200, 3), signs(4, 150, 1003)
    noisy = torch.cat((-keys[:, :30], keys[:, 30:]), -1)
    found = memory.settle(noisy)
    assert found.state.equal(keys)
    assert found.value.equal(values)


def test_a_field_of_zero_is_undecided_and_keeps_what_was_there() -> None:
    memory = BidirectionalMemory(2, 2)
    memory.write(torch.tensor([[1.0, 1], [1, -1]]), torch.ones(2, 2))  # W = [[2, 2], [0, 0]]
    assert memory.read_back(torch.tensor([1.0, 1])).value.tolist() == [1.0, 0.0]
    found = memory.settle(torch.tensor([-1.0, -1]), value=torch.tensor([1.0, 1]))
    assert found.state.tolist() == [1.0, -1.0]
    empty = BidirectionalMemory(2, 2)
    assert empty.read(torch.ones(2)).value.tolist() == [0.0, 0.0]
    found = empty.settle(torch.ones(2))
    assert (found.state.tolist(), found.value.tolist(), found.converged.item()) == ([1.0, 1.0], [0.0, 0.0], True)
    assert empty.settle(found.state, value=found.value).converged.item()


def test_unlearning_is_exact() -> None:
    memory, wanted = filled(5, 7, 6, 0), BidirectionalMemory(7, 6, dtype=torch.float64)
    keys, values = signs(5, 7, 0), signs(5, 6, 1000)
    memory.unlearn(keys[1:], values[1:])
    wanted.write(keys[0], values[0])
    assert memory.weights.equal(wanted.weights)


def test_leading_axes_types_and_form() -> None:
    memory = filled(3, 6, 4, 1)
    queries = signs(8, 6, 5).reshape(2, 4, 6)
    assert memory.read(queries).value.shape == (2, 4, 4)
    assert memory.read_back(signs(8, 4, 5).reshape(2, 4, 4)).value.shape == (2, 4, 6)
    found = memory.settle(queries)
    assert (found.state.shape, found.value.shape, found.steps.shape) == ((2, 4, 6), (2, 4, 4), (2, 4))
    alone = memory.settle(queries[1, 2])
    assert alone.state.equal(found.state[1, 2])
    assert alone.value.equal(found.value[1, 2])
    assert memory.energy(queries).shape == (2, 4)
    other = BidirectionalMemory(**memory.arguments()).to(torch.float64)
    other.load_state_dict(memory.state_dict())
    assert other.weights.equal(memory.weights)
    assert repr(other) == "BidirectionalMemory(key_dim=6, value_dim=4, written=3, device=cpu)"
    assert BidirectionalMemory(6, 4, dtype=torch.bfloat16).read(torch.ones(6)).value.dtype == torch.bfloat16


def test_bad_input_says_whose_it_is_and_changes_nothing() -> None:
    memory = BidirectionalMemory(3, 2)
    with pytest.raises(ArgumentError, match=r"keys must be -1 or \+1; got 0"):
        memory.write(torch.zeros(3), torch.ones(2))
    with pytest.raises(ArgumentError, match=r"values must be -1 or \+1; got 2"):
        memory.write(torch.ones(3), 2 * torch.ones(2))
    with pytest.raises(ArgumentError, match="takes values of 2; got none"):
        memory.write(torch.ones(3))
    with pytest.raises(ShapeError, match="values must be one a key, 2; got 1"):
        memory.write(torch.ones(2, 3), torch.ones(2))
    with pytest.raises(ArgumentError, match="counts no evidence"):
        memory.write(torch.ones(3), torch.ones(2), evidence=torch.ones(2))
    with pytest.raises(ArgumentError, match="value must be -1 or"):
        memory.settle(torch.ones(3), value=torch.full((2,), 0.5))
    with pytest.raises(ShapeError, match="value must be one a query"):
        memory.settle(torch.ones(3), value=torch.ones(4, 2))
    with pytest.raises(ShapeError, match="value must end in 2"):
        memory.read_back(torch.ones(3))
    with pytest.raises(ArgumentError, match="has no slots: top must be None; got 1"):
        memory.read(torch.ones(3), top=1)
    with pytest.raises(ArgumentError, match="value_dim must be at least 1; got 0"):
        BidirectionalMemory(3, 0)
    assert not memory.weights.any()
    assert int(memory.next_id) == 0
