"""Whatever is done to a store, in whatever order, it holds what a plain dict holds."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
import stores
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hybridattn.attention import read
from hybridattn.memory import MemoryStore, StoreReader, verify_store
from hybridattn.memory.durable.files import database
from hybridattn.memory.durable.reading import blocks
from hybridattn.memory.durable.writing import changing, compaction, store


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments, blocks and checkpoints of a few slots; other tests have them back as they are."""
    for module, name in (
        (store, "FLUSH_BYTES"),
        (changing, "SEGMENT_BYTES"),
        (compaction, "SEGMENT_BYTES"),
        (blocks, "BLOCK_BYTES"),
        (database, "PAGES"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    stores.make_small()


class Life(RuleBasedStateMachine):
    """A store, a reader beside it, and the model of each."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name, "store")
        self.memory, self.model = stores.new_store(self.path), stores.Model()
        self.reader, self.seen = StoreReader(self.path), self.model

    @rule(seed=st.integers(0, 10**6), kind=st.sampled_from(stores.KINDS))
    def change(self, seed: int, kind: str) -> None:
        op = self.model.random_op(Random(seed), (kind,))
        stores.act(self.memory, op)
        self.model = self.model.after(op)

    @rule()
    def reopen(self) -> None:
        self.memory.close()
        self.memory = MemoryStore(self.path)

    @rule()
    def refresh(self) -> None:
        self.reader.refresh()
        self.seen = self.model

    @invariant()
    def the_store_is_the_model(self) -> None:
        assert stores.held(self.memory) == self.model

    @invariant()
    def the_reader_sees_what_it_saw(self) -> None:
        assert stores.held(self.reader) == self.seen

    def teardown(self) -> None:
        self.reader.close()
        self.memory.close()
        found = verify_store(self.path)
        assert (found.problems, found.left_over) == ((), ())
        self.folder.cleanup()


class TestLife(Life.TestCase):
    settings = settings(max_examples=15, stateful_step_count=12, deadline=None)


@pytest.mark.slow
class TestLongLife(Life.TestCase):
    settings = settings(max_examples=100, stateful_step_count=60, deadline=None)


def filled(path: Path, steps: int, seed: int) -> MemoryStore:
    memory, model, random = stores.new_store(path), stores.Model(), Random(seed)
    for _ in range(steps):
        op = model.random_op(random)
        stores.act(memory, op)
        model = model.after(op)
    return memory


@pytest.mark.parametrize("seed", range(4))
def test_a_long_life(tmp_path: Path, seed: int) -> None:
    """Erased slots in every segment, also in those that were compacted before."""
    memory, model, random = stores.new_store(tmp_path / "store"), stores.Model(), Random(seed)
    for step in range(60):
        op = model.random_op(random)
        stores.act(memory, op)
        model = model.after(op)
        if step % 4 == 0:
            assert stores.held(memory) == model
    memory.close()
    assert stores.read_back(tmp_path / "store") == model


def test_a_compaction_makes_segments_of_a_bounded_size(tmp_path: Path) -> None:
    with stores.new_store(tmp_path / "store") as memory:
        for _ in range(20):
            stores.act(memory, ("append", [(1.0, 1.0, None)] * 50))
            memory.flush()
        memory.compact()
        rows = [one.rows for one in memory._state.segments]
        row_bytes = 4 * (stores.KEY_DIM + stores.VALUE_DIM)
        assert rows == [150] * 6 + [100]
        assert 150 * row_bytes <= changing.SEGMENT_BYTES < 200 * row_bytes


@pytest.mark.parametrize("top", [None, 1, 7, 5000])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_streamed_read_is_the_read_of_all_slots(tmp_path: Path, top: int | None, seed: int) -> None:
    with filled(tmp_path / "store", 30, seed) as memory:
        query = torch.randn(3, 2, stores.KEY_DIM, generator=torch.Generator().manual_seed(seed))
        ids = memory.ids
        wanted = read(query.flatten(0, 1), stores.keys_of(ids), stores.values_of(ids), beta=4.0, top=top, log_mass=True)
        found = memory.read(query, top=top)
    torch.testing.assert_close(found.value.flatten(0, 1), wanted.value, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found.log_mass.flatten(), wanted.log_mass, atol=1e-5, rtol=1e-5)
    if top is None:
        assert found.slots is None
        return
    kept = min(top, len(ids))
    torch.testing.assert_close(found.shares.flatten(0, 1), wanted.shares, atol=1e-5, rtol=1e-4)
    named = torch.cat((ids, torch.tensor([-1])))[wanted.slots]
    assert found.slots.shape == (3, 2, top)
    assert found.slots.flatten(0, 1)[:, : min(kept, 7)].equal(named[:, : min(kept, 7)])
    assert (found.slots[..., kept:] == -1).all()


def test_a_read_has_the_gradient_of_the_read_of_all_slots(tmp_path: Path) -> None:
    with filled(tmp_path / "store", 20, 3) as memory:
        query = torch.randn(4, stores.KEY_DIM, generator=torch.Generator().manual_seed(3)).requires_grad_()
        other = query.detach().clone().requires_grad_()
        ids = memory.ids
        found = memory.read(query, top=2)
        wanted = read(other, stores.keys_of(ids), stores.values_of(ids), beta=4.0, top=2, log_mass=True)
        for one in (found, wanted):
            (one.value.square().sum() + one.log_mass.sum() + one.shares.square().sum()).backward()
    torch.testing.assert_close(query.grad, other.grad, atol=1e-4, rtol=1e-4)


def test_equal_keys_go_to_the_lower_slot_in_whichever_segments_they_are(tmp_path: Path) -> None:
    keys = torch.randn(40, stores.KEY_DIM, generator=torch.Generator().manual_seed(0))
    keys = torch.nn.functional.normalize(keys, dim=-1)
    with MemoryStore(tmp_path / "store", stores.KEY_DIM, beta=3.0) as memory:
        for _ in range(6):
            memory.write(keys)
        memory.erase(torch.arange(40))
        memory.flush()
        memory.write(keys)
        slots = memory.read(keys, top=6).slots
    assert slots.equal(torch.arange(40)[:, None] + 40 * torch.arange(1, 7))
