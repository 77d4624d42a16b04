"""Fast weights as memories: what a write leaves, and what it refuses."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from hybridattn.attention import EluPlusOne, PlainFeatures, linear_attention
from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError
from hybridattn.memory import DeltaMemory, GatedDeltaMemory, LinearAttentionMemory

KINDS = [LinearAttentionMemory, DeltaMemory, GatedDeltaMemory]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def pairs(m: int, d: int = 6, v: int = 3, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    keys, values = (torch.randn(m, width, dtype=torch.float64, generator=generator) for width in (d, v))
    return normalize(keys, dim=-1), values


def test_the_last_write_wins() -> None:
    keys, values = pairs(20)
    memory = DeltaMemory(6, 3, dtype=torch.float64)
    for key, value in zip(keys, values, strict=True):
        memory.write(5 * key, value)
        torch.testing.assert_close(memory.read(key).value, value, atol=1e-13, rtol=0)


def test_independent_keys_are_recalled_after_presentations_without_number() -> None:
    """From zero, repeated passes converge to the least-squares solution of least norm (Kaczmarz 1937)."""
    keys, values = pairs(4)
    memory = DeltaMemory(6, 3, feature_map=PlainFeatures(), dtype=torch.float64)
    memory.write(keys.repeat(2000, 1), values.repeat(2000, 1))
    wanted = torch.linalg.lstsq(keys, values, driver="gelsd").solution
    torch.testing.assert_close(memory.weights, wanted, atol=1e-10, rtol=0)
    torch.testing.assert_close(memory.read(keys).value, values, atol=1e-10, rtol=0)


def test_too_many_keys_come_as_near_to_least_squares_as_the_strength_is_small() -> None:
    keys, values = pairs(30)
    wanted = torch.linalg.lstsq(keys, values).solution
    missed = []
    for strength in (0.1, 0.02, 0.004):
        memory = DeltaMemory(6, 3, strength=strength, dtype=torch.float64)
        passes = int(8 / strength)
        memory.write(keys.repeat(passes, 1), values.repeat(passes, 1))
        missed.append(torch.linalg.matrix_norm(memory.weights - wanted) / torch.linalg.matrix_norm(wanted))
    assert missed[0] > 3 * missed[1] > 9 * missed[2]
    assert missed[2] < 1e-2


@pytest.mark.parametrize("kind", [DeltaMemory, GatedDeltaMemory])
def test_a_batch_is_its_writes_one_by_one(kind: type) -> None:
    keys, values = pairs(70)
    share = torch.linspace(0, 2, 70)
    together, single = kind(6, 3, dtype=torch.float64), kind(6, 3, dtype=torch.float64)
    more = {"decay": torch.linspace(1, 0, 70)} if kind is GatedDeltaMemory else {}
    together.write(keys, values, strength=share, **more)
    for t in range(70):
        one = {"decay": float(more["decay"][t])} if more else {}
        single.write(keys[t], values[t], strength=float(share[t]), **one)
    torch.testing.assert_close(together.weights, single.weights, atol=1e-7, rtol=1e-6)


def test_strength_zero_writes_nothing_and_one_half_goes_half_the_way() -> None:
    memory = DeltaMemory(2, 1, strength=0.5)
    key = torch.tensor([1.0, 0.0])
    assert memory.write(key, torch.tensor([8.0])).tolist() == [0]
    assert memory.read(key).value.tolist() == [4.0]
    assert memory.write(key, torch.tensor([100.0]), strength=0.0).tolist() == [1]
    assert memory.read(key).value.tolist() == [4.0]
    memory.write(key, torch.tensor([8.0]))
    assert memory.read(key).value.tolist() == [6.0]


def test_decay_forgets_what_was_there_before() -> None:
    memory = GatedDeltaMemory(2, 1, decay=0.5)
    memory.write(torch.eye(2), torch.tensor([[8.0], [2.0]]))
    assert memory.weights.flatten().tolist() == [4.0, 2.0]
    memory.write(torch.tensor([0.0, 1.0]), torch.tensor([3.0]), decay=0.0)
    assert memory.weights.flatten().tolist() == [0.0, 3.0]


def test_a_linear_memory_is_linear_attention() -> None:
    keys, values = pairs(40)
    memory = LinearAttentionMemory(6, 3, dtype=torch.float64)
    memory.write(keys[:25], values[:25])
    memory.write(keys[25:], values[25:])
    weights = torch.where(keys > 0, keys + 1, keys.exp()) @ torch.where(keys > 0, keys + 1, keys.exp()).mT
    torch.testing.assert_close(memory.read(keys).value, weights / weights.sum(-1, keepdim=True) @ values)
    more = pairs(9, seed=1)
    found = memory.attend(more[0], *more).output
    whole = linear_attention(*(torch.cat(both) for both in ((keys, more[0]), (keys, more[0]), (values, more[1]))))
    torch.testing.assert_close(found, whole.output[40:])


def test_an_empty_memory_reads_zero() -> None:
    for kind in KINDS:
        assert kind(4, 2).read(torch.ones(3, 4)).value.tolist() == [[0.0, 0.0]] * 3


@kinds
def test_what_is_refused_changes_nothing(kind: type) -> None:
    memory = kind(6, 3)
    keys, values = (part.float() for part in pairs(5))
    memory.write(keys, values)
    before = deepcopy(memory.state_dict())
    bad = keys.clone()
    bad[2, 1] = torch.nan
    wrong = [
        ((keys, None), {}, ArgumentError, "this memory takes values of 3; got none"),
        ((keys, values), {"evidence": torch.ones(2)}, ArgumentError, f"{kind.__name__} keeps no evidence"),
        ((bad, values), {}, NotFiniteError, "keys must be finite"),
        ((keys, values / 0), {}, NotFiniteError, "values must be finite"),
        ((keys, values[1:]), {}, ShapeError, "values must be one a key, 5; got 4"),
        ((keys[:, 1:], values), {}, ShapeError, r"keys must have shape \(6,\) or \(m, 6\); got shape \(5, 5\)"),
        ((keys, values[0]), {}, ShapeError, "values must be one a key, 5; got 1"),
    ]
    for given, more, error, message in wrong:
        with pytest.raises(error, match=message):
            memory.write(*given, **more)
    with pytest.raises(ArgumentError, match=f"{kind.__name__} has no slots: top must be None; got 3"):
        memory.read(keys, top=3)
    with pytest.raises(ArgumentError, match=r"query must be floating point; got torch\.int64"):
        memory.read(torch.ones(6, dtype=torch.int64))
    with pytest.raises(ShapeError, match=r"query must end in key_dim=6; got shape \(\)"):
        memory.read(torch.tensor(1.0))
    assert all(torch.equal(memory.state_dict()[name], tensor) for name, tensor in before.items())


def test_strengths_and_decays_that_are_refused() -> None:
    keys, values = pairs(5)
    memory = GatedDeltaMemory(6, 3)
    for name, most in (("strength", 2), ("decay", 1)):
        for wrong in (-0.1, most + 0.1, float("nan")):
            with pytest.raises(ArgumentError, match=rf"{name} must be in \[0, {most}\]; got"):
                memory.write(keys, values, **{name: wrong})
            with pytest.raises(ArgumentError, match=rf"{name} must be in \[0, {most}\]; got"):
                GatedDeltaMemory(6, 3, **{name: wrong})
        with pytest.raises(ShapeError, match=f"{name} must be one number, or one for each of 5 keys"):
            memory.write(keys, values, **{name: torch.ones(4)})
    for kind in KINDS:
        with pytest.raises(ArgumentError, match="key_dim must be at least 1; got 0"):
            kind(0, 3)


def test_an_overflow_is_refused() -> None:
    """Without `UnitNorm` a key of length 1e15 overshoots by 1e30 each time."""
    memory = DeltaMemory(1, 1, feature_map=PlainFeatures())
    key = torch.tensor([1e15])
    memory.write(key, torch.tensor([1e-10]))
    before = memory.weights.clone()
    with pytest.raises(NotFiniteError, match="weights would overflow"):
        memory.write(key.expand(3, 1), torch.ones(3, 1))
    assert memory.weights.equal(before)
    assert memory.next_id == 1


@kinds
def test_weights_keep_float32_whatever_the_module_is_cast_to(kind: type) -> None:
    memory = kind(6, 3)
    keys, values = (part.float() for part in pairs(5))
    memory.write(keys, values)
    wanted = memory.read(keys).value
    memory.to(torch.bfloat16)
    assert memory.weights.dtype == torch.float32
    assert memory.read(keys).value.equal(wanted)
    assert memory.read(keys.bfloat16()).value.dtype == torch.bfloat16
    assert memory.double().weights.dtype == torch.float64


@kinds
def test_a_write_keeps_the_graph(kind: type) -> None:
    memory = kind(6, 3, feature_map=EluPlusOne(), dtype=torch.float64)
    keys, values = (part.requires_grad_() for part in pairs(5))
    memory.write(keys, values)
    slopes = torch.autograd.grad(memory.read(keys.detach()).value.sum(), (keys, values))
    assert all(slope.abs().sum() > 0 for slope in slopes)


@kinds
def test_the_arguments_build_the_same_form(kind: type) -> None:
    more = {"strength": 0.25} if kind is not LinearAttentionMemory else {"normalise": False}
    memory = kind(6, 3, feature_map=EluPlusOne(), **more)
    other = kind(**memory.arguments())
    assert repr(other) == repr(memory)
    keys, values = (part.float() for part in pairs(5))
    memory.write(keys, values)
    other.load_state_dict(memory.state_dict())
    assert other.read(keys).value.equal(memory.read(keys).value)
    assert other.write(keys, values).tolist() == [5, 6, 7, 8, 9]
