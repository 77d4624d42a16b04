"""Scores by hand, and what every aggregation must hold to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hybridattn import ArgumentError
from hybridattn.knowledge.links import Aggregation, Graded, LexicographicMaximum, Maximum, NoisyOr, Revised

ALL = [Graded(), Graded(decay=0.0), Graded(decay=1.0), LexicographicMaximum(), Maximum(), NoisyOr(), Revised()]


@pytest.mark.parametrize("aggregation", ALL, ids=repr)
@given(strengths=arrays(np.float64, (2, 2, 3), elements=st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9])))
def test_more_of_every_strength_is_never_worse(aggregation: Aggregation, strengths: np.ndarray) -> None:
    falling = -np.sort(-strengths, axis=2)
    falling[1] = np.maximum(falling[0], falling[1])
    lower, higher = aggregation.scores(falling)
    assert higher >= lower - 1e-12


@pytest.mark.parametrize("aggregation", ALL, ids=repr)
def test_a_rule_that_fires_is_better_than_none(aggregation: Aggregation) -> None:
    (score,) = aggregation.scores(np.array([[[0.01, 0.0]]]))
    assert score > 0


def test_scores_by_hand() -> None:
    strengths = np.array([[[0.5, 0.5], [0.75, 0.0]]])
    assert Maximum().scores(strengths) == [0.75]
    assert NoisyOr().scores(strengths) == pytest.approx([np.log(16)])  # 1 - 1/2 1/2 1/4
    assert Revised().scores(strengths) == pytest.approx([5.0])  # 1 + 1 + 3
    assert Graded(decay=0.5).scores(strengths) == pytest.approx([np.log(2) + np.log(2) / 2 + np.log(4)])
    assert Graded(decay=1.0).scores(strengths) == pytest.approx(NoisyOr().scores(strengths))


def test_the_second_strongest_decides_between_equals() -> None:
    strengths = np.array([[[0.5, 0.0], [0.9, 0.0]], [[0.9, 0.6], [0.0, 0.0]], [[0.5, 0.5], [0.5, 0.5]]])
    assert LexicographicMaximum().scores(strengths).argsort().tolist() == [2, 0, 1]


@pytest.mark.parametrize("decay", [-0.1, 1.5])
def test_decay_is_a_share(decay: float) -> None:
    with pytest.raises(ArgumentError, match=f"decay must be in \\[0, 1\\]; got {decay}"):
        Graded(decay=decay)
