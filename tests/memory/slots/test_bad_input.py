"""Input at the edge: zero vectors, exact matches, duplicates, half precision, gradients at a write, nothing stored."""

import pytest
import torch
from torch import Tensor

from hybridattn.attention import (
    Cosine,
    Hard,
    NegativeManhattan,
    NegativeSquaredEuclidean,
    ScaledDot,
    Softmax,
    Sparsemax,
)
from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory import (
    Record,
    SlotMemory,
    dense_associative_memory,
    entmax_hopfield,
    epanechnikov_memory,
    exponential_memory,
    hetero_associative,
    mean_shift,
    modern_hopfield,
    nearest_neighbour,
    sparse_hopfield,
)

NAMED = [
    modern_hopfield,
    sparse_hopfield,
    entmax_hopfield,
    dense_associative_memory,
    exponential_memory,
    epanechnikov_memory,
    mean_shift,
    nearest_neighbour,
    lambda dim, **place: hetero_associative(dim, dim, **place),
]
named = pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.__name__)
EVERY = [Cosine(), ScaledDot(), NegativeSquaredEuclidean(), NegativeManhattan()]


def numbers(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def stored(memory: SlotMemory, keys: Tensor) -> SlotMemory:
    memory.write(keys, None if memory.value_dim is None else keys)
    return memory


@named
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16], ids=str)
def test_no_name_gives_a_nan(kind, dtype: torch.dtype) -> None:
    """Nothing stored, zero vectors, duplicates, the stored itself: in every dtype."""
    memory = kind(8, dtype=dtype)
    keys = numbers(5, 8, dtype=dtype).sign()
    query = torch.cat((torch.zeros(1, 8, dtype=dtype), keys, 100 * keys[:1]))
    for content in (keys[:0], torch.zeros(2, 8, dtype=dtype), keys[[0, 0, 0]], keys):
        stored(memory, content)
        for each in (query, query[0], query[:0]):
            assert not memory.read(each, top=3).value.isnan().any()
            assert not memory.settle(each).state.isnan().any()
            assert not memory.energy(each).isnan().any()
            assert not memory.settle(each, steps=2, record=Record.ENERGIES).energies.isnan().any()


@named
def test_no_name_takes_another_width(kind) -> None:
    memory = stored(kind(8), numbers(5, 8).float())
    for act in (memory.read, memory.settle, memory.energy, memory.write):
        with pytest.raises(ShapeError, match="got shape"):
            act(torch.ones(2, 7))


@named
def test_an_empty_memory_answers_nothing(kind) -> None:
    memory, query = kind(8), torch.ones(3, 8)
    found = memory.read(query, top=2)
    assert found.value.eq(0).all()
    assert found.slots.eq(-1).all()
    assert found.shares.eq(0).all()
    assert memory.settle(query).converged.all()
    assert memory.energy(query).isfinite().all()


@pytest.mark.parametrize("similarity", EVERY, ids=repr)
def test_zero_vectors_and_exact_matches_have_values_and_gradients(similarity) -> None:
    keys = numbers(5, 4)
    keys[2] = 0
    memory = SlotMemory(4, similarity=similarity, beta=2.0, dtype=torch.float64)
    memory.write(keys.requires_grad_())
    query = torch.cat((torch.zeros(1, 4), keys.detach()[:2])).double().requires_grad_()
    found = memory.read(query, top=1)
    assert found.value.isfinite().all()
    found.value.sum().backward()
    assert query.grad.isfinite().all()
    assert keys.grad.isfinite().all()
    if similarity in EVERY[2:]:
        assert found.slots.flatten().tolist() == [2, 0, 1]
    if similarity == Cosine():  # nothing is like the zero vector: all are read evenly
        torch.testing.assert_close(found.value[0], keys.detach().mean(0))


@pytest.mark.parametrize("separation", [Softmax(), Sparsemax(), Hard()], ids=repr)
def test_duplicates_share_evenly_or_go_to_the_first(separation) -> None:
    memory = SlotMemory(4, 1, separation=separation, beta=1.0)
    ids = memory.write(torch.eye(4)[[0, 1, 1, 1]], torch.tensor([[0.0], [1.0], [2.0], [6.0]]))
    found = memory.read(5 * torch.eye(4)[1], top=3)
    assert len(memory) == len(ids) == 4
    assert found.slots[0] == 1
    if separation == Hard():
        assert found.value.tolist() == [1]
    else:
        assert found.slots.tolist() == [1, 2, 3]
        torch.testing.assert_close(found.shares, found.shares[:1].expand(3))
    memory.erase(ids[1])
    assert memory.read(5 * torch.eye(4)[1], top=1).slots.tolist() == [2]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("separation", [Softmax(), Sparsemax()], ids=repr)
def test_half_precision_is_summed_in_float32(dtype: torch.dtype, separation) -> None:
    """A mean of 4096 numbers near 1 would stop at 256 in bfloat16, and be off by whole units in float16."""
    memory = SlotMemory(4, 3, separation=separation, beta=1e-6, dtype=dtype)
    keys, values = numbers(4096, 4, dtype=dtype), (1 + 0.1 * numbers(4096, 3, seed=1)).to(dtype)
    memory.write(keys, values, evidence=torch.tensor([2**40 + 1, 2**41 + 1]))
    found = (
        memory.read(torch.zeros(2, 4), top=2) if dtype == torch.float32 else memory.read(torch.zeros(2, 4, dtype=dtype))
    )
    torch.testing.assert_close(found.value, values.double().mean(0).to(dtype).expand(2, 3))
    assert memory.evidence.unique().tolist() == [2.0**40 + 1, 2.0**41 + 1]
    alone = SlotMemory(4, dtype=dtype)
    alone.write(keys)
    mass = alone.read(torch.zeros(4, dtype=dtype), log_mass=True).log_mass
    assert mass.item() == pytest.approx(8.317766, abs=1e-4)  # log 4096


def test_what_is_written_keeps_its_graph_unless_gradients_are_off() -> None:
    memory, row = SlotMemory(3), torch.ones(3, requires_grad=True)
    with torch.no_grad():
        memory.write(row)
    assert not memory.keys.requires_grad
    memory.write(2 * row)
    memory.write(torch.zeros(3))
    assert memory.keys.requires_grad
    memory.read(torch.tensor([1.0, 0.0, 0.0])).value.sum().backward()
    assert row.grad.ne(0).all()
    memory.erase(torch.tensor([1]))
    with torch.no_grad():
        memory.keys += 1  # what is stored is no leaf: it can be changed
    assert not memory.state_dict()["keys"].requires_grad


def test_a_written_tensor_and_the_memory_are_apart() -> None:
    row, memory = torch.zeros(2, 3), SlotMemory(3)
    memory.write(row)
    row += 1
    assert memory.keys.eq(0).all()


def test_names_say_their_parts_and_pass_on_the_rest() -> None:
    shown = {
        "modern_hopfield": "similarity=Dot(), separation=Softmax()",
        "sparse_hopfield": "similarity=Dot(), separation=Sparsemax()",
        "entmax_hopfield": "similarity=Dot(), separation=Entmax(alpha=1.5)",
        "dense_associative_memory": "similarity=Dot(), separation=Power(n=3), activation=Flips(), beta=0.125",
        "exponential_memory": "similarity=Dot(), separation=Softmax(), activation=Flips()",
        "epanechnikov_memory": "NegativeSquaredEuclidean(), separation=MeanShift(separation=LogSumReLU())",
        "mean_shift": "similarity=NegativeSquaredEuclidean(), separation=Softmax()",
        "nearest_neighbour": "similarity=NegativeSquaredEuclidean(), separation=Hard()",
    }
    for kind in NAMED[:-1]:
        memory = kind(8, beta=0.5, trainable=True, slots=3, dtype=torch.float64)
        assert memory.keys.shape == (3, 8)
        assert memory.keys.dtype == torch.float64
        assert memory.beta == 0.5
        assert shown[kind.__name__] in repr(kind(8))
    with pytest.raises(ArgumentError, match="n must be a whole number, at least 2; got 1"):
        dense_associative_memory(8, power=1)
    with pytest.raises(ArgumentError, match="key_dim must be at least 1; got 0"):
        dense_associative_memory(0)


def test_a_hetero_associative_memory_cleans_the_query_and_then_reads_what_belongs_to_it() -> None:
    keys, values = numbers(30, 16), numbers(30, 3, seed=1)
    memory = hetero_associative(16, 3, beta=16.0, dtype=torch.float64)
    memory.write(keys, values)
    query = keys + 0.3 * numbers(30, 16, seed=2)
    torch.testing.assert_close(memory.read(memory.settle(query).state).value, values, atol=1e-6, rtol=1e-6)


def test_mean_shift_climbs_to_the_modes_of_the_density() -> None:
    """Two clumps: every point ends at a point where the density of a Gaussian kernel has no slope, near its clump."""
    clumps = torch.tensor([[0.0, 0.0], [4.0, 0.0]], dtype=torch.float64)
    keys = clumps.repeat_interleave(20, 0) + 0.3 * numbers(40, 2)
    memory = mean_shift(2, beta=1.0, dtype=torch.float64)
    memory.write(keys)
    found = memory.settle(keys, tol=1e-10).state
    assert ((found - clumps.repeat_interleave(20, 0)).norm(dim=-1) < 0.5).all()
    assert torch.cdist(found[:20], found[:20]).max() < 1e-6
    state = found.clone().requires_grad_()
    (-(state[:, None] - keys).square().sum(-1)).exp().sum().backward()
    assert state.grad.abs().max() < 1e-6
