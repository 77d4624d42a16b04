import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hybridattn.errors import ArgumentError
from hybridattn.memory import Hebb, LearningRule, PseudoInverse, Sparse, Storkey, Unlearning


def patterns(m: int, n: int, seed: int) -> Tensor:
    return torch.randint(2, (m, n), generator=torch.Generator().manual_seed(seed)).double() * 2 - 1


def storkey_by_hand(rows: Tensor) -> Tensor:
    """The rule as it stands in the paper, index by index."""
    n = rows.shape[1]
    w = torch.zeros(n, n, dtype=torch.float64)
    for x in rows:
        h = [[sum(w[i, k] * x[k] for k in range(n) if k not in (i, j)) for j in range(n)] for i in range(n)]
        w = (
            w
            + torch.tensor(
                [[x[i] * x[j] - x[i] * h[j][i] - h[i][j] * x[j] for j in range(n)] for i in range(n)],
                dtype=torch.float64,
            )
            / n
        )
    return w


@settings(max_examples=30)
@given(seed=st.integers(0, 999), m=st.integers(1, 4), n=st.integers(2, 6), graded=st.booleans())
def test_storkey_is_the_rule_of_the_paper(seed: int, m: int, n: int, graded: bool) -> None:
    rows = patterns(m, n, seed)
    if graded:  # as sparse coding learns them
        rows = rows * 0.7 - 0.2
    learnt = Storkey().learn(torch.zeros(n, n, dtype=torch.float64), rows) * Storkey().scale(n)
    torch.testing.assert_close(learnt, storkey_by_hand(rows), rtol=0, atol=1e-12)


@given(seed=st.integers(0, 999), m=st.integers(1, 8), n=st.integers(2, 10))
def test_hebb_is_a_mean_of_outer_products(seed: int, m: int, n: int) -> None:
    rows = patterns(m, n, seed)
    by_hand = sum(torch.outer(x, x) for x in rows) / n
    torch.testing.assert_close(Hebb().learn(torch.zeros(n, n).double(), rows) * Hebb().scale(n), by_hand)


@given(seed=st.integers(0, 999), m=st.integers(1, 14), n=st.integers(2, 10))
def test_the_pseudo_inverse_is_the_projection_onto_the_span(seed: int, m: int, n: int) -> None:
    rows = patterns(m, n, seed)  # often dependent, always where m > n
    rows = torch.cat((rows, -rows[:1], rows[:1]))
    learnt = PseudoInverse().learn(torch.zeros(n, n, dtype=torch.float64), rows)
    torch.testing.assert_close(learnt, torch.linalg.pinv(rows) @ rows, rtol=0, atol=1e-9)
    assert PseudoInverse().scale(n) == 1.0


def test_a_dependent_pattern_changes_nothing() -> None:
    rows = patterns(20, 64, 0).float()
    once = PseudoInverse().learn(torch.zeros(64, 64), rows)
    assert PseudoInverse().learn(once, torch.cat((rows, -rows))).equal(once)


def test_nearly_parallel_patterns_do_not_spoil_the_projection() -> None:
    rows = (torch.ones(128, 128) - 2 * torch.eye(128))[:100]  # each is 1 everywhere but in one place
    exact = torch.linalg.pinv(rows.double()) @ rows.double()
    learnt = PseudoInverse().learn(torch.zeros(128, 128), rows)
    torch.testing.assert_close(learnt.double(), exact, rtol=0, atol=1e-5)  # 100 terms of eps = 1.2e-7


def test_a_projection_stays_one_in_float32_up_to_the_last_dimension() -> None:
    learnt = PseudoInverse().learn(torch.zeros(128, 128), patterns(128, 128, 3).float())
    # rounding: some 128 rank-1 terms of size 1 at eps = 1.2e-7, orthogonal twice over
    torch.testing.assert_close(learnt, torch.eye(128), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("capacity", "wanted"),
    [
        (Hebb().capacity(400), 400 / (2 * 5.991464547)),
        (Hebb().safe_capacity(400), 400 / (4 * 5.991464547)),
        (Hebb().capacity(400, radius=0.25), 400 / (8 * 5.991464547)),
        (Hebb().safe_capacity(400, radius=0.25), 400 / (16 * 5.991464547)),
        (Hebb().saturation(400), 55.2),
        (Storkey().capacity(400), 115.554),
        (PseudoInverse().capacity(400), 400),
        (Sparse(0.05).capacity(400), 400 / (0.1 * 2.995732)),
    ],
)
def test_capacities_are_those_of_the_theory(capacity: float, wanted: float) -> None:
    assert capacity == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("rule", [Hebb(), Storkey(), PseudoInverse()], ids=repr)
def test_rules_keep_their_promise(rule: LearningRule) -> None:
    assert isinstance(rule, LearningRule)
    assert isinstance(rule, Unlearning) == isinstance(rule, Hebb)
    assert math.isfinite(rule.capacity(2))
    with pytest.raises(ArgumentError, match="n must be at least 2 units; got 1"):
        rule.capacity(1)
    kept = torch.zeros(3, 3)
    rule.learn(kept, torch.ones(2, 3))
    assert not kept.any()
    assert rule.learn(kept, torch.ones(0, 3)).equal(kept)


def test_a_radius_is_below_a_half() -> None:
    for radius in (-0.1, 0.5, math.nan):
        with pytest.raises(ArgumentError, match=r"radius must be at least 0 and below 1/2"):
            Hebb().capacity(10, radius=radius)
