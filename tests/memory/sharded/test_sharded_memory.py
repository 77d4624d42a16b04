"""A memory over ranks is the memory of one process: values, gradients, slots, truths and energies."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
import torch.distributed as dist
from crew import crew
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh

from hybridattn import (
    ArgumentError,
    Beam,
    Bilinear,
    Dot,
    Entmax,
    Flips,
    Implicit,
    Level,
    Mixture,
    MultilevelAttention,
    NegativeSquaredEuclidean,
    RankError,
    Record,
    ShapeError,
    ShardedMemory,
    Similarity,
    SlotError,
    SlotMemory,
)
from hybridattn.ranks import Ranks

SIZES = pytest.mark.parametrize("size", [1, 2, 3, 4])


def numbers(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


KEYS, VALUES, QUERY = numbers(11, 6, seed=0), numbers(11, 3, seed=1), numbers(2, 4, 6, seed=2)
EVIDENCE = torch.tensor([[1.0, 2.0], [3.0, 3.0]]).repeat(6, 1)[:11]
PARTS = {"beta": 1.5, "dtype": torch.float64}


def filled(memory: SlotMemory, *, keys: Tensor = KEYS, values: Tensor | None = VALUES) -> SlotMemory:
    """Eleven slots in three writes, of which two are erased again."""
    for part in (slice(0, 1), slice(1, 8), slice(8, 11)):
        memory.write(keys[part], None if values is None else values[part], evidence=EVIDENCE[part])
    memory.erase(torch.tensor([4, 2]))
    return memory


def work_single(width: int) -> tuple[Tensor, Tensor, Tensor]:
    memory = ShardedMemory(width, beta=1.5)
    memory.write(KEYS[:, :width].float())
    read = memory.read(QUERY[..., :width].float(), top=3)
    return read.value, read.slots, read.shares


def work_half() -> tuple[Tensor, torch.dtype]:
    memory = ShardedMemory(6, beta=1.5, dtype=torch.bfloat16)
    memory.write(KEYS.bfloat16())
    read = memory.read(QUERY.bfloat16(), log_mass=True)
    return read.value, read.log_mass.dtype


def test_bfloat16_stays_and_its_masses_are_wider():
    one = SlotMemory(6, beta=1.5, dtype=torch.bfloat16)
    one.write(KEYS.bfloat16())
    for value, mass_dtype in crew(2, work_half):
        assert (value.dtype, mass_dtype) == (torch.bfloat16, torch.float32)
        torch.testing.assert_close(value, one.read(QUERY.bfloat16()).value, atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize("width", [5, 6])
def test_ids_pass_beside_single_precision(width):
    one = SlotMemory(width, beta=1.5)
    one.write(KEYS[:, :width].float())
    wanted = one.read(QUERY[..., :width].float(), top=3)
    for value, slots, shares in crew(2, work_single, width):
        torch.testing.assert_close(value, wanted.value)
        assert slots.equal(wanted.slots)
        torch.testing.assert_close(shares, wanted.shares)


def all_of(memory: SlotMemory) -> dict[str, Tensor]:
    read = memory.read(QUERY, top=4)
    memory.add_evidence(torch.tensor([3, 3, 10]), torch.tensor([1.0, 1.0]))
    return {
        "value": memory.read(QUERY).value,
        "top value": read.value,
        "mass": memory.read(QUERY, log_mass=True).log_mass,
        "slots": read.slots,
        "shares": read.shares,
        "settled": memory.settle(QUERY, steps=3).state,
        "still": memory.settle(QUERY, tol=1e-9).state,
        "energy": memory.energy(QUERY),
        "energies": memory.settle(QUERY, steps=2, record=Record.ENERGIES).energies,
        "drops": torch.stack(memory.settle(QUERY, steps=2, record=Record.DROPS).drops),
        "keys": memory.keys_of(torch.tensor([[0, 10], [7, 0]])),
        "values": memory.values_of(torch.tensor([5])),
        "truth": torch.stack(memory.truth()),
        "count": torch.tensor(len(memory)),
    }


def work_all(parts: dict[str, object]) -> dict[str, Tensor]:
    memory = ShardedMemory(6, 3, **PARTS | parts)
    found = all_of(filled(memory))
    sizes = memory.sizes()
    assert sizes[dist.get_rank()] == memory.ids.shape[0]
    assert memory.all_ids().tolist() == [0, 1, 3, 5, 6, 7, 8, 9, 10]
    return found


@SIZES
@pytest.mark.parametrize("parts", [{}, {"similarity": NegativeSquaredEuclidean()}], ids=["dot", "distance"])
def test_all_ranks_have_what_one_process_has(size, parts):
    wanted = all_of(filled(SlotMemory(6, 3, **PARTS | parts)))
    for found in crew(size, work_all, parts):
        for name, tensor in wanted.items():
            torch.testing.assert_close(
                found[name], tensor, atol=1e-9, rtol=1e-9, msg=lambda text, at=name: f"{at}: {text}"
            )


def sloped(memory: SlotMemory, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Loss over read, shares, mass, settling and two hops, and the gradient by the queries."""
    query = QUERY.clone().requires_grad_()
    read = memory.read(query, top=3)
    loss = read.value.square().sum() + (read.shares * torch.arange(3.0)).sum() + read.log_mass.sin().sum()
    settled = memory.settle(query, steps=2).state
    loss = loss + memory.read(settled).value.sum() + memory.energy(query).sum()
    walk = MultilevelAttention([Level(memory)], hops=2, mode=Mixture())(torch.cat((query[..., :3], query[..., 3:]), -1))
    loss = loss + walk.value.square().sum()
    loss.backward()
    return loss.detach(), query.grad


def work_gradients(size: int) -> list[Tensor | None]:
    keys, values = KEYS.clone().requires_grad_(), VALUES.clone().requires_grad_()
    memory = ShardedMemory(6, 3, beta=torch.nn.Parameter(torch.tensor(1.5, dtype=torch.float64)), dtype=torch.float64)
    filled(memory, keys=keys, values=values)
    loss, by_query = sloped(memory, keys, values)
    return [loss, by_query, memory.beta.grad, keys.grad, values.grad]


@SIZES
def test_gradients_are_those_of_one_process_and_not_multiplied(size):
    keys, values = KEYS.clone().requires_grad_(), VALUES.clone().requires_grad_()
    memory = SlotMemory(6, 3, beta=torch.nn.Parameter(torch.tensor(1.5, dtype=torch.float64)), dtype=torch.float64)
    loss, by_query = sloped(filled(memory, keys=keys, values=values), keys, values)
    found = crew(size, work_gradients, size)
    for mine in found:
        for got, wanted in zip(mine[:3], (loss, by_query, memory.beta.grad), strict=True):
            torch.testing.assert_close(got, wanted, atol=1e-9, rtol=1e-9)
    for place, wanted in ((3, keys.grad), (4, values.grad)):
        parts = [torch.zeros_like(wanted) if mine[place] is None else mine[place] for mine in found]
        held = torch.stack([part.abs().sum(-1) > 0 for part in parts]).sum(0)
        assert held.max() == 1  # each row is on one rank
        torch.testing.assert_close(sum(parts), wanted, atol=1e-9, rtol=1e-9)


def few(memory: SlotMemory, rows: int) -> list[Tensor]:
    """Fewer slots than ranks: some ranks have none, or all have none."""
    memory.write(KEYS[:rows], VALUES[:rows])
    query = QUERY.clone().requires_grad_()
    read = memory.read(query, top=2)
    (read.value.sum() + memory.settle(query, steps=2).state.sum()).backward()
    return [read.value.detach(), read.slots, query.grad, memory.settle(QUERY).state, memory.energy(QUERY)]


def work_few(rows: int, similarity: Similarity) -> tuple[list[int], list[Tensor], list[int]]:
    memory = ShardedMemory(6, 3, similarity=similarity, **PARTS)
    return memory.sizes(), few(memory, rows), memory.sizes()


def work_scales(beta: float) -> list[Tensor]:
    """The longest key is on one rank only, or on two."""
    memory = ShardedMemory(6, beta=beta, dtype=torch.float64)
    return lengths(memory)


def lengths(memory: SlotMemory) -> list[Tensor]:
    keys = torch.cat((KEYS[:3], 100 * KEYS[:1], -100 * KEYS[:1])).requires_grad_()
    memory.write(keys)
    energy = memory.energy(QUERY)
    energy.sum().backward()
    return [energy.detach(), keys.grad]


@pytest.mark.parametrize("beta", [1e-7, 1.5, 1e13])
def test_energies_know_the_longest_key_of_all_ranks(beta):
    wanted, slope = lengths(SlotMemory(6, beta=beta, dtype=torch.float64))
    found = crew(3, work_scales, beta)
    for energy, _ in found:
        torch.testing.assert_close(energy, wanted, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(sum(part for _, part in found if part is not None), slope, atol=1e-6, rtol=1e-9)


@pytest.mark.parametrize("similarity", [Dot(), NegativeSquaredEuclidean()], ids=["dot", "distance"])
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_ranks_may_be_empty(rows, similarity):
    wanted = few(SlotMemory(6, 3, similarity=similarity, **PARTS), rows)
    for before, found, after in crew(3, work_few, rows, similarity):
        assert before == [0, 0, 0]
        assert after == [int(rank < rows) for rank in range(3)]
        for got, tensor in zip(found, wanted, strict=True):
            torch.testing.assert_close(got, tensor)


def work_uneven() -> tuple[list[int], list[int], Tensor]:
    memory = ShardedMemory(6, **PARTS)
    memory.write(KEYS)
    memory.erase(torch.arange(4))  # all of rank 0
    before = list(memory.sizes())
    memory.write(KEYS[:3])
    return before, memory.sizes(), memory.read(QUERY).value


def test_new_slots_go_where_there_are_fewest():
    one = SlotMemory(6, **PARTS)
    one.write(torch.cat((KEYS[4:], KEYS[:3])))
    for before, after, value in crew(3, work_uneven):
        assert before == [0, 4, 3]
        assert after == [3, 4, 3]
        torch.testing.assert_close(value, one.read(QUERY).value)


def work_beam() -> list[object]:
    memory = ShardedMemory(4, 4, beta=100.0)
    eye = torch.eye(4)
    memory.write(eye[:3], eye[1:])
    walk = MultilevelAttention([Level(memory)], hops=5, mode=Beam(), top=2)(eye[:2], trace=True)
    return [walk.value, walk.hops, [[(link.slot, link.question) for link in hop.links] for hop in walk.trace.hops]]


def test_a_beam_walks_over_all_ranks_and_records_the_same_trace():
    first, *others = crew(2, work_beam)
    assert first[0].equal(torch.eye(4)[[3, 3]])
    assert first[1].tolist() == [3, 2]
    assert first[2] == [[(0, 0), (1, 1)], [(1, 0), (2, 1)], [(2, 0)]]
    assert others[0][2] == first[2]


def work_implicit() -> tuple[Tensor, Tensor]:
    memory = ShardedMemory(6, beta=4.0, dtype=torch.float64)
    keys = KEYS.clone().requires_grad_()
    memory.write(keys)
    memory.settle(QUERY, tol=1e-12, gradient=Implicit(tol=1e-12)).state.sum().backward()
    return keys.grad


def test_an_implicit_gradient_goes_through_all_ranks():
    keys = KEYS.clone().requires_grad_()
    one = SlotMemory(6, beta=4.0, dtype=torch.float64)
    one.write(keys)
    one.settle(QUERY, tol=1e-12, gradient=Implicit(tol=1e-12)).state.sum().backward()
    torch.testing.assert_close(sum(crew(2, work_implicit)), keys.grad, atol=1e-8, rtol=1e-8)


def work_trained() -> tuple[Tensor, Tensor]:
    memory = ShardedMemory(4, 2, trainable=True, slots=5, generator=torch.Generator().manual_seed(3))
    memory.read(torch.ones(4)).value.sum().backward()
    assert memory.ids.tolist() == {0: [0, 1, 2], 1: [3, 4]}[dist.get_rank()]
    return memory.keys.detach(), memory.values.grad


def test_trained_slots_are_those_of_one_process():
    one = SlotMemory(4, 2, trainable=True, slots=5, generator=torch.Generator().manual_seed(3))
    one.read(torch.ones(4)).value.sum().backward()
    found = crew(2, work_trained)
    assert torch.cat([keys for keys, _ in found]).equal(one.keys.detach())
    torch.testing.assert_close(torch.cat([slope for _, slope in found]), one.values.grad)


def work_steep() -> Tensor:
    memory = ShardedMemory(6, beta=1e30)
    memory.write(KEYS.float() * torch.arange(1, 12).unsqueeze(1))
    return memory.read(QUERY.float(), top=1).slots


def test_a_huge_beta_reads_the_best_slot_of_all_ranks():
    scores = QUERY @ (KEYS * torch.arange(1, 12).unsqueeze(1)).T
    for slots in crew(3, work_steep):
        assert slots[..., 0].equal(scores.argmax(-1))


def work_mesh() -> list[Tensor]:
    mesh = init_device_mesh("cpu", (2, 2), mesh_dim_names=("copies", "shards"))
    with pytest.raises(ArgumentError, match="mesh must have one axis; got 2"):
        ShardedMemory(6, group=mesh)
    memory = filled(ShardedMemory(6, 3, group=mesh["shards"], **PARTS))
    return [torch.tensor(memory.ranks.size), memory.read(QUERY).value]


def test_a_mesh_may_have_copies_of_the_memory():
    wanted = filled(SlotMemory(6, 3, **PARTS)).read(QUERY).value
    for size, value in crew(4, work_mesh):
        assert size == 2
        torch.testing.assert_close(value, wanted)


def work_mistakes() -> list[str]:
    memory = ShardedMemory(6, 3, **PARTS)
    memory.write(KEYS, VALUES)
    rank = dist.get_rank()
    said = []
    for mistake, act in (
        (SlotError, lambda: memory.erase(torch.tensor([3, 11, 12]))),
        (SlotError, lambda: memory.keys_of(torch.tensor([-1]))),
        (ShapeError, lambda: memory.write(KEYS[:, :5], VALUES)),
        (ShapeError, lambda: memory.read(QUERY[..., :5])),
        (RankError, lambda: memory.write(KEYS[rank:][:2], VALUES[:2])),
        (RankError, lambda: memory.write(KEYS[:2], VALUES[:2], evidence=torch.tensor([1.0, 1.0 + rank]))),
    ):
        with pytest.raises(mistake) as caught:
            act()
        said.append(str(caught.value))
    assert len(memory) == 11
    assert memory.all_ids().tolist() == list(range(11))
    return said


def test_mistakes_are_told_on_every_rank_and_change_nothing():
    for said in crew(2, work_mistakes):
        assert said[0] == "no slot has id 11 (and 1 more)"
        assert said[1] == "no slot has id -1"
        assert "got shape" in said[2]
        assert said[3] == "query must end in key_dim=6; got shape (2, 4, 5)"
        assert said[4] == said[5] == "all ranks must write the same rows; rank 1 and rank 0 do not"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"separation": Entmax(1.5)}, "only reads by Softmax"),
        ({"activation": Flips()}, "Flips"),
        ({"similarity": Bilinear(6)}, "similarity with parameters cannot be spread"),
    ],
)
def test_what_cannot_be_spread_is_refused(parts, said):
    with pytest.raises(ArgumentError, match=said):
        ShardedMemory(6, **parts)


def work_death() -> str:
    memory = ShardedMemory(6, group=Ranks(timeout=20.0), **PARTS)
    memory.write(KEYS)
    if dist.get_rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    with pytest.raises(RankError) as caught:
        [memory.read(QUERY) for _ in range(3)]
    return str(caught.value)


def test_a_dead_rank_is_an_error_for_the_others():
    first, killed, last = crew(3, work_death)
    assert killed == -signal.SIGKILL
    for said in (first, last):
        assert "lost its group: a rank died or did not answer in time" in said


def work_silence() -> tuple[str, float]:
    memory = ShardedMemory(6, group=Ranks(timeout=1.0), **PARTS)
    memory.write(KEYS)
    start = time.monotonic()
    if dist.get_rank() == 1:
        time.sleep(8)
        return "", 0.0
    with pytest.raises(RankError) as caught:
        memory.read(QUERY)
    return str(caught.value), time.monotonic() - start


def test_a_silent_rank_is_an_error_within_the_time_out():
    (said, seconds), _ = crew(2, work_silence)
    assert said.startswith("rank 0 of 2 lost its group")
    assert seconds < 6  # before the other went away


def test_torchrun_starts_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import torch\n"
        "import torch.distributed as dist\n"
        "from hybridattn import RankError, ShardedMemory\n"
        "dist.init_process_group('gloo')\n"
        "memory = ShardedMemory(3, beta=50.0)\n"
        "memory.write(torch.eye(3))\n"
        "print(f'{memory.read(torch.eye(3)[2], top=1).slots.tolist()} of {memory.sizes()}\\n', end='')\n"
        "dist.destroy_process_group()\n"
        "try:\n"
        "    memory.read(torch.eye(3)[2])\n"
        "except RankError as error:\n"
        "    print(f'{error}\\n', end='')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(script)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    after = [f"rank {rank} of 2 has no group any more: it was destroyed" for rank in range(2)]
    assert sorted(done.stdout.splitlines()) == ["[2] of [2, 1]"] * 2 + after
