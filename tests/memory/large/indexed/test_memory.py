"""A memory that looks into a few lists: what it must agree with, and what it must never get wrong."""

import math
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import normalize

from hybridattn.errors import ArgumentError, MemoryFileError, NotFiniteError, ShapeError, SlotError
from hybridattn.memory import Estimating, IndexedMemory, KMeansLists, SlotMemory, load, save


def clustered(n: int = 1200, d: int = 16, seed: int = 0, clusters: int = 30) -> tuple[Tensor, Tensor, Tensor]:
    """Keys in clusters, values of their own, and queries near stored keys."""
    generator = torch.Generator().manual_seed(seed)
    centres = normalize(torch.randn(clusters, d, generator=generator), dim=-1)
    keys = centres[torch.randint(clusters, (n,), generator=generator)]
    keys = normalize(keys + 0.6 * torch.randn(n, d, generator=generator) / d**0.5, dim=-1)
    values = torch.randn(n, 5, generator=generator) + keys[:, :5]
    query = keys[torch.randint(n, (40,), generator=generator)] + 0.3 * torch.randn(40, d, generator=generator) / d**0.5
    return keys, values, query


def filled(probes: int = 3, beta: float = 12.0, lists: int = 24, **data: int) -> tuple[IndexedMemory, Tensor, Tensor]:
    keys, values, query = clustered(**data)
    memory = IndexedMemory(16, 5, index=KMeansLists(lists), probes=probes, beta=beta)
    ids = memory.write(keys, values)
    memory.build_index()
    return memory, ids, query


def exact(memory: IndexedMemory, query: Tensor) -> tuple[Tensor, Tensor]:
    """The softmax read in float64, from its definition."""
    scores = memory.beta * query.double() @ memory.keys.double().T
    return torch.softmax(scores, -1) @ memory.values.double(), torch.logsumexp(scores, -1)


def off(memory: IndexedMemory, query: Tensor) -> Tensor:
    return (memory.estimate(query).read.value.double() - exact(memory, query)[0]).norm(dim=-1)


def test_it_promises_an_estimate() -> None:
    memory = filled()[0]
    assert isinstance(memory, Estimating)
    assert not isinstance(SlotMemory(2), Estimating)


@pytest.mark.parametrize("probes", [24, 99])
def test_with_all_lists_the_read_is_exact_and_nothing_is_missing(probes: int) -> None:
    memory, _, query = filled(probes)
    found = memory.estimate(query, top=4)
    value, mass = exact(memory, query)
    torch.testing.assert_close(found.read.value.double(), value, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found.read.log_mass.double(), mass, atol=1e-5, rtol=1e-5)
    assert found.missing.equal(torch.zeros(40))
    assert (found.error < 1e-3).all()
    best = (query @ memory.keys.T).topk(4).indices
    assert found.read.slots.equal(memory.ids[best])


def test_all_lists_but_one_and_that_empty_or_far_is_nearly_exact() -> None:
    memory, _, query = filled(23, beta=40.0)
    assert (off(memory, query) < 1e-3).all()


@given(probes=st.integers(1, 23), beta=st.sampled_from([0.1, 4.0, 16.0, 64.0, 1e4]), seed=st.integers(0, 20))
@settings(max_examples=30)
def test_missing_mass_is_a_share_and_shrinks_with_every_list(probes: int, beta: float, seed: int) -> None:
    memory, _, query = filled(probes, beta, seed=seed, n=300)
    few = memory.estimate(query)
    memory.probes = probes + 1
    more = memory.estimate(query)
    for found in (few, more):
        assert ((found.missing >= 0) & (found.missing <= 1)).all()
        assert (found.error >= 0).all()
        assert found.read.value.isfinite().all()
    assert (more.missing <= few.missing + 1e-5).all()


def test_error_bars_grow_when_fewer_lists_are_looked_into() -> None:
    memory, _, query = filled()
    stated, true = [], []
    for probes in (1, 2, 4, 8, 16, 24):
        memory.probes = probes
        stated.append(float(memory.estimate(query).error.mean()))
        true.append(float(off(memory, query).mean()))
    assert stated == sorted(stated, reverse=True)
    assert stated[0] > 3 * stated[3]
    assert true[0] > true[3] > true[5]


@pytest.mark.parametrize(("beta", "part"), [(1.0, 0.05), (4.0, 0.2), (8.0, 0.5)])
def test_the_guess_is_better_than_none(beta: float, part: float) -> None:
    """Against the read of what was looked into alone: 'plain truncation'."""
    memory, _, query = filled(2, beta)
    value, _ = exact(memory, query)
    looked = memory._look(query * beta, None).found
    assert (off(memory, query).mean()) < part * (looked.value.double() - value).norm(dim=-1).mean()


@pytest.mark.parametrize("beta", [4.0, 16.0, 64.0])
def test_missing_mass_is_honest(beta: float) -> None:
    memory, _, query = filled(2, beta, n=4000)
    missing = memory.estimate(query).missing
    looked = memory._look(query * beta, None).found
    true = 1 - (looked.log_mass.double() - exact(memory, query)[1]).exp()
    assert float((missing - true).abs().mean()) < 0.03
    assert abs(float((missing - true).mean())) < 0.02


@pytest.mark.parametrize("beta", [4.0, 16.0, 64.0])
@pytest.mark.parametrize("probes", [1, 4])
def test_calibrated_errors_hold_for_other_queries(beta: float, probes: int) -> None:
    memory, _, _ = filled(probes, beta, n=3000)
    generator = torch.Generator().manual_seed(7)
    picked = memory.keys[torch.randint(3000, (800,), generator=generator)]
    query = picked + 0.3 * torch.randn(800, 16, generator=generator) / 4
    made = memory.calibrate(query[:400], level=0.9)
    assert memory.calibration == made
    found = memory.estimate(query[400:])
    wrong = (found.read.value.double() - exact(memory, query[400:])[0]).norm(dim=-1)
    assert (wrong <= found.error).float().mean() >= 0.9
    assert found.error.mean() < 8 * wrong.mean() + 1e-3, "an error bar of no use would hold as well"


def test_a_calibration_holds_for_its_beta_probes_and_index_alone() -> None:
    memory, _, query = filled()
    assert memory.calibration is None
    memory.calibrate(query)
    for change, back in (({"beta": 5.0}, {"beta": 12.0}), ({"probes": 7}, {"probes": 3})):
        for name, number in change.items():
            setattr(memory, name, number)
        assert memory.calibration is None
        for name, number in back.items():
            setattr(memory, name, number)
        assert memory.calibration is not None
    memory.build_index()
    assert memory.calibration is None


def test_a_calibration_shifts_the_guess_towards_the_truth() -> None:
    """Slots of two scales in one list: the guess is too low or too high by the same for all queries."""
    generator = torch.Generator().manual_seed(0)
    keys = torch.randn(3000, 16, generator=generator) * torch.rand(3000, 1, generator=generator).square()
    memory = IndexedMemory(16, index=KMeansLists(20), probes=1, beta=0.7)
    memory.write(keys)
    memory.build_index()
    query = 4 * normalize(torch.randn(200, 16, generator=generator), dim=-1)
    mass = torch.logsumexp(0.7 * query.double() @ keys.double().T, -1)
    before = (memory.read(query[100:]).log_mass - mass[100:]).abs().median()
    found = memory.calibrate(query[:100])
    assert abs(found.offset) > 0.02
    assert (memory.read(query[100:]).log_mass - mass[100:]).abs().median() < before


def test_gradients_with_all_lists_are_those_of_a_slot_memory() -> None:
    keys, values, query = (side.double() for side in clustered(60))
    slopes = []
    for memory in (
        IndexedMemory(16, 5, index=KMeansLists(4), probes=4, beta=7.0, dtype=torch.float64),
        SlotMemory(16, 5, beta=7.0, dtype=torch.float64),
    ):
        inputs = [side.detach().clone().requires_grad_() for side in (query, keys, values)]
        memory.write(*inputs[1:])
        if isinstance(memory, IndexedMemory):
            memory.build_index()
        slopes.append(torch.autograd.grad(memory.read(inputs[0]).value.sin().sum(), inputs))
    for mine, theirs in zip(*slopes, strict=True):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("probes", [1, 3])
def test_gradients_with_some_lists_are_those_of_finite_differences(probes: int) -> None:
    """What summaries say of lists is taken as given, and so it is held fixed here."""
    keys, values, query = (side.double() for side in clustered(16, d=5, clusters=4))
    memory = IndexedMemory(5, 5, index=KMeansLists(4), probes=probes, beta=3.0, dtype=torch.float64)
    memory.write(keys, values)
    memory.build_index()
    memory.write(keys[:2] + 0.1, values[:2])  # fresh ones
    summary = memory._known()

    def act(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        memory.keys, memory.values, memory._summary = keys, values, summary
        found = memory.estimate(query, top=2)
        return torch.cat((found.read.value, found.read.log_mass[:, None], found.missing[:, None], found.read.shares), 1)

    inputs = [side.detach().clone().requires_grad_() for side in (query[:2], memory.keys, memory.values)]
    assert torch.autograd.gradcheck(act, inputs)
    assert torch.autograd.grad(act(*inputs)[:, 0].sum(), inputs)[0].ne(0).any(-1).all()


def test_with_and_without_gradient_it_is_the_same_read() -> None:
    memory, _, query = filled()
    plain = memory.estimate(query, top=3)
    sloped = memory.estimate(query.clone().requires_grad_(), top=3)
    for one, other in zip((*plain.read, *plain[1:]), (*sloped.read, *sloped[1:]), strict=True):
        torch.testing.assert_close(one, other.detach(), atol=1e-5, rtol=1e-4)


@dataclass(frozen=True)
class Nearest:
    """Lists that do not depend on the order of slots: the nearest of some axes."""

    def fit(self, keys: Tensor) -> "Nearest":
        return self

    lists = 16

    def assign(self, keys: Tensor) -> Tensor:
        return keys.argmax(-1)


@given(seed=st.integers(0, 99), probes=st.integers(1, 16))
@settings(max_examples=20)
def test_the_order_of_slots_changes_nothing(seed: int, probes: int) -> None:
    keys, values, query = clustered(200, seed=seed)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(seed))
    found = []
    for places in (torch.arange(200), order):
        memory = IndexedMemory(16, 5, index=Nearest(), probes=probes, beta=9.0)
        memory.write(keys[places], values[places])
        memory.build_index()
        found.append((memory.estimate(query, top=3), places))
    (one, _), (other, places) = found
    torch.testing.assert_close(one.read.value, other.read.value, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(one.read.log_mass, other.read.log_mass, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(one.missing, other.missing, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(one.error, other.error, atol=1e-4, rtol=1e-2)
    assert one.read.slots.equal(torch.cat((places, torch.tensor([-1])))[other.read.slots])  # -1 stays


def test_a_query_reads_the_same_alone_and_in_a_batch() -> None:
    memory, _, query = filled()
    together = memory.estimate(query.reshape(5, 8, 16), top=3)
    assert [tuple(part.shape) for part in (*together.read, *together[1:])] == [
        (5, 8, 5), (5, 8), (5, 8, 3), (5, 8, 3), (5, 8), (5, 8),
    ]  # fmt: skip
    for row, column in ((0, 0), (2, 7), (4, 3)):
        alone = memory.estimate(query.reshape(5, 8, 16)[row, column], top=3)
        for one, other in zip((*alone.read, *alone[1:]), (*together.read, *together[1:]), strict=True):
            torch.testing.assert_close(one, other[row, column], atol=1e-5, rtol=1e-4)


def test_many_queries_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, _, query = filled()
    whole = memory.estimate(query, top=2)
    monkeypatch.setattr("hybridattn.memory.large.indexed.probing._PAIRS", 500)
    parts = memory.estimate(query, top=2)
    for one, other in zip((*whole.read, *whole[1:]), (*parts.read, *parts[1:]), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_fresh_slots_are_read_exactly() -> None:
    """A slot far from all lists, written after the index was built: no list promises it, and yet it is read."""
    memory, _, _ = filled(1, 30.0)
    far = -3 * normalize(memory.keys.mean(0), dim=-1)
    [new] = memory.write(far, torch.full((5,), 50.0)).tolist()
    assert memory.fresh == 1
    found = memory.read(far, top=1)
    assert found.slots.tolist() == [new]
    torch.testing.assert_close(found.value, torch.full((5,), 50.0))
    memory.build_index()
    assert memory.fresh == 0
    assert memory.read(far, top=1).slots.tolist() == [new]
    assert memory.keys_of(torch.tensor([new])).equal(far[None])


@given(seed=st.integers(0, 999))
@settings(max_examples=15)
def test_writing_erasing_and_building_in_any_order_keep_ids_and_never_read_the_dead(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    memory = IndexedMemory(4, 2, index=KMeansLists(3), probes=1, beta=5.0)
    alive: dict[int, tuple[Tensor, Tensor]] = {}
    for _ in range(12):
        what = int(torch.randint(3, (), generator=generator))
        if what == 0 or not alive:
            keys, values = torch.randn(5, 4, generator=generator), torch.randn(5, 2, generator=generator)
            ids = memory.write(keys, values).tolist()
            assert not set(ids) & set(alive)
            alive.update(zip(ids, zip(keys, values, strict=True), strict=True))
        elif what == 1:
            gone = [one for one in alive if torch.rand((), generator=generator) < 0.3]
            memory.erase(torch.tensor(gone, dtype=torch.int64))
            alive = {one: slot for one, slot in alive.items() if one not in gone}
        else:
            memory.build_index()
        query = torch.randn(6, 4, generator=generator)
        found = memory.read(query, top=4)
        assert set(found.slots.flatten().tolist()) - {-1} <= set(alive)
        named = torch.tensor(list(alive), dtype=torch.int64)
        if len(named):
            assert memory.keys_of(named).equal(torch.stack([alive[one][0] for one in alive]))
            assert memory.values_of(named).equal(torch.stack([alive[one][1] for one in alive]))
        memory.probes = 3
        value, _ = exact(memory, query)
        torch.testing.assert_close(memory.read(query).value.double(), value, atol=1e-5, rtol=1e-5)
        assert len(memory) == len(alive)
        memory.probes = 1


def test_erased_evidence_and_truth_follow_their_slots() -> None:
    memory = IndexedMemory(2, index=KMeansLists(2), beta=1.0)
    ids = memory.write(
        torch.tensor([[5.0, 0.0], [-5.0, 0.0], [5.0, 0.1]]), evidence=torch.tensor([[1, 2], [3, 3], [0, 4]])
    )
    memory.build_index()
    assert memory.ids.tolist() != ids.tolist(), "else this shows nothing"
    memory.add_evidence(ids[1], torch.tensor([1.0, 1.0]))
    frequency, confidence = memory.truth()
    assert frequency.tolist() == [0.5, 1.0, 0.0]
    assert confidence.tolist() == [2 / 3, 0.8, 0.8]
    memory.erase(ids[0])
    assert memory.truth()[0].tolist() == [1.0, 0.0]
    with pytest.raises(SlotError, match="no slot has id 0"):
        memory.values_of(ids)
    with pytest.raises(SlotError, match="no slot has id 7"):
        memory.erase(torch.tensor([7]))


def test_it_builds_its_index_by_itself_if_told_to() -> None:
    keys, _, _ = clustered(50)
    memory = IndexedMemory(16, index=KMeansLists(3), probes=1, most_fresh=20)
    memory.write(keys[:20])
    assert memory.fresh == 20
    memory.write(keys[20:22])
    assert memory.fresh == 0
    memory.write(keys[22:40])
    assert memory.fresh == 18


def test_a_file_keeps_lists_and_calibration(tmp_path: Path) -> None:
    memory, _, query = filled()
    memory.calibrate(query)
    memory.write(query[:2], torch.zeros(2, 5))
    save(memory, tmp_path / "memory.safetensors")
    other = load(tmp_path / "memory.safetensors")
    assert isinstance(other, IndexedMemory)
    assert other.calibration == memory.calibration
    assert other.fresh == 2
    for one, two in zip(memory.estimate(query)[1:], other.estimate(query)[1:], strict=True):
        assert one.equal(two)


@pytest.mark.parametrize("name", ["list_of", "comparison"])
def test_a_state_of_another_memory_is_refused(name: str, tmp_path: Path) -> None:
    memory, _, _ = filled()
    wrong = memory.state_dict()
    if name == "list_of":
        wrong["list_of"] = wrong["list_of"].flip(0)
        why = "list_of: must rise from 0 to less than 1200, -1 for fresh slots at the end"
    else:
        wrong["comparison"] = torch.full((5,), math.nan)
        why = "comparison: is no calibration"
    with pytest.raises(RuntimeError, match=why):
        IndexedMemory(16, 5, index=KMeansLists(24)).load_state_dict(wrong)
    getattr(memory, name).copy_(wrong[name])
    save(memory, tmp_path / "memory.safetensors")
    with pytest.raises(MemoryFileError, match=why):
        load(tmp_path / "memory.safetensors")


def test_dtypes_and_calibration_stay_apart() -> None:
    memory, _, query = filled()
    made = memory.calibrate(query)
    memory.double()
    assert memory.calibration == made
    found = memory.estimate(query.double())
    assert found.read.value.dtype == found.error.dtype == torch.float64
    memory.bfloat16()
    with pytest.raises(ArgumentError, match=r"both be float32, or both float64; got torch\.bfloat16"):
        memory.read(query.bfloat16())
    with pytest.raises(ArgumentError, match=r"got torch\.float64 and torch\.float32"):
        memory.float().read(query.double())


def test_nothing_stored_reads_nothing() -> None:
    memory = IndexedMemory(4, 2, index=KMeansLists(3))
    memory.build_index()
    found = memory.estimate(torch.ones(3, 4), top=2)
    assert found.read.value.equal(torch.zeros(3, 2))
    assert (found.read.log_mass == -math.inf).all()
    assert (found.read.slots == -1).all()
    assert found.missing.equal(torch.zeros(3))
    assert found.error.equal(torch.zeros(3))
    assert memory.estimate(torch.ones(0, 4)).error.shape == (0,)


def test_bad_arguments_are_refused() -> None:
    for beta in (0.0, -1.0, math.inf, math.nan, 1e7, torch.tensor(2.0)):
        with pytest.raises(ArgumentError, match="beta must be a number above 0 and at most 1e"):
            IndexedMemory(4, beta=beta)
    with pytest.raises(ArgumentError, match="probes must be at least 1; got 0"):
        IndexedMemory(4, probes=0)
    with pytest.raises(ArgumentError, match="most_fresh must be at least 0, or None; got -1"):
        IndexedMemory(4, most_fresh=-1)
    with pytest.raises(ArgumentError, match=r"index must have fit\(keys\), as KMeansLists has; got 'IVF4096'"):
        IndexedMemory(4, index="IVF4096")
    memory, _, query = filled()
    with pytest.raises(ArgumentError, match="probes must be at least 1; got -2"):
        memory.probes = -2
    with pytest.raises(ShapeError, match="query must end in key_dim=16"):
        memory.estimate(query[:, 1:])
    with pytest.raises(NotFiniteError, match="query must be finite"):
        memory.estimate(query / 0)
    with pytest.raises(ArgumentError, match="top must be at least 1, or None; got 0"):
        memory.estimate(query, top=0)
    with pytest.raises(ArgumentError, match="needs at least 20 queries and a slot; got 19 and 1200"):
        memory.calibrate(query[:19])
    with pytest.raises(ArgumentError, match="got 40 and 0"):
        IndexedMemory(16).calibrate(query)
    for level in (0.0, 1.0, math.nan):
        with pytest.raises(ArgumentError, match="level must be above 0 and below 1"):
            memory.calibrate(query, level=level)
    memory.beta = 1e6
    with pytest.raises(NotFiniteError, match=r"scores leave the range of torch\.float32: lower beta=1e\+06"):
        memory.estimate(1e30 * query)
