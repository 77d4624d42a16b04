import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hybridattn.attention import Exponential, Linear, Power
from hybridattn.errors import ArgumentError, ShapeError
from hybridattn.memory import (
    DecorrelatedOverlap,
    SequenceMemory,
    exponential_sequence,
    polynomial_sequence,
    pseudo_inverse_sequence,
)
from hybridattn.memory.matrices.sequences import memory as sequence_memory


def signs(m: int, n: int, seed: int) -> Tensor:
    return torch.randint(2, (m, n), generator=torch.Generator().manual_seed(seed)).double() * 2 - 1


def fields_by_hand(rows: Tensor, s: Tensor, f: Callable[[float], float]) -> Tensor:
    """The sums of the update as they stand in the paper, unit by unit."""
    found = torch.zeros(len(s), dtype=torch.float64)
    for i in range(len(s)):
        for now, then in zip(rows[:-1].tolist(), rows[1:].tolist(), strict=True):
            overlap = sum(now[j] * float(s[j]) for j in range(len(s)) if j != i) / (len(s) - 1)
            found[i] += then[i] * f(overlap)
    return found


@settings(max_examples=40)
@given(seed=st.integers(0, 999), n=st.integers(2, 9), m=st.integers(2, 9), degree=st.integers(0, 3))
def test_a_step_is_the_update_of_the_paper(seed: int, n: int, m: int, degree: int) -> None:
    rows, state = signs(m, n, seed), signs(1, n, seed + 1)[0]
    if degree:
        memory, f = polynomial_sequence(n, degree=degree, dtype=torch.float64), lambda x: x**degree
    else:
        memory, f = exponential_sequence(n, dtype=torch.float64), lambda x: math.exp((n - 1) * (x - 1))
    memory.write(rows)
    fields = fields_by_hand(rows, state, f)
    parts = memory.keys, memory.prepared, memory.values, memory.separation, memory.beta
    drives = memory.overlap.drives(state[None], *parts)[0]
    factor = fields.abs().max() / drives.abs().max().clamp(min=1e-300)
    torch.testing.assert_close(drives * factor, fields, rtol=1e-9, atol=1e-12)
    clear = fields.abs() > 1e-9  # where the sum is 0 but for rounding, the sign is nobody's
    assert memory.read(state).value[clear].equal(fields.sign()[clear])


def test_softmax_is_the_exponential() -> None:
    rows, queries = signs(20, 30, 0), signs(50, 30, 1)
    one = exponential_sequence(30, dtype=torch.float64)
    two = SequenceMemory(30, separation=Exponential(), beta=29.0, dtype=torch.float64)
    one.write(rows)
    two.write(rows)
    assert one.read(queries).value.equal(two.read(queries).value)


@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("n", [16, 40])
def test_the_pseudo_inverse_recalls_any_independent_sequence(n: int, degree: int) -> None:
    rows = signs(n, n, n)
    assert torch.linalg.matrix_rank(rows) == n
    memory = pseudo_inverse_sequence(n, degree=degree)
    memory.write(rows[: n // 2], cyclic=True)
    memory.write(rows[n // 2 :])
    found = memory.recall(rows[[0, n // 2]], steps=n // 2)
    assert found[0].double().equal(torch.cat((rows[1 : n // 2], rows[:1])))
    assert found[1, : n // 2 - 1].double().equal(rows[n // 2 + 1 :])
    plain = polynomial_sequence(n)
    plain.write(rows)
    assert not plain.read(rows[:-1]).value.double().equal(rows[1:])  # far above its capacity


def test_the_pseudo_inverse_of_correlated_patterns() -> None:
    rows = signs(20, 100, 3)
    rows[:, :60] = 1.0
    memory = SequenceMemory(100, separation=Linear(), overlap=DecorrelatedOverlap())
    memory.write(rows, cyclic=True)
    assert memory.recall(rows[0], steps=20).double().equal(rows.roll(-1, 0))


def test_where_keys_depend_on_each_other_the_coefficients_are_shared() -> None:
    memory = pseudo_inverse_sequence(4)
    memory.write(torch.ones(2, 4), torch.tensor([[1.0, 1, -1, -1], [1, -1, -1, 1]]))
    # both continuations with half a coefficient each: they agree on units 0 and 2, and the tie keeps 1 and 3
    assert memory.read(torch.ones(4)).value.tolist() == [1.0, 1.0, -1.0, 1.0]


@pytest.mark.parametrize("make", [polynomial_sequence, exponential_sequence, pseudo_inverse_sequence])
def test_sequences_are_followed_from_noisy_cues(make: object) -> None:
    one, two = signs(5, 300, 0), signs(4, 300, 1)
    memory = make(300)
    assert memory.write(one, cyclic=True).tolist() == [0, 1, 2, 3, 4]
    assert memory.write(two).tolist() == [5, 6, 7]
    cue = torch.stack((one[2], two[0]))
    cue[:, :30] *= -1
    found = memory.recall(cue, steps=7)
    assert found.shape == (2, 7, 300)
    assert found[0].double().equal(one[[3, 4, 0, 1, 2, 3, 4]])
    assert found[1, :3].double().equal(two[1:])


def lost(memory: SequenceMemory, rows: Tensor) -> float:
    """The share of bits that one step gets wrong, over all transitions of a cyclic sequence."""
    memory.write(rows, cyclic=True)
    return float((memory.read(rows).value != rows.roll(-1, 0)).double().mean())


def double_factorial(k: int) -> int:
    return math.prod(range(k, 0, -2)) if k > 0 else 1


@pytest.mark.parametrize(("degree", "n", "many"), [(1, 100, 20), (1, 200, 40), (2, 60, 400), (2, 60, 800)])
def test_bits_are_lost_as_often_as_crosstalk_is_above_one(degree: int, n: int, many: int) -> None:
    """m of other patterns is about normal with variance 1 / (n - 1): crosstalk has variance P (2d-1)!! / (n-1)^d.

    So a bit is lost with chance H(sqrt((n-1)^d / (P (2d-1)!!))), H the normal tail: the argument behind the paper's
    capacities n^d / (2 (2d-1)!! ln n) of transitions. Bits of a sequence are nearly independent: 4 binomial standard
    deviations, and where crosstalk is a few large terms (d = 2) its tails are not normal to some 15 % of the chance.
    """
    rates = [lost(polynomial_sequence(n, degree=degree), signs(many, n, seed)) for seed in range(4)]
    variance = many * double_factorial(2 * degree - 1) / (n - 1) ** degree
    chance = math.erfc(1 / math.sqrt(2 * variance)) / 2
    spread = math.sqrt(chance / (4 * many * n))
    assert sum(rates) / 4 == pytest.approx(chance, abs=4 * spread + 0.15 * chance * (degree - 1))


def test_the_exponential_holds_more_than_any_polynomial_here() -> None:
    # 2^(n/2) = 1024 patterns on 20 units; crosstalk of exp has variance P E[exp(2 (n-1)(m-1))] = P ((1 + e^-4) / 2)^19.
    rows = torch.stack([signs(1024, 20, seed) for seed in range(2)])
    rates = [lost(exponential_sequence(20), one) for one in rows]
    others = [lost(polynomial_sequence(20, degree=d), one) for one in rows for d in (1, 2, 3)]
    assert max(rates) < 0.02 < 0.1 < min(others)


def largest(degree: int, n: int, whole: bool, seeds: int = 6) -> int:
    """The largest length for which in half the draws a transition, or the whole sequence, has no wrong bit."""
    low, high = 1, int(4 * n**degree / (2 * double_factorial(2 * degree - 1) * math.log(n)))
    while high - low > max(1, low // 20):
        many = (low + high) // 2
        kept = 0.0
        for seed in range(seeds):
            memory, rows = polynomial_sequence(n, degree=degree), signs(many + 1, n, 100 * seed + many)
            memory.write(rows)
            right = (memory.read(rows[:-1]).value == rows[1:]).all(-1).double()
            kept += float(right.min() if whole else right.mean()) / seeds
        low, high = (many, high) if kept >= 0.5 else (low, many)
    return low


@pytest.mark.slow
@pytest.mark.parametrize(("degree", "sizes"), [(1, (100, 400)), (2, (40, 80))])
def test_capacities_scale_as_the_paper_says(degree: int, sizes: tuple[int, int]) -> None:
    """P_T ~ n^d / (2 (2d-1)!! ln n), P_S ~ P_T / (d + 1), for large n; here the exponent, and the order of P_T / P_S.

    The exponent between two sizes has the error of two lengths found to 5 % and six draws, 0.1 / ln(ratio of sizes),
    beside the logarithm, which is divided out.
    """
    transitions, sequences = ([largest(degree, n, whole) for n in sizes] for whole in (False, True))
    grown = math.log(transitions[1] * math.log(sizes[1]) / (transitions[0] * math.log(sizes[0])))
    assert grown / math.log(sizes[1] / sizes[0]) == pytest.approx(degree, abs=0.3)
    ratio = transitions[1] / sequences[1]
    assert 1.3 < ratio < 2 * (degree + 1)


def test_steps_in_parts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, queries = exponential_sequence(20), signs(30, 20, 1)
    memory.write(signs(40, 20, 0))
    whole = memory.read(queries).value
    monkeypatch.setattr(sequence_memory, "_SCORES", 200)
    assert memory.read(queries).value.equal(whole)
    assert memory.read(queries[:0]).value.shape == (0, 20)


def test_form_state_and_leading_axes() -> None:
    memory = pseudo_inverse_sequence(6, degree=2)
    memory.write(signs(4, 6, 0))
    other = SequenceMemory(**memory.arguments())
    assert other.arguments() == memory.arguments()
    other.load_state_dict(memory.state_dict())
    assert other.recall(signs(4, 6, 0)[0], steps=3).equal(memory.recall(signs(4, 6, 0)[0], steps=3))
    assert other.write(signs(2, 6, 9)).tolist() == [3]
    assert memory.recall(signs(6, 6, 1).reshape(2, 3, 6), steps=5).shape == (2, 3, 5, 6)
    assert memory.read(signs(6, 6, 1).reshape(2, 3, 6)).value.shape == (2, 3, 6)
    assert memory.to(torch.bfloat16).read(torch.ones(6)).value.dtype == torch.bfloat16
    assert "separation=Power(n=3), beta=1.0, overlap=DecorrelatedOverlap(), transitions=3" in repr(memory)
    assert len(memory) == 3


@pytest.mark.parametrize("make", [polynomial_sequence, exponential_sequence, pseudo_inverse_sequence])
def test_an_empty_memory_keeps_the_state(make: object) -> None:
    assert make(4).recall(torch.tensor([1.0, -1, 1, 1]), steps=2).tolist() == [[1.0, -1.0, 1.0, 1.0]] * 2


def test_bad_input_says_whose_it_is_and_changes_nothing() -> None:
    memory = SequenceMemory(3)
    for bad, error, match in (
        ((torch.ones(3),), ShapeError, "a sequence of at least 2 patterns; got 1"),
        ((torch.zeros(2, 3),), ArgumentError, r"keys must be -1 or \+1; got 0"),
        ((torch.ones(2, 3), torch.full((2, 3), 0.5)), ArgumentError, r"values must be -1 or \+1; got 0.5"),
        ((torch.ones(2, 3), torch.ones(3)), ShapeError, "values must be one a key, 2; got 1"),
        ((torch.ones(2, 4),), ShapeError, r"keys must have shape \(3,\) or \(m, 3\); got shape \(2, 4\)"),
    ):
        with pytest.raises(error, match=match):
            memory.write(*bad)
    with pytest.raises(ArgumentError, match="cyclic needs values to be None"):
        memory.write(torch.ones(2, 3), torch.ones(2, 3), cyclic=True)
    with pytest.raises(ArgumentError, match="counts no evidence"):
        memory.write(torch.ones(2, 3), evidence=torch.ones(2))
    with pytest.raises(ArgumentError, match="has no slots: top must be None; got 1"):
        memory.read(torch.ones(3), top=1)
    with pytest.raises(ArgumentError, match="steps must be at least 1; got 0"):
        memory.recall(torch.ones(3), steps=0)
    with pytest.raises(ArgumentError, match="beta must be finite and above 0; got nan"):
        SequenceMemory(3, beta=float("nan"))
    with pytest.raises(ArgumentError, match="dim must be at least 2; got 1"):
        SequenceMemory(1)
    with pytest.raises(ArgumentError, match="dim must be at least 2; got 0"):
        exponential_sequence(0)
    for make in (polynomial_sequence, pseudo_inverse_sequence):
        with pytest.raises(ArgumentError, match="degree must be at least 1; got 0"):
            make(3, degree=0)
    assert len(memory) == 0
    assert Power(3) == polynomial_sequence(3).separation
