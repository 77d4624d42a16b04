"""SlotBlocks of slots: out of tensors and out of mapped files; and exact reads of them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from hybridattn.errors import ArgumentError, MemoryFileError, NotFiniteError, ShapeError
from hybridattn.memory import MappedBlocks, TensorBlocks, read_blocks


def slots(n: int = 50, d: int = 6, v: int = 3, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator), torch.randn(n, v, generator=generator)


def by_hand(query: Tensor, keys: Tensor, values: Tensor, beta: float) -> tuple[Tensor, Tensor]:
    """The softmax read in float64, from its definition."""
    scores = beta * query.double() @ keys.double().T
    return torch.softmax(scores, -1) @ values.double(), torch.logsumexp(scores, -1)


@given(rows=st.integers(1, 60), top=st.integers(1, 5), seed=st.integers(0, 99))
def test_however_it_is_cut_the_read_is_that_of_all_slots(rows: int, top: int, seed: int) -> None:
    keys, values = slots(seed=seed)
    query = slots(seed=seed + 100)[0][:4]
    found = read_blocks(query, TensorBlocks(keys, values, rows=rows), beta=2.0, top=top)
    value, mass = by_hand(query, keys, values, 2.0)
    torch.testing.assert_close(found.value.double(), value, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found.log_mass.double(), mass, atol=1e-5, rtol=1e-5)
    best = (query @ keys.T).topk(top)
    assert found.slots.equal(best.indices)
    shares = (2.0 * best.values.double() - mass[:, None]).exp()
    torch.testing.assert_close(found.shares.double(), shares, atol=1e-5, rtol=1e-4)


def test_the_shape_of_queries_stays() -> None:
    keys, values = slots()
    found = read_blocks(keys[:6].reshape(2, 3, 6), TensorBlocks(keys, values, rows=7), beta=1.0, top=2)
    assert [tuple(part.shape) for part in found] == [(2, 3, 3), (2, 3), (2, 3, 2), (2, 3, 2)]
    one = read_blocks(keys[0], TensorBlocks(keys, values, rows=7), beta=1.0)
    torch.testing.assert_close(one.value, found.value[0, 0])


def test_gradients_are_those_of_all_slots() -> None:
    keys, values = (side.double().requires_grad_() for side in slots(20))
    query = slots(3, seed=5)[0].double().requires_grad_()
    inputs = (query, keys, values)
    found = read_blocks(query, TensorBlocks(keys, values, rows=6), beta=1.5)
    mine = torch.autograd.grad(found.value.sin().sum() + found.log_mass.sum(), inputs)
    scores = 1.5 * query @ keys.T
    loss = (torch.softmax(scores, -1) @ values).sin().sum() + torch.logsumexp(scores, -1).sum()
    for one, other in zip(mine, torch.autograd.grad(loss, inputs), strict=True):
        torch.testing.assert_close(one, other)


def files(folder: Path, *sizes: int, ids: bool = False, values: bool = True) -> tuple[list[Path], Tensor, Tensor]:
    keys, vals = slots(sum(sizes))
    paths, first = [], 0
    for number, size in enumerate(sizes):
        part = slice(first, first + size)
        tensors = {"keys": keys[part].contiguous()}
        if values:
            tensors["values"] = vals[part].contiguous()
        if ids:
            tensors["ids"] = torch.arange(1000, 1000 + sum(sizes))[part].contiguous()
        paths.append(folder / f"{number}.safetensors")
        save_file(tensors, paths[-1])
        first += size
    return paths, keys, vals if values else keys


@pytest.mark.parametrize("ids", [False, True])
@pytest.mark.parametrize("values", [False, True])
def test_mapped_files_hold_what_was_saved(tmp_path: Path, ids: bool, values: bool) -> None:
    paths, keys, vals = files(tmp_path, 7, 0, 5, 11, ids=ids, values=values)
    blocks = MappedBlocks(paths, rows=4)
    for _ in range(2):
        found = list(blocks)
        assert max(len(block.ids) for block in found) == 2
        assert torch.cat([block.ids for block in found]).tolist() == [i + 1000 * ids for i in range(23)]
        assert torch.cat([block.keys for block in found]).equal(keys)
        assert torch.cat([block.values for block in found]).equal(vals)


def test_mapped_halves_come_as_float32(tmp_path: Path) -> None:
    keys = slots()[0].to(torch.bfloat16)
    save_file({"keys": keys}, tmp_path / "half.safetensors")
    [block] = MappedBlocks([tmp_path / "half.safetensors"])
    assert block.keys.equal(keys.float())


def altered(path: Path, **changes: object) -> None:
    """Rewrite entries of the header of a file, its length kept right."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    header = {name: {**entry, **changes.get(name, {})} for name, entry in header.items()}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + raw[8 + length :])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"keys": {"shape": [99, 6]}}, "keys does not fit the file"),
        ({"keys": {"shape": [50, -6]}}, "keys has a size below 0"),
        ({"keys": {"data_offsets": [-9, 4]}}, "keys has a size below 0"),
        ({"values": {"shape": [25, 6]}}, "values has shape"),
        ({"keys": {"shape": [300]}}, "keys has shape"),
        ({"keys": {"dtype": "I64"}}, "keys"),
        ({"keys": {"dtype": "F13"}}, "keys has an unknown dtype"),
        ({"keys": {"shape": "no"}}, "invalid literal"),
    ],
)
def test_an_altered_file_is_named(tmp_path: Path, change: dict[str, dict[str, object]], why: str) -> None:
    [path], _, _ = files(tmp_path, 50)
    altered(path, **change)
    with pytest.raises(MemoryFileError, match=rf"cannot read the slots of .*0\.safetensors: .*{why}"):
        list(MappedBlocks([path]))


def test_what_is_no_file_of_slots_is_named(tmp_path: Path) -> None:
    [path], _, _ = files(tmp_path, 50)
    whole = path.read_bytes()
    for size in (0, 4, 9, 60, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(MemoryFileError, match=r"cannot read the slots of .*0\.safetensors: "):
            list(MappedBlocks([path]))
    save_file({"other": torch.zeros(2)}, path)
    with pytest.raises(MemoryFileError, match="no tensor named keys"):
        list(MappedBlocks([path]))
    with pytest.raises(MemoryFileError, match="No such file"):
        list(MappedBlocks([tmp_path / "none"]))


def test_bad_blocks_are_refused() -> None:
    keys, values = slots()
    with pytest.raises(ShapeError, match=r"keys and values must be \(n, d\) and \(n, v\)"):
        TensorBlocks(keys, values[1:])
    with pytest.raises(ShapeError, match=r"ids must be \(50,\)"):
        TensorBlocks(keys, values, torch.arange(49))
    with pytest.raises(ArgumentError, match="rows must be at least 1; got 0"):
        TensorBlocks(keys, rows=0)
    with pytest.raises(ArgumentError, match="rows must be at least 1; got 0"):
        MappedBlocks([], rows=0)


def test_bad_reads_are_refused() -> None:
    keys, values = slots()
    blocks = TensorBlocks(keys, values, rows=20)
    with pytest.raises(ShapeError, match="query must end in 6, as the keys of block 0 do; got 5"):
        read_blocks(keys[:, :5], blocks, beta=1.0)
    for beta in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ArgumentError, match="beta must be finite and above 0"):
            read_blocks(keys, blocks, beta=beta)
    with pytest.raises(ArgumentError, match="top must be at least 1"):
        read_blocks(keys, blocks, beta=1.0, top=0)
    with pytest.raises(NotFiniteError, match="query must be finite"):
        read_blocks(keys * float("nan"), blocks, beta=1.0)
    with pytest.raises(NotFiniteError, match="the blocks hold a NaN"):
        read_blocks(keys, TensorBlocks(keys, values.index_fill(0, torch.tensor([30]), float("nan"))), beta=1.0)
    with pytest.raises(ArgumentError, match="blocks hold no block"):
        read_blocks(keys, [], beta=1.0)
    ids = torch.arange(50)
    with pytest.raises(ShapeError, match="values of block 1 must end in 3, as those before; got 2"):
        read_blocks(keys, [(ids, keys, values), (ids, keys, values[:, :2])], beta=1.0)
    with pytest.raises(ShapeError, match="block 1 must be ids"):
        read_blocks(keys, [(ids, keys, values), (ids[1:], keys, values)], beta=1.0)


PEAK = """
import sys
from pathlib import Path
import torch
from hybridattn.memory import MappedBlocks, TensorBlocks, read_blocks

def most_held():
    return next(int(line.split()[1]) for line in Path("/proc/self/status").open() if line.startswith("VmHWM")) / 1024

query = torch.ones(4, 128) / 128
read_blocks(query, TensorBlocks(torch.zeros(64, 128)), beta=1.0)
before = most_held()
read_blocks(query, MappedBlocks(sys.argv[1:], rows=1 << 16), beta=1.0)
print(most_held() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to know the peak of a process")
def test_a_read_of_files_takes_less_memory_than_a_block(tmp_path: Path) -> None:
    """Files of 192 MiB, blocks of 64 MiB."""
    rows = torch.zeros(3 << 15, 128)
    for name in "ab":
        save_file({"keys": rows, "values": rows + 1}, tmp_path / name)
    command = [sys.executable, "-c", PEAK, str(tmp_path / "a"), str(tmp_path / "b")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert float(done.stdout) < 64
