"""A checkpoint of ranks is read by any number of ranks, and is whole or not there."""

import json
import os
import signal

import pytest
import torch
import torch.distributed as dist
from crew import crew

from hybridattn import MemoryFileError, RankError, ShardedMemory, SlotMemory, save
from hybridattn.ranks import Ranks

from .test_sharded_memory import KEYS, PARTS, QUERY, VALUES, filled


def work_save(folder):
    filled(ShardedMemory(6, 3, **PARTS)).save_shards(folder)


def work_load(folder):
    memory = ShardedMemory.load_shards(folder)
    new = memory.write(KEYS[:1], VALUES[:1])
    memory.erase(new)
    read = memory.read(QUERY, top=3)
    return memory.sizes(), memory.all_ids(), new, read.value, read.slots, torch.stack(memory.truth())


@pytest.mark.parametrize(("saved", "loaded"), [(2, 3), (3, 1), (1, 4), (4, 2)])
def test_it_is_read_by_another_number_of_ranks(saved, loaded, tmp_path):
    crew(saved, work_save, tmp_path / "memory")
    one = filled(SlotMemory(6, 3, **PARTS))
    wanted = one.read(QUERY, top=3)
    for sizes, ids, new, value, slots, truth in crew(loaded, work_load, tmp_path / "memory"):
        assert sum(sizes) == 9
        assert max(sizes) - min(sizes) <= 1
        assert ids.tolist() == [0, 1, 3, 5, 6, 7, 8, 9, 10]
        assert new.tolist() == [11]  # no id is used again
        torch.testing.assert_close(value, wanted.value)
        assert slots.equal(wanted.slots)
        torch.testing.assert_close(truth, torch.stack(one.truth()))


def test_without_a_group_it_is_read_whole(tmp_path):
    crew(2, work_save, tmp_path / "memory")
    memory = ShardedMemory.load_shards(tmp_path / "memory")
    assert memory.ids.tolist() == [0, 1, 3, 5, 6, 7, 8, 9, 10]
    assert len(list((tmp_path / "memory").iterdir())) == 3


def work_twice(folder):
    memory = filled(ShardedMemory(6, 3, **PARTS))
    memory.save_shards(folder)
    memory.write(KEYS[:1], VALUES[:1])
    memory.save_shards(folder)


def test_a_new_checkpoint_takes_the_place_of_the_old_one(tmp_path):
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "shard-notes.safetensors").write_text("not one of ours")
    crew(2, work_twice, tmp_path / "memory")
    assert ShardedMemory.load_shards(tmp_path / "memory").ids.shape == (10,)
    names = sorted(path.name for path in (tmp_path / "memory").iterdir())
    assert len(names) == 4
    assert names[2:] == ["shard-notes.safetensors", "shards.json"]


def test_trained_slots_stay_parameters(tmp_path):
    memory = ShardedMemory(4, 2, trainable=True, slots=5, generator=torch.Generator().manual_seed(0), beta=2.0)
    memory.save_shards(tmp_path / "memory")
    other = ShardedMemory.load_shards(tmp_path / "memory")
    assert [name for name, _ in other.named_parameters()] == ["keys", "values"]
    assert other.beta == 2.0
    assert other.read(torch.ones(4)).value.equal(memory.read(torch.ones(4)).value)


def work_again(folder):
    memory = ShardedMemory.load_shards(folder, group=Ranks(timeout=20.0))
    memory.write(KEYS, VALUES)
    if dist.get_rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    with pytest.raises(RankError):
        memory.save_shards(folder)


def test_a_rank_that_dies_while_saving_leaves_what_was_there(tmp_path):
    crew(2, work_save, tmp_path / "memory")
    before = {path.name: path.read_bytes() for path in (tmp_path / "memory").iterdir()}
    crew(2, work_again, tmp_path / "memory")
    assert {path.name: path.read_bytes() for path in (tmp_path / "memory").iterdir()} == before


def work_unwritable(folder):
    memory = filled(ShardedMemory(6, 3, **PARTS))
    with pytest.raises(MemoryFileError) as caught:
        memory.save_shards(folder if dist.get_rank() else f"{folder}/nowhere/deep")
    return str(caught.value)


def test_where_one_rank_cannot_write_all_say_so(tmp_path):
    first, second = crew(2, work_unwritable, tmp_path / "memory")
    assert "cannot save to" in first
    assert "No such file" in first
    assert "rank 0 failed" in second
    assert list((tmp_path / "memory").iterdir()) == []


def edited(folder, **changes):
    index = json.loads((folder / "shards.json").read_text())
    (folder / "shards.json").write_text(json.dumps({**index, **changes}))


def cut(folder):
    path = next(folder.glob("shard-1*"))
    path.write_bytes(path.read_bytes()[:-9])


def swap(folder):
    other = SlotMemory(5)
    other.write(torch.ones(5, 5))
    save(other, next(folder.glob("shard-1*")))


SPOILED = {
    "no folder": (lambda folder: [path.unlink() for path in folder.iterdir()], "cannot read"),
    "no json": (lambda folder: (folder / "shards.json").write_text("{"), "is no JSON"),
    "newer": (lambda folder: edited(folder, version=2), "no index of a sharded memory of version 1"),
    "no list": (lambda folder: edited(folder, files="x"), "is damaged"),
    "out of the folder": (lambda folder: edited(folder, files=["../a", "../b"]), "is damaged"),
    "negative": (lambda folder: edited(folder, slots=[-1, 10]), "is damaged"),
    "other counts": (lambda folder: edited(folder, slots=[5, 9]), "not the slots that the index says"),
    "truncated": (cut, "cannot load"),
    "another memory": (swap, "parts of different memories"),
    "one is missing": (lambda folder: next(folder.glob("shard-0*")).unlink(), "cannot read"),
}


@pytest.mark.parametrize("how", SPOILED)
def test_what_is_damaged_is_refused(how, tmp_path):
    two_parts(tmp_path / "memory")
    spoil, said = SPOILED[how]
    spoil(tmp_path / "memory")
    with pytest.raises(MemoryFileError, match=said):
        ShardedMemory.load_shards(tmp_path / "memory")


def two_parts(folder):
    """What two ranks write, without starting them."""
    folder.mkdir()
    names = [f"shard-{rank}-of-2-{7:016x}.safetensors" for rank in range(2)]
    for name, rows in zip(names, (slice(0, 6), slice(6, 11)), strict=True):
        part = SlotMemory(6, 3, **PARTS)
        part.write(KEYS[rows], VALUES[rows])
        part.ids += rows.start
        part.next_id = torch.tensor(11)
        save(part, folder / name)
    index = {"format": "hybridattn.shards", "version": 1, "files": names, "slots": [6, 5], "trained": False}
    (folder / "shards.json").write_text(json.dumps(index))
