"""A durable store read in blocks: the exact read of its living slots, also in fewer bits."""

import pytest
import torch

from hybridattn import CodedBlocks, Int8Codes, MemoryStore, SlotMemory, StoreBlocks, read_blocks, read_coded


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("value_dim", [None, 3])
@pytest.mark.parametrize("rows", [None, 4])
def test_a_store_is_read_as_the_memory_of_its_slots(value_dim, rows, tmp_path):
    keys, values = numbers(11, 6), None if value_dim is None else numbers(11, value_dim, seed=1)
    one = SlotMemory(6, value_dim, beta=2.0)
    with MemoryStore(tmp_path / "store", 6, value_dim, beta=2.0) as store:
        for part in (slice(0, 7), slice(7, 11)):  # one part in a segment, one in the database
            for memory in (store, one):
                memory.write(keys[part], None if values is None else values[part])
            if part.start == 0:
                store.flush()
        for memory in (store, one):
            memory.erase(torch.tensor([2, 8]))
        blocks, query = StoreBlocks(store, rows), numbers(5, 6, seed=2)
        wanted = one.read(query, top=3)
        found = read_blocks(query, blocks, beta=2.0, top=3)
        assert found.slots.equal(wanted.slots)
        torch.testing.assert_close(found.value, wanted.value)
        coded = read_coded(query, CodedBlocks(blocks, Int8Codes()), beta=2.0, top=3).read
        assert coded.slots.equal(wanted.slots)
        torch.testing.assert_close(coded.value, wanted.value, atol=1e-3, rtol=1e-3)
