"""`SlotMemory` with parts that are trained: they are found, trained, copied, moved and saved with it."""

import copy

import pytest
import torch
from torch import Tensor

from hybridattn.attention import Bilinear, Entmax, LearnedEntmax
from hybridattn.memory import SlotMemory


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def built(seed: int = 0) -> SlotMemory:
    similarity = Bilinear(4, generator=torch.Generator().manual_seed(seed))
    return SlotMemory(4, 2, similarity=similarity, separation=LearnedEntmax(alpha=1.4), beta=2.0)


def filled() -> SlotMemory:
    memory = built()
    memory.write(numbers(9, 4), numbers(9, 2, seed=1))
    return memory


def test_parameters_of_the_parts_are_the_memorys() -> None:
    memory = filled()
    assert {name for name, _ in memory.named_parameters()} == {"similarity.weight", "separation.raw"}
    assert {"similarity.weight", "separation.raw", "keys", "values"} <= set(memory.state_dict())


def test_reads_use_them() -> None:
    memory, query = filled(), numbers(5, 4, seed=2)
    scores = 2.0 * query @ memory.similarity.weight @ memory.keys.T
    wanted = Entmax(1.4).weights(scores) @ memory.values
    torch.testing.assert_close(memory.read(query).value, wanted)
    torch.testing.assert_close(memory.read(query, top=3).value, wanted)


def test_an_optimiser_trains_them() -> None:
    memory, query, wanted = filled(), numbers(20, 4, seed=2), numbers(20, 2, seed=3)
    before = {name: one.detach().clone() for name, one in memory.named_parameters()}
    optimiser = torch.optim.Adam(memory.parameters(), lr=0.05)
    losses = []
    for _ in range(30):
        loss = (memory.read(query).value - wanted).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert all(not torch.equal(one, before[name]) for name, one in memory.named_parameters())


def test_the_state_brings_them_back() -> None:
    memory, query = filled(), numbers(5, 4, seed=2)
    with torch.no_grad():
        memory.separation.raw.add_(1.0)
    fresh = built(seed=7)
    fresh.load_state_dict(memory.state_dict())
    assert torch.equal(fresh.read(query).value, memory.read(query).value)
    assert torch.equal(fresh.separation.alpha, memory.separation.alpha)


def test_copies_and_casts_take_them_along() -> None:
    memory = filled()
    other = copy.deepcopy(memory).double()
    assert other.similarity.weight.dtype == other.separation.raw.dtype == torch.float64
    assert memory.separation.raw.dtype == torch.float32
    query = numbers(5, 4, seed=2)
    torch.testing.assert_close(other.read(query.double()).value.float(), memory.read(query).value)


@pytest.mark.parametrize("part", ["LearnedEntmax", "Bilinear"])
def test_the_memory_shows_them(part: str) -> None:
    assert part in repr(filled())
