import copy

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from hybridattn.errors import ArgumentError, NotFiniteError, ShapeError
from hybridattn.memory import (
    Asynchronous,
    Hebb,
    HopfieldNetwork,
    PseudoInverse,
    Sparse,
    Storkey,
    WinnersTakeAll,
)

RULES = pytest.mark.parametrize("rule", [Hebb(), Storkey(), PseudoInverse()], ids=repr)


def patterns(m: int, n: int, seed: int, activity: float | None = None) -> Tensor:
    chance = torch.rand(m, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (chance < 0.5).double() * 2 - 1 if activity is None else (chance < activity).double()


def energy_by_hand(network: HopfieldNetwork, s: Tensor) -> float:
    total = 0.0
    for i in range(len(s)):
        total += float(network.thresholds[i] * s[i])
        for j in range(len(s)):
            total -= float(network.weights[i, j] * s[i] * s[j]) / 2
    return total


@example(seed=165, rule=Hebb(), m=10, shift=-1.7424602838396e-247, activity=0.2, shuffled=False)  # fields of 0
@given(
    seed=st.integers(0, 999),
    rule=st.sampled_from([Hebb(), Storkey(), PseudoInverse()]),
    m=st.integers(1, 12),
    shift=st.floats(-1, 1),
    activity=st.sampled_from([None, 0.2]),
    shuffled=st.booleans(),
)
def test_asynchronous_updates_never_raise_the_energy(
    seed: int, rule: object, m: int, shift: float, activity: float | None, shuffled: bool
) -> None:
    update = Asynchronous(torch.Generator().manual_seed(seed) if shuffled else None)
    coding = {} if activity is None else {"coding": Sparse(activity)}
    theta = shift * torch.randn(12, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    network = HopfieldNetwork(12, rule=rule, update=update, threshold=theta, dtype=torch.float64, **coding)
    network.write(patterns(m, 12, seed, activity))
    state = patterns(30, 12, seed + 1, activity)
    for _ in range(3):
        after = network.read(state).value
        assert (network.energy(after) <= network.energy(state) + 1e-12).all()
        state = after
    found = network.settle(state)
    assert found.converged.all()
    assert network.read(found.state).value.equal(found.state)


@given(seed=st.integers(0, 999), m=st.integers(1, 20))
def test_synchronous_updates_end_in_a_fixed_point_or_a_circle_of_two(seed: int, m: int) -> None:
    network = HopfieldNetwork(12, dtype=torch.float64)
    network.write(patterns(m, 12, seed))
    found = network.settle(patterns(40, 12, seed + 1))
    once = network.read(found.state).value
    assert (once == found.state).all(-1).equal(found.converged)
    assert network.read(once).value.equal(found.state)
    assert found.steps.max() < 1000


def test_a_circle_of_two_is_noticed_and_leaves_its_neighbours_alone() -> None:
    # W = [[0, 1], [1, 0]]: (1, -1) and (-1, 1) follow each other.
    network = HopfieldNetwork(2, rule=Hebb())
    network.write(torch.tensor([[1.0, 1.0], [1.0, 1.0]]))
    found = network.settle(torch.tensor([[1.0, -1.0], [1.0, 1.0]]))
    assert found.converged.tolist() == [False, True]
    assert found.steps.tolist() == [2, 1]
    assert found.state.tolist() == [[1.0, -1.0], [1.0, 1.0]]


def test_energy_is_that_of_the_book() -> None:
    network = HopfieldNetwork(7, threshold=torch.linspace(-1, 1, 7), diagonal=True, dtype=torch.float64)
    network.write(patterns(3, 7, 0))
    states = patterns(4, 7, 1)
    for one, whole in zip(states, network.energy(states), strict=True):
        assert float(whole) == pytest.approx(energy_by_hand(network, one), abs=1e-12)


def test_energy_of_one_pattern() -> None:
    network = HopfieldNetwork(10)
    network.write(torch.ones(10))
    assert network.energy(torch.ones(10)).item() == pytest.approx(-4.5)  # -(n^2 - n) / (2 n)


@RULES
@settings(max_examples=20)
@given(seed=st.integers(0, 999), cut=st.integers(0, 5))
def test_a_batch_is_written_as_one_by_one(rule: object, seed: int, cut: int) -> None:
    rows = patterns(5, 9, seed)
    whole, parts, single = (HopfieldNetwork(9, rule=rule, dtype=torch.float64) for _ in range(3))
    ids = whole.write(rows)
    assert ids.tolist() == [0, 1, 2, 3, 4]
    assert torch.cat((parts.write(rows[:cut]), parts.write(rows[cut:]))).equal(ids)
    for row in rows:
        single.write(row)
    torch.testing.assert_close(whole.weights, parts.weights, rtol=0, atol=1e-12)
    torch.testing.assert_close(whole.weights, single.weights, rtol=0, atol=1e-12)


@RULES
def test_weights_are_symmetric_with_the_diagonal_that_was_asked_for(rule: object) -> None:
    without, kept = (HopfieldNetwork(9, rule=rule, diagonal=d, dtype=torch.float64) for d in (False, True))
    for network in (without, kept):
        network.write(patterns(4, 9, 3))
        torch.testing.assert_close(network.weights, network.weights.T, rtol=0, atol=1e-14)
    assert not without.weights.diagonal().any()
    assert kept.weights.diagonal().abs().min() > 0.01
    torch.testing.assert_close(kept.weights - kept.weights.diagonal().diag(), without.weights)


@settings(max_examples=15)
@given(seed=st.integers(0, 999))
def test_sequential_sweeps_are_those_of_a_loop_over_units(seed: int) -> None:
    theta = torch.randn(150, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) / 4
    network = HopfieldNetwork(150, update=Asynchronous(), threshold=theta, dtype=torch.float64)
    network.write(patterns(40, 150, seed))
    state = patterns(1, 150, seed + 1)[0]
    swept = network.read(state).value
    for i in range(150):
        field = float(network.weights[i] @ state - theta[i])
        state[i] = 1.0 if field > 0 else -1.0 if field < 0 else state[i]
    assert swept.equal(state)


def test_random_sweeps_follow_the_generator_and_not_the_batch() -> None:
    def network() -> HopfieldNetwork:
        made = HopfieldNetwork(100, update=Asynchronous(torch.Generator().manual_seed(4)), dtype=torch.float64)
        made.write(patterns(30, 100, 0))
        return made

    queries = patterns(20, 100, 1)
    together, index = network().read(queries).value, HopfieldNetwork(100, update=Asynchronous(), dtype=torch.float64)
    assert network().read(queries[7]).value.equal(together[7])
    index.load_state_dict(network().state_dict())
    assert not index.read(queries).value.equal(together)


def test_every_sweep_has_an_order_of_its_own_from_the_generator() -> None:
    queries, network = patterns(20, 100, 1), HopfieldNetwork(100, dtype=torch.float64)
    network.write(patterns(30, 100, 0))
    network.update = Asynchronous(torch.Generator().manual_seed(4))
    first, second = network.read(queries).value, network.read(queries).value
    network.update = Asynchronous(torch.Generator().manual_seed(5))
    assert not first.equal(second)
    assert not first.equal(network.read(queries).value)


def test_a_field_of_zero_keeps_the_state() -> None:
    network = HopfieldNetwork(3)
    network.write(torch.tensor([[1, 1, 1], [1, -1, 1]]))  # w_01 = w_12 = 0, w_02 = 2/3
    states = torch.tensor([[1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]])
    assert network.read(states).value[:, 1].tolist() == [1.0, -1.0, -1.0]
    network.update = Asynchronous()
    assert network.read(states).value[:, 1].tolist() == [1.0, -1.0, -1.0]
    empty = HopfieldNetwork(3)
    assert empty.read(states).value.equal(states)


def test_ties_are_exact_with_many_patterns() -> None:
    # An even number of patterns on an odd number of other units: sums are even, and 0 is common.
    network = HopfieldNetwork(301)
    rows = patterns(40, 301, 0)
    network.write(rows)
    exact = rows.to(torch.int64).T @ rows.to(torch.int64)
    exact.fill_diagonal_(0)
    states = patterns(200, 301, 1).to(torch.int64)
    fields = states @ exact
    assert (fields == 0).sum() > 100
    assert network.read(states).value.to(torch.int64).equal(torch.where(fields == 0, states, fields.sign()))


def test_thresholds_move_the_point_of_decision() -> None:
    network = HopfieldNetwork(4, threshold=0.6)
    network.write(torch.ones(4))
    assert network.read(torch.ones(4)).value.tolist() == [1.0] * 4  # fields are 3/4
    network = HopfieldNetwork(4, threshold=torch.tensor([0.6, 0.8, 0.6, 0.6]))
    network.write(torch.ones(4))
    assert network.read(torch.ones(4)).value.tolist() == [1.0, -1.0, 1.0, 1.0]


@settings(max_examples=20)
@given(seed=st.integers(0, 999))
def test_hebb_unlearns_exactly(seed: int) -> None:
    rows = patterns(6, 20, seed).float()
    network, wanted = HopfieldNetwork(20), HopfieldNetwork(20)
    network.write(rows)
    network.unlearn(rows[[4, 1]])
    wanted.write(rows[[0, 2, 3, 5]])
    assert network.weights.equal(wanted.weights)


@pytest.mark.parametrize("rule", [Storkey(), PseudoInverse()], ids=repr)
def test_other_rules_say_that_they_cannot_unlearn(rule: object) -> None:
    network = HopfieldNetwork(6, rule=rule)
    network.write(torch.ones(6))
    with pytest.raises(ArgumentError, match="cannot unlearn"):
        network.unlearn(torch.ones(6))


@pytest.mark.parametrize("activity", [0.1, 0.3])
def test_a_sparse_pattern_stored_alone_is_completed(activity: float) -> None:
    network = HopfieldNetwork(100, coding=Sparse(activity), diagonal=True, dtype=torch.float64)
    pattern = torch.zeros(100)
    ones = round(100 * activity)
    pattern[:ones] = 1.0
    network.write(pattern)
    torch.testing.assert_close(network.weights @ (pattern.double() - activity), pattern.double() - activity)
    assert network.thresholds[0] == pytest.approx(0.5 - activity)
    cue = pattern.clone()
    cue[: ones // 3] = 0.0
    assert network.read(cue).value.equal(pattern.double())


def test_sparse_weights_are_the_covariance() -> None:
    rows = patterns(5, 8, 2, 0.25)
    network = HopfieldNetwork(8, coding=Sparse(0.25), diagonal=True, dtype=torch.float64)
    network.write(rows)
    by_hand = sum(torch.outer(x - 0.25, x - 0.25) for x in rows) / (8 * 0.25 * 0.75)
    torch.testing.assert_close(network.weights, by_hand)


def test_sparse_coding_holds_more_than_dense() -> None:
    # 100 patterns on 400 units are far above .138 n = 55 for +-1, and far below n / (2 a |ln a|) = 1335 at a = 0.05.
    rows = patterns(100, 400, 5, 0.05)
    sparse, dense = HopfieldNetwork(400, coding=Sparse(0.05)), HopfieldNetwork(400)
    sparse.write(rows)
    dense.write(patterns(100, 400, 5))
    wrong = (sparse.read(rows).value != rows).double().mean()
    wrong_dense = (dense.read(patterns(100, 400, 5)).value != patterns(100, 400, 5)).double().mean()
    # signal: |x - theta| = 1/2; noise of a field: sum over 99 patterns of variance a (1 - a) / n each, less for x.
    assert wrong < 0.01 < 0.02 < wrong_dense


@given(seed=st.integers(0, 999), activity=st.sampled_from([0.1, 0.25]))
def test_winners_are_as_many_as_asked_for_and_have_the_largest_fields(seed: int, activity: float) -> None:
    network = HopfieldNetwork(20, coding=WinnersTakeAll(activity), dtype=torch.float64)
    network.write(patterns(4, 20, seed, activity))
    state = patterns(10, 20, seed + 1, activity)
    found = network.read(state).value
    fields = (state - activity) @ network.weights
    assert found.sum(-1).tolist() == [20 * activity] * 10
    least = fields.masked_fill(found == 0, torch.inf).amin(-1)
    most = fields.masked_fill(found == 1, -torch.inf).amax(-1)
    assert (least >= most - 1e-12).all()


def test_of_equal_fields_the_active_unit_wins_and_then_the_lower_one() -> None:
    network = HopfieldNetwork(6, coding=WinnersTakeAll(0.5))
    assert network.read(torch.tensor([0.0, 0, 0, 1, 0, 1])).value.tolist() == [1.0, 0, 0, 1, 0, 1]
    with pytest.raises(ArgumentError, match=r"update must be Synchronous\(\) where units compete; got Asynchronous"):
        HopfieldNetwork(6, coding=WinnersTakeAll(0.5), update=Asynchronous())


@RULES
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_any_floating_type_recalls(rule: object, dtype: torch.dtype) -> None:
    network = HopfieldNetwork(100, rule=rule, dtype=dtype)
    rows = patterns(5, 100, 0)
    network.write(rows)
    found = network.settle(torch.cat((-rows[:, :10], rows[:, 10:]), -1))
    assert found.state.dtype == network.sums.dtype == dtype
    assert found.state.double().equal(rows)
    assert network.energy(rows).isfinite().all()


def test_leading_axes_are_the_callers() -> None:
    network = HopfieldNetwork(30)
    network.write(patterns(3, 30, 0))
    queries = patterns(24, 30, 1).reshape(2, 3, 4, 30)
    assert network.read(queries).value.shape == (2, 3, 4, 30)
    assert network.energy(queries).shape == (2, 3, 4)
    found = network.settle(queries)
    assert found.steps.shape == found.converged.shape == (2, 3, 4)
    assert network.settle(queries[1, 2, 3]).state.equal(found.state[1, 2, 3])
    assert network.read(queries[:0]).value.shape == (0, 3, 4, 30)
    assert network.settle(queries[:0]).state.shape == (0, 3, 4, 30)


def test_bad_input_says_whose_it_is_and_changes_nothing() -> None:
    network = HopfieldNetwork(4)
    network.write(torch.ones(4))
    before = network.weights
    for act in (network.write, network.unlearn):
        with pytest.raises(ArgumentError, match=r"must be -1 or \+1; got 0.5"):
            act(torch.tensor([1, 1, 0.5, 1]))
        with pytest.raises(ArgumentError, match=r"must be -1 or \+1; got nan"):
            act(torch.tensor([1, 1, torch.nan, 1]))
    with pytest.raises(ArgumentError, match=r"query must be -1 or \+1; got 0"):
        network.read(torch.zeros(4))
    with pytest.raises(ArgumentError, match=r"state must be -1 or \+1; got inf"):
        network.energy(torch.tensor([torch.inf, 1, 1, 1]))
    with pytest.raises(ArgumentError, match="query must be 0 or 1; got -1"):
        HopfieldNetwork(4, coding=Sparse(0.5)).read(-torch.ones(4))
    with pytest.raises(ShapeError, match=r"keys must have shape \(4,\) or \(m, 4\); got shape \(2, 2, 4\)"):
        network.write(torch.ones(2, 2, 4))
    with pytest.raises(ArgumentError, match="takes no values"):
        network.write(torch.ones(4), torch.ones(4))
    with pytest.raises(ArgumentError, match="counts no evidence"):
        network.write(torch.ones(4), evidence=torch.ones(2))
    with pytest.raises(ArgumentError, match="steps must be at least 0"):
        network.settle(torch.ones(4), steps=-1)
    with pytest.raises(ArgumentError, match="tol must be at least 0"):
        network.settle(torch.ones(4), tol=-1.0)
    with pytest.raises(ArgumentError, match="HopfieldNetwork has no slots: top must be None; got 3"):
        network.read(torch.ones(4), top=3)
    assert network.weights.equal(before)
    assert network.write(torch.ones(4)).tolist() == [1]


def test_bad_forms_are_refused() -> None:
    with pytest.raises(ArgumentError, match="dim must be at least 2 units; got 1"):
        HopfieldNetwork(1)
    with pytest.raises(ShapeError, match=r"threshold must be a number or \(4,\); got shape \(3,\)"):
        HopfieldNetwork(4, threshold=torch.zeros(3))
    with pytest.raises(NotFiniteError, match="threshold must be finite"):
        HopfieldNetwork(4, threshold=float("nan"))
    for activity in (0.0, 1.0, float("nan")):
        with pytest.raises(ArgumentError, match="activity must be above 0 and below 1"):
            Sparse(activity)


def test_steps_limit_and_zero_steps() -> None:
    network = HopfieldNetwork(2)
    network.write(torch.ones(2))
    found = network.settle(torch.tensor([1.0, -1.0]), steps=0)
    assert (found.steps.item(), found.converged.item(), found.state.tolist()) == (0, False, [1.0, -1.0])
    found = network.settle(torch.tensor([1.0, -1.0]), steps=1)
    assert (found.steps.item(), found.converged.item(), found.state.tolist()) == (1, False, [-1.0, 1.0])


@pytest.mark.parametrize(
    "network",
    [
        HopfieldNetwork(8, rule=Storkey(), diagonal=True, threshold=0.25),
        HopfieldNetwork(8, threshold=torch.arange(8.0), update=Asynchronous(torch.Generator().manual_seed(1))),
        HopfieldNetwork(8, rule=PseudoInverse(), coding=WinnersTakeAll(0.25)),
    ],
    ids=["storkey", "thresholds", "winners"],
)
def test_arguments_build_an_empty_one_of_the_same_form(network: HopfieldNetwork) -> None:
    rows = patterns(3, 8, 1, 0.25) if isinstance(network.coding, Sparse) else patterns(3, 8, 1)
    network.write(rows)
    other = HopfieldNetwork(**network.arguments())
    assert other.arguments() == network.arguments()
    assert not other.weights.any()
    other.load_state_dict(network.state_dict())
    assert other.thresholds.equal(network.thresholds)
    assert other.weights.equal(network.weights)
    assert other.write(rows[0]).tolist() == [3]
    twin = copy.deepcopy(network)
    twin.write(rows[0])
    assert int(network.next_id) == 3
    assert "rule=" in repr(network)
    assert "written=3" in repr(network)
    assert "Generator" not in repr(other)
    assert network.capacity() == network.rule.capacity(8)


def test_nothing_written_keeps_a_graph() -> None:
    network = HopfieldNetwork(4)
    network.write(torch.ones(4, requires_grad=True))
    assert not network.weights.requires_grad
