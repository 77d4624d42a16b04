"""Halts judge each question by itself, at exactly the threshold that they name."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from hybridattn.controller import Converged, Halt, Reached


def judge(halt: Halt, query: Tensor, following: Tensor, value: Tensor, question: Tensor | None = None) -> list[bool]:
    stops = halt(query, following, value, torch.arange(len(query)) if question is None else question)
    assert stops.dtype == torch.bool
    return stops.tolist()


def test_converged_measures_the_euclidean_distance_moved() -> None:
    query = torch.zeros(4, 2)
    following = torch.tensor([[3.0, 4.0], [3.0, 4.1], [0.0, 0.0], [-4.9, 0.0]])
    assert judge(Converged(5.0), query, following, query) == [True, False, True, True]


def test_converged_by_default_allows_a_ten_thousandth() -> None:
    query = torch.zeros(2, 1)
    assert judge(Converged(), query, torch.tensor([[0.9e-4], [1.1e-4]]), query) == [True, False]


def test_converged_with_tolerance_zero_still_stops_at_a_fixed_point() -> None:
    query = torch.tensor([[0.1, 0.7]])
    assert judge(Converged(0.0), query, query.clone(), query) == [True]


def test_reached_compares_the_value_with_the_goal_of_its_own_question() -> None:
    goal = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    value = torch.tensor([[0.0, 5.0], [0.0, 5.0], [0.0, 5.0], [3.0, 0.0]])
    question = torch.tensor([1, 0, 2, 0])
    assert judge(Reached(goal), value, value, value, question) == [True, False, False, True]


def test_reached_is_not_misled_by_the_query() -> None:
    goal = torch.tensor([[1.0, 0.0]])
    away = torch.tensor([[0.0, 1.0]])
    assert judge(Reached(goal), goal, goal, away) == [False]
    assert judge(Reached(goal), away, away, goal) == [True]


def test_reached_at_its_threshold() -> None:
    goal, value = torch.tensor([[1.0, 0.0]] * 2), torch.tensor([[0.8, 0.6], [0.6, 0.8]])
    assert judge(Reached(goal, cos=0.7), value, value, value) == [True, False]
    nearly = torch.tensor([[1.0, 0.013], [1.0, 0.016]])  # cosines 1 - 0.85e-4 and 1 - 1.3e-4
    assert judge(Reached(goal), nearly, nearly, nearly) == [True, False]


@given(st.permutations(range(6)), st.integers(0, 6))
def test_the_batch_does_not_matter(order: list[int], kept: int) -> None:
    generator = torch.Generator().manual_seed(0)
    query, value, goal = (torch.randn(6, 3, generator=generator) for _ in range(3))
    following = query + torch.randn(6, 3, generator=generator)
    rows = torch.tensor(order[:kept], dtype=torch.int64)
    for halt in (Converged(1.5), Reached(goal, cos=0.2)):
        whole = judge(halt, query, following, value)
        assert 0 < sum(whole) < 6
        part = judge(halt, query[rows], following[rows], value[rows], rows)
        assert part == [whole[row] for row in order[:kept]]
