"""`SlotMemory`: what is written is read, settled, erased, counted and stored."""

import copy
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from hybridattn.attention import Cosine, Hard, Softmax
from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError, SlotError
from hybridattn.memory import SlotMemory


def numbers(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def filled(n: int, d: int = 8, *, beta: float = 1.0, seed: int = 0, **parts) -> SlotMemory:
    memory = SlotMemory(d, beta=beta, dtype=torch.float64, **parts)
    memory.write(numbers(n, d, seed=seed))
    return memory


def test_ids_rise_and_are_never_used_again() -> None:
    memory = SlotMemory(3)
    assert memory.write(torch.eye(3)).tolist() == [0, 1, 2]
    memory.erase(torch.tensor([2, 0]))
    assert memory.write(torch.ones(3)).tolist() == [3]
    assert memory.ids.tolist() == [1, 3]
    assert len(memory) == 2
    assert memory.keys_of(torch.tensor([[3], [1]])).tolist() == [[[1, 1, 1]], [[0, 1, 0]]]


def test_reads_name_slots_by_id_and_give_their_values() -> None:
    memory = SlotMemory(3, 2, beta=100.0)
    memory.write(torch.eye(3), torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    memory.erase(torch.tensor([0]))
    found = memory.read(torch.eye(3)[2], top=3)
    torch.testing.assert_close(found.value, torch.tensor([5.0, 6.0]))
    assert found.slots.tolist() == [2, 1, -1]
    assert memory.values_of(found.slots[:2]).tolist() == [[5, 6], [3, 4]]


@pytest.mark.parametrize("lead", [(), (1,), (4,), (2, 3), (0,)])
def test_queries_keep_their_leading_axes(lead: tuple[int, ...]) -> None:
    found = filled(5).read(numbers(*lead, 8), top=2)
    assert found.value.shape == (*lead, 8)
    assert found.log_mass.shape == lead
    assert found.slots.shape == found.shares.shape == (*lead, 2)


def test_a_read_is_the_softmax_over_all_that_lives() -> None:
    memory = filled(50, beta=0.5)
    memory.erase(torch.arange(0, 50, 3))
    query = numbers(4, 8, seed=1)
    kept = numbers(50, 8)[[i for i in range(50) if i % 3]]
    found = memory.read(query, log_mass=True)
    torch.testing.assert_close(found.value, (0.5 * query @ kept.mT).softmax(-1) @ kept)
    torch.testing.assert_close(found.log_mass, (0.5 * query @ kept.mT).logsumexp(-1))


def test_an_empty_memory_answers_nothing() -> None:
    memory = SlotMemory(4, 2)
    found = memory.read(torch.ones(3, 4), top=2)
    assert found.value.eq(0).all()
    assert found.log_mass.eq(-torch.inf).all()
    assert found.slots.eq(-1).all()
    assert memory.energy(torch.ones(4)).item() == 2.0


def test_writing_one_by_one_moves_the_store_only_when_it_doubles() -> None:
    memory, places = SlotMemory(4), set()
    for row in range(1000):
        memory.write(torch.full((4,), float(row)))
        places.add(memory.keys.data_ptr())
    assert memory.keys[:, 0].tolist() == list(range(1000))
    assert len(places) <= 11


def test_values_are_stored_once_where_they_are_the_keys() -> None:
    memory = filled(3)
    assert memory.values is None
    assert set(memory.state_dict()) == {"keys", "ids", "evidence", "next_id", "beta"}
    assert memory.values_of(memory.ids).equal(memory.keys)


@settings(max_examples=25)
@given(st.lists(st.one_of(st.integers(0, 4), st.lists(st.integers(0, 20), max_size=3)), max_size=8))
def test_any_history_of_writes_and_erasures_is_a_dictionary(history: list[int | list[int]]) -> None:
    memory, wanted, counter = SlotMemory(2, 1), {}, 0
    for event in history:
        if isinstance(event, int):
            keys = torch.arange(counter, counter + event).float().unsqueeze(-1).expand(event, 2)
            ids = memory.write(keys, -keys[:, :1])
            wanted |= dict.fromkeys(ids.tolist())
            counter += event
        elif set(event) <= set(wanted):
            memory.erase(torch.tensor(event, dtype=torch.int64))
            wanted = {i: None for i in wanted if i not in event}
        else:
            with pytest.raises(SlotError):
                memory.erase(torch.tensor(event, dtype=torch.int64))
    assert memory.ids.tolist() == list(wanted)
    assert memory.keys[:, 1].tolist() == list(wanted)
    assert memory.values[:, 0].tolist() == [-i for i in wanted]
    assert memory.truth()[0].tolist() == [1.0] * len(wanted)


# --- evidence


def test_truth_is_frequency_and_confidence_of_the_counts() -> None:
    memory = SlotMemory(2)
    ids = memory.write(torch.eye(2).repeat(2, 1), evidence=torch.tensor([[1, 1], [3, 4], [0, 0], [0, 9]]))
    frequency, confidence = memory.truth()
    assert frequency.tolist() == [1.0, 0.75, 0.5, 0.0]
    assert confidence.tolist() == [0.5, 0.8, 0.0, 0.9]
    assert memory.truth(horizon=3.0)[1].tolist() == [0.25, 4 / 7, 0.0, 0.75]
    memory.add_evidence(ids[[0, 0, 2]], torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.5, 2.0]]))
    assert memory.evidence.tolist() == [[2, 3], [3, 4], [0.5, 2], [0, 9]]
    memory.add_evidence(ids[0], torch.tensor([1, 1]))
    assert memory.evidence[0].tolist() == [3, 4]


def test_counts_stay_exact_when_keys_become_bfloat16() -> None:
    memory = filled(2)
    memory.add_evidence(memory.ids, torch.tensor([1000.0, 1001.0]))
    memory.bfloat16()
    assert memory.keys.dtype == torch.bfloat16
    assert memory.evidence.tolist() == [[1001, 1002], [1001, 1002]]
    memory.write(numbers(8))
    assert memory.read(numbers(3, 8, dtype=torch.bfloat16), top=1).value.dtype == torch.bfloat16


# --- bad input


def test_bad_input_is_refused_in_words_and_changes_nothing() -> None:
    memory, paired = SlotMemory(4), SlotMemory(4, 2)
    memory.write(torch.eye(4))
    hole = torch.zeros(5, 4)
    hole[3, 1], hole[4, 2] = torch.nan, torch.inf
    cosine = SlotMemory(4, similarity=Cosine())

    def counted(evidence: list) -> None:
        memory.write(torch.ones(4), evidence=torch.tensor(evidence))

    refused = [
        (ShapeError, r"keys must have shape \(4,\) or \(m, 4\); got shape \(5, 3\)", lambda: memory.write(hole[:, :3])),
        (ShapeError, r"got shape \(1, 2, 4\)", lambda: memory.write(torch.zeros(1, 2, 4))),
        (NotFiniteError, r"keys must be finite; 2 of 5 rows are not, first row 3", lambda: memory.write(hole)),
        (ArgumentError, r"no values: its keys are its values; got values", lambda: memory.write(hole[0], hole[0])),
        (ArgumentError, r"takes values of 2; got none", lambda: paired.write(torch.zeros(2, 4))),
        (ShapeError, r"values must be one a key, 2; got 3", lambda: paired.write(hole[:2], hole[:3, :2])),
        (NotFiniteError, r"values must be finite; 1 of 1", lambda: paired.write(hole[0], hole[3, :2])),
        (ShapeError, r"evidence must be .* each of 1 slots; got shape \(2, 2\)", lambda: counted([[1, 1], [1, 1]])),
        (ArgumentError, r"0 <= w\+ <= w; got \(2.0, 1.0\) in row 0", lambda: counted([2, 1])),
        (ArgumentError, r"0 <= w\+ <= w; got \(-1.0, 1.0\)", lambda: counted([-1, 1])),
        (NotFiniteError, r"evidence must be finite", lambda: counted([1, torch.inf])),
        (ShapeError, r"query must end in key_dim=4; got shape \(2, 3\)", lambda: memory.read(torch.zeros(2, 3))),
        (ShapeError, r"query must end in key_dim=4; got shape \(\)", lambda: memory.settle(torch.tensor(1.0))),
        (SlotError, r"no slot has id 7 \(and 1 more\)", lambda: memory.erase(torch.tensor([0, 7, -1]))),
        (SlotError, r"no slot has id 4", lambda: memory.keys_of(torch.tensor(4))),
        (ArgumentError, r"horizon must be above 0; got 0", lambda: memory.truth(0)),
        (ArgumentError, r"tol must be at least 0; got -1", lambda: memory.settle(torch.ones(4), tol=-1)),
        (ArgumentError, r"steps must be at least 0, or None; got -1", lambda: memory.settle(torch.ones(4), steps=-1)),
        (ArgumentError, r"beta must be finite and above 0; got 0", lambda: SlotMemory(4, beta=0)),
        (ArgumentError, r"key_dim must be at least 1; got 0", lambda: SlotMemory(0)),
        (ArgumentError, r"slots and trainable=True go together", lambda: SlotMemory(4, slots=3)),
        (ArgumentError, r"for similarity Dot\(\), .* only; got Cosine\(\)", lambda: cosine.energy(hole[0])),
    ]  # fmt: skip
    before = {name: part.clone() for name, part in memory.state_dict().items()}
    for error, message, act in refused:
        with pytest.raises(error, match=message):
            act()
    assert len(paired) == 0
    assert all(part.equal(before[name]) for name, part in memory.state_dict().items())


# --- settling and energy


def test_each_query_settles_by_itself_and_then_stays() -> None:
    memory = filled(20, beta=4.0)
    query = torch.cat((memory.keys[:3] + 0.1 * numbers(3, 8, seed=1), 0.05 * numbers(9, 8, seed=2)))
    together = memory.settle(query)
    assert together.converged.all()
    assert len(together.steps.unique()) > 1
    for row in range(len(query)):
        alone = memory.settle(query[row])
        assert alone.state.shape == (8,)
        assert alone.steps == together.steps[row]
        torch.testing.assert_close(alone.state, together.state[row], atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(memory.read(together.state).value, together.state, atol=1e-4, rtol=0)


def test_settling_holds_no_matrix_of_scores() -> None:
    memory, sizes = filled(5000, beta=0.5), []

    class Sizes(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            sizes.extend(
                part.numel() for part in (out if isinstance(out, tuple | list) else [out]) if torch.is_tensor(part)
            )
            return out

    with Sizes():
        memory.settle(numbers(300, 8, seed=1), steps=3, tol=0.0)
    assert max(sizes) <= 8 * 5000 < 300 * 5000


def test_settling_can_be_cut_short() -> None:
    memory, query = filled(20, beta=0.1), numbers(3, 8, seed=1)
    found = memory.settle(query, steps=2, tol=0.0)
    assert found.steps.tolist() == [2, 2, 2]
    assert not found.converged.any()
    torch.testing.assert_close(found.state, memory.read(memory.read(query).value).value)
    assert memory.settle(query, steps=0).state.equal(query)


def test_a_hard_memory_settles_on_the_nearest_key_in_two_steps() -> None:
    memory = filled(20, separation=Hard())
    found = memory.settle(numbers(5, 8, seed=1))
    assert all((row == memory.keys).all(-1).any() for row in found.state)
    assert found.converged.all()


@pytest.mark.parametrize("beta", [0.25, 1.0, 8.0])
def test_energy_is_that_of_the_paper(beta: float) -> None:
    memory = filled(30, beta=beta)
    keys = memory.keys
    largest = keys.square().sum(-1).max()
    query = numbers(40, 8, seed=1)
    query = query / query.norm(dim=-1, keepdim=True) * largest.sqrt() * torch.linspace(0, 1, 40).unsqueeze(-1)
    energy = memory.energy(query)
    for state, found in zip(query, energy, strict=True):  # Ramsauer et al. 2021, eq. 2, term by term
        lse = math.log(sum(math.exp(beta * float(key @ state)) for key in keys)) / beta
        written_out = -lse + float(state @ state) / 2 + math.log(30) / beta + float(largest) / 2
        assert found.item() == pytest.approx(written_out, abs=1e-9)
    assert energy.min() >= 0
    assert energy.max() <= 2 * largest


@settings(max_examples=30)
@given(st.integers(1, 40), st.floats(0.1, 10), st.integers(0, 10**6))
def test_an_update_lowers_the_energy_by_exactly_what_it_moves(n: int, beta: float, seed: int) -> None:
    memory, query = filled(n, beta=beta, seed=seed), numbers(6, 8, seed=seed + 1)
    after = memory.read(query).value
    share, later = (Softmax().weights(beta * state @ memory.keys.mT) for state in (query, after))
    divergence = torch.where(share > 0, share * (share.log() - later.log()), 0.0).sum(-1)
    drop = (query - after).square().sum(-1) / 2 + divergence / beta
    torch.testing.assert_close(memory.energy(query) - memory.energy(after), drop, atol=1e-9, rtol=1e-9)


def test_energy_of_a_hard_memory_never_rises() -> None:
    memory, state = filled(30, separation=Hard()), numbers(20, 8, seed=1)
    for _ in range(3):
        after = memory.settle(state, steps=1).state
        assert (memory.energy(after) <= memory.energy(state) + 1e-12).all()
        state = after


# --- state


@pytest.mark.parametrize("n", [0, 1, 7, 33])
@pytest.mark.parametrize("already", [0, 5])
def test_state_loads_into_a_memory_of_any_size(n: int, already: int) -> None:
    memory = SlotMemory(4, 3)
    memory.write(numbers(n + 2, 4), numbers(n + 2, 3), evidence=torch.tensor([2, 3]))
    memory.erase(torch.tensor([0, n + 1]))
    other = SlotMemory(4, 3)
    other.write(numbers(already, 4), numbers(already, 3))
    assert other.load_state_dict(memory.state_dict(), strict=True).missing_keys == []
    assert other.ids.tolist() == list(range(1, n + 1))
    assert other.write(torch.ones(4), torch.ones(3)).tolist() == [n + 2]
    assert len(memory) == n
    memory.write(torch.ones(4), torch.ones(3))
    for one, two in zip(memory.state_dict().values(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(one, two)


def test_state_holds_live_slots_only() -> None:
    memory = SlotMemory(4)
    for row in torch.eye(4).repeat(9, 1):
        memory.write(row)
    memory.erase(torch.arange(30))
    kept = memory.state_dict()
    assert kept["keys"].untyped_storage().nbytes() == 6 * 4 * 4
    kept["keys"].zero_()
    assert memory.keys.any()
    other = torch.nn.Sequential(SlotMemory(4))
    other.load_state_dict(torch.nn.Sequential(memory).state_dict())
    assert len(other[0]) == 6


def test_state_of_another_width_is_refused() -> None:
    with pytest.raises(RuntimeError, match="size mismatch for keys"):
        filled(3).load_state_dict(filled(2, d=5).state_dict())


def test_copies_go_their_own_ways() -> None:
    memory = filled(3)
    memory.write(numbers(8))
    twin = copy.deepcopy(memory)
    memory.write(numbers(8, seed=5))
    twin.write(numbers(8, seed=6))
    assert memory.keys[4].equal(numbers(8, seed=5))
    assert twin.keys[4].equal(numbers(8, seed=6))
    moved = copy.deepcopy(twin).to(torch.float32)
    moved.write(numbers(8, seed=7))
    assert len(moved) == 6
    assert len(twin) == 5


def test_the_description_names_every_part() -> None:
    assert repr(SlotMemory(8, device="meta")).endswith(", beta=1.0, device=meta)")
    assert repr(filled(3, beta=2.0)) == (
        "SlotMemory(key_dim=8, value_dim=None, slots=3, similarity=Dot(), separation=Softmax(), beta=2.0, device=cpu)"
    )


# --- gradients


def test_gradients_flow_from_reads_to_what_was_written() -> None:
    memory = SlotMemory(8, 3, dtype=torch.float64)
    memory.write(numbers(4, 8), numbers(4, 3))
    keys, values = numbers(5, 8, seed=1).requires_grad_(), numbers(5, 3, seed=2).requires_grad_()
    memory.write(keys, values)
    memory.write(numbers(8, seed=3), numbers(3, seed=3))
    memory.erase(torch.tensor([0]))
    memory.read(numbers(2, 8, seed=4)).value.sum().backward()
    all_keys = torch.cat((numbers(4, 8)[1:], keys.detach(), numbers(1, 8, seed=3)))
    share = (numbers(2, 8, seed=4) @ all_keys.mT).softmax(-1)
    torch.testing.assert_close(values.grad, share.sum(0)[3:8].unsqueeze(-1).expand(5, 3))
    assert keys.grad.ne(0).all()


def test_a_write_between_read_and_backward_does_no_harm() -> None:
    memory, query = filled(3), numbers(2, 8, seed=1).requires_grad_()
    memory.write(numbers(8, seed=2))  # there is room for more from here on
    value = memory.read(query).value
    memory.write(numbers(8, seed=3))
    value.sum().backward()
    assert query.grad.isfinite().all()


def test_settling_and_energy_are_differentiable() -> None:
    memory, query = filled(6), numbers(2, 8, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda state: memory.settle(state, steps=3, tol=0.0).state, query)
    assert torch.autograd.gradcheck(memory.energy, query)


def test_trainable_memories_are_parameters_of_fixed_size() -> None:
    memory = SlotMemory(4, 2, trainable=True, slots=5, generator=torch.Generator().manual_seed(0))
    twin = SlotMemory(4, 2, trainable=True, slots=5, generator=torch.Generator().manual_seed(0))
    assert {name for name, _ in memory.named_parameters()} == {"keys", "values"}
    assert memory.keys.equal(twin.keys)
    memory.read(torch.ones(3, 4)).value.sum().backward()
    assert memory.keys.grad.ne(0).all()
    for act in (lambda: memory.write(torch.ones(4), torch.ones(2)), lambda: memory.erase(torch.tensor([0]))):
        with pytest.raises(ArgumentError, match="a trainable memory: its number of slots is fixed"):
            act()
    with pytest.raises(RuntimeError, match="size mismatch"):
        memory.load_state_dict(SlotMemory(4, 2, trainable=True, slots=6).state_dict())
