"""Matrices, traces, rollout and flow of recorded layers, by hand."""

import pytest
import torch

from hybridattn import ArgumentError, RecordedAttention, Recording, attention_flow, attention_rollout
from hybridattn.reasoning.graph import from_trace
from hybridattn.trace import Link

HALVES = RecordedAttention("a", torch.tensor([[[0, 1], [1, 0]]]), torch.tensor([[[0.5, 0.5], [0.75, 0.25]]]), 2)
FIRST = RecordedAttention("b", torch.tensor([[[0, -1], [0, 1]]]), torch.tensor([[[1.0, 0.0], [0.5, 0.5]]]), 2)


def test_a_matrix_is_of_one_head_or_of_their_mean():
    slots, shares = torch.tensor([[[[0]], [[2]]]]), torch.tensor([[[[1.0]], [[0.5]]]])
    call = RecordedAttention("", slots, shares, 3)
    assert call.matrix(head=1).tolist() == [[0.0, 0.0, 0.5]]
    assert call.matrix().tolist() == [[0.5, 0.0, 0.25]]
    assert call.missing.tolist() == [[[0.0], [0.5]]]
    for mistake, said in (({"sample": 1}, "sample must be from 0 to 0; got 1"), ({"head": 2}, "head must be from 0")):
        with pytest.raises(ArgumentError, match=said):
            call.matrix(**mistake)


def test_rollout_mixes_each_layer_with_the_residual():
    # 1/2 I + 1/2 A: HALVES gives [[.75, .25], [.125, .875]], FIRST gives [[1, 0], [.25, .75]]; their product by hand.
    found = attention_rollout([HALVES, FIRST])
    torch.testing.assert_close(found, torch.tensor([[0.75, 0.25], [0.28125, 0.71875]]))
    assert attention_rollout([FIRST], residual=0.0).tolist() == [[1.0, 0.0], [0.5, 0.5]]


def test_flow_is_the_largest_that_fits_through_the_layers():
    # From place 1 above: .25 may go by place 0 and .75 by place 1. To place 0 below: min(.25, .75) + min(.75, .125);
    # to place 1: min(.25, .25) + min(.75, .875).
    found = attention_flow([HALVES, FIRST])
    torch.testing.assert_close(found, torch.tensor([[0.75, 0.25], [0.375, 1.0]]))


def test_kept_shares_are_made_to_sum_to_one():
    part = RecordedAttention("", torch.tensor([[[1], [-1]]]), torch.tensor([[[0.25], [0.0]]]), 2)
    assert attention_rollout([part], residual=0.0).tolist() == [[0.0, 1.0], [0.0, 1.0]]


def test_a_trace_goes_down_the_layers():
    recording = Recording([HALVES, FIRST])
    trace = recording.trace(1)
    assert trace.hops[0].level == 1
    assert trace.hops[0].links == (Link(0, -1, 2, 0.5, 0.5), Link(0, -1, 3, 0.5, 0.5))
    assert trace.hops[1].level == 0
    # products along the paths: 0->0 .25, 0->1 .25, 1->0 .125, 1->1 .375
    assert [(link.parent, link.slot, link.share) for link in trace.hops[1].links] == [
        (1, 1, 0.75),
        (0, 0, 0.5),
        (0, 1, 0.5),
        (1, 0, 0.25),
    ]
    assert trace.cut == ("",)
    graph = from_trace(trace, lambda slot: f"{'xy'[slot % 2]}{slot // 2}", question="y2")
    assert set(graph.edges()) == {
        ("y2", "x1"), ("y2", "y1"), ("x1", "x0"), ("x1", "y0"), ("y1", "x0"), ("y1", "y0")
    }  # fmt: skip


def test_a_trace_says_that_links_were_left_out():
    assert Recording([HALVES, FIRST]).trace(1, width=1).cut == ("beam",)
    part = RecordedAttention("", torch.tensor([[[1], [0]]]), torch.tensor([[[0.25], [1.0]]]), 2)
    assert Recording([part]).trace(0).cut == ("beam",)
    assert Recording([part]).trace(1).cut == ("",)


WIDE = RecordedAttention("w", torch.tensor([[[0], [1], [2]]]), torch.ones(1, 3, 1), 3)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: Recording().trace(0), "a trace needs calls"),
        (lambda: Recording([HALVES]).trace(2), "query must be from 0 to 1; got 2"),
        (lambda: Recording([HALVES]).trace(0, width=0), "width of at least 1; got 1 and 0"),
        (lambda: Recording([HALVES, WIDE]).trace(0), r"over the same places; got \[2, 3\]"),
        (lambda: Recording([HALVES]).named("z"), "no attention was recorded of 'z'; there are: a"),
        (lambda: attention_rollout([]), "self-attention over one number of places"),
        (lambda: attention_rollout([HALVES, WIDE]), r"got \(q, n\) of \[\(2, 2\), \(3, 3\)\]"),
        (lambda: attention_rollout([HALVES], residual=1.5), r"residual must be in \[0, 1\]; got 1.5"),
        (lambda: attention_flow([HALVES], residual=-1), r"residual must be in \[0, 1\]; got -1"),
    ],
)
def test_mistakes_are_told(act, said):
    with pytest.raises(ArgumentError, match=said):
        act()
