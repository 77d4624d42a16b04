"""A store in lists: the same slots, and lists that are kept and made again."""

import pytest
import torch

from hybridattn import ArgumentError, KMeansLists, MemoryStore, OneList, SlotMemory, StoreReader, indexed_store


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Counted(OneList):
    """Two lists by the sign of the first number; counts how often it learns."""

    learnt = 0

    def fit(self, keys):
        type(self).learnt += 1
        return Signs()

    def __repr__(self):
        return "Counted()"


class Signs:
    lists = 2

    def assign(self, keys):
        return (keys[:, 0] > 0).long()


@pytest.fixture
def store(tmp_path):
    Counted.learnt = 0
    with MemoryStore(tmp_path / "store", 4, 2, beta=2.0) as store:
        store.write(numbers(20, 4), numbers(20, 2, seed=1), evidence=torch.tensor([1.0, 2.0]))
        store.erase(torch.tensor([3, 7]))
        yield store


@pytest.mark.parametrize("flushed", [False, True])
def test_it_holds_what_the_store_holds(store, flushed):
    if flushed:
        store.flush()
    memory = indexed_store(store, index=KMeansLists(3), probes=3)
    query = numbers(5, 4, seed=2)
    wanted, found = store.read(query, top=3), memory.read(query, top=3)
    torch.testing.assert_close(found.value, wanted.value)
    assert found.slots.equal(wanted.slots)
    assert memory.ids.sort().values.equal(store.ids)
    assert memory.truth()[0].equal(store.truth()[0])
    assert int(memory.write(numbers(1, 4), numbers(1, 2))) == store.next_id == 20
    assert memory.fresh == 1


def test_lists_are_kept_and_slots_since_are_fresh(store):
    first = indexed_store(store, index=Counted(), probes=1)
    assert Counted.learnt == 1
    with StoreReader(store.path) as reader:
        again = indexed_store(reader, index=Counted(), probes=1)
    assert Counted.learnt == 1
    assert again.ids.equal(first.ids)
    assert again.list_of.equal(first.list_of)
    store.write(numbers(2, 4, seed=5), numbers(2, 2, seed=6))
    store.erase(torch.tensor([0]))
    later = indexed_store(store, index=Counted(), probes=1)
    assert Counted.learnt == 1
    assert later.fresh == 2
    assert later.ids[-2:].tolist() == [20, 21]
    assert 0 not in later.ids
    one = SlotMemory(4, 2, beta=2.0)
    one.write(store.keys_of(store.ids), store.values_of(store.ids))
    later.probes = 2
    torch.testing.assert_close(later.read(numbers(3, 4, seed=9)).value, one.read(numbers(3, 4, seed=9)).value)


def test_lists_are_learnt_again_where_too_much_is_fresh_or_nothing_may_be_kept(store):
    indexed_store(store, index=Counted(), probes=1)
    store.write(numbers(10, 4, seed=5), numbers(10, 2, seed=6))
    assert indexed_store(store, index=Counted(), probes=1).fresh == 0
    assert Counted.learnt == 2
    indexed_store(store, index=Counted(), probes=1, cache=False)
    assert Counted.learnt == 3


def spoil(path, how):
    raw = bytearray(path.read_bytes())
    if how == "cut":
        raw = raw[:-5]
    elif how == "empty":
        raw = b""
    elif how == "bit":
        raw[-3] ^= 4
    else:
        raw[9] = 0
    path.write_bytes(bytes(raw))


@pytest.mark.parametrize("how", ["cut", "empty", "bit", "header"])
def test_a_damaged_file_is_made_again(store, how):
    wanted = indexed_store(store, index=Counted(), probes=1)
    (path,) = (store.path / "cache").iterdir()
    spoil(path, how)
    assert indexed_store(store, index=Counted(), probes=1).list_of.equal(wanted.list_of)
    assert Counted.learnt == 2
    indexed_store(store, index=Counted(), probes=1)
    assert Counted.learnt == 2  # and kept again


def test_a_folder_that_cannot_be_made_keeps_nothing(store):
    (store.path / "cache").write_text("in the way")
    assert len(indexed_store(store, index=Counted(), probes=1)) == 18


def test_an_empty_store_has_no_lists(tmp_path):
    with MemoryStore(tmp_path / "store", 4) as store:
        memory = indexed_store(store, index=KMeansLists(3))
        assert len(memory) == 0
        assert memory.read(numbers(1, 4)).value.tolist() == [[0.0] * 4]


def test_ids_rise():
    from hybridattn import IndexedMemory

    memory = IndexedMemory(4, index=OneList())
    memory.take(torch.tensor([2, 5]), numbers(2, 4), None)
    for ids in ([5], [9, 8], [1]):
        with pytest.raises(ArgumentError, match="ids must rise"):
            memory.take(torch.tensor(ids), numbers(len(ids), 4), None)
    assert not memory.take_lists(torch.tensor([2, 2]), torch.tensor([0, 1]))
    assert not memory.take_lists(torch.tensor([2]), torch.tensor([-1]))
    assert memory.ids.tolist() == [2, 5]


def test_a_path_is_no_store(store):
    with pytest.raises(ArgumentError, match="store must be a MemoryStore or a StoreReader; got str"):
        indexed_store(str(store.path), index=OneList())
